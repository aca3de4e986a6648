"""What the video is: its picture, its sound, its length. Refuses what can't be localized."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media.container import probe
from dubbing.model.episode import MediaInfo
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "probe", 1
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("video", From.RELEASE),),
    leaves=(Leaf("media.json", MediaInfo),),
    reported=True,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """None: a file is what it is."""


def run(work: Work, settings: Settings) -> None:  # noqa: ARG001
    write_json(work.out / "media.json", probe(work.inputs["video"]))
