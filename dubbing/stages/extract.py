"""The soundtrack, as long as the picture and in step with it: 48 kHz stereo."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media.soundtrack import extract_audio
from dubbing.model.episode import MediaInfo
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json

NAME, VERSION = "extract", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("video", From.RELEASE),
        Read("probe"),
    ),
    leaves=(Leaf("source.wav"),),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """None: all of it, as it is."""


def run(work: Work, settings: Settings) -> None:  # noqa: ARG001
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    extract_audio(work.inputs["video"], work.out / "source.wav", media)
