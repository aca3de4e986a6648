"""The soundtrack, as long as the picture and in step with it, and what sounds after it: 48 kHz stereo."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media.soundtrack import extract_audio, extract_tail
from dubbing.model.episode import MediaInfo
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json

NAME, VERSION = "extract", 3
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("video", From.RELEASE),
        Read("probe"),
    ),
    leaves=(Leaf("source.wav"), Leaf("tail.wav", optional=True)),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """None: all of it, as it is."""


def run(work: Work, settings: Settings) -> None:  # noqa: ARG001
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    extract_audio(work.inputs["video"], work.out / "source.wav", media)
    extract_tail(work.inputs["video"], work.out / "tail.wav", media)
