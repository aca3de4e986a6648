"""The scene as written: configs/demo/series.toml."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from dubbing.errors import Defect
from dubbing.planning.config import configs_folder


class Hair(StrEnum):
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    voice: str  # of the catalogue
    colour: str  # of the clothes, RRGGBB
    hair: Hair
    hair_colour: str


@dataclass(frozen=True, slots=True)
class SpokenLine:
    speaker: str  # a person's name
    pause_ms: int  # the silence before it
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One episode."""

    number: int
    title: str
    sky: tuple[str, str, str]  # top to bottom, RRGGBB
    chords: tuple[str, ...]  # the notes of each, the bass first
    lines: tuple[SpokenLine, ...]


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    source: str
    note: str
    targets: dict[str, str]  # language -> what it is called there


@dataclass(frozen=True, slots=True)
class Series:
    release: str
    title: str
    source_language: str
    characters: tuple[Person, ...]
    episodes: tuple[Scene, ...]
    terms: tuple[GlossaryEntry, ...]


def load_series() -> Series:
    """The series that ships with the package. Raises Defect if a line is nobody's."""
    data: Any = msgspec.toml.decode((configs_folder() / "demo" / "series.toml").read_bytes())
    series = msgspec.convert(data, Series)
    names = {person.name for person in series.characters}
    for scene in series.episodes:
        for line in scene.lines:
            if line.speaker not in names:
                raise Defect(f"episode {scene.number} of the demo: {line.speaker!r} is nobody")
    return series
