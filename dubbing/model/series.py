"""What is known of a whole series, beyond its single episodes: names, and what people wrote before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of the series."""

    episode: int
    line: int

    def __str__(self) -> str:
        return f"ep{self.episode:02d} line {self.line}"


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in the source language, as it is heard in the series."""

    source: str  # 沈砚秋
    forms: Mapping[str, str]  # all ways of it that are in use, itself first -> in Latin letters
    places: tuple[Place, ...]  # where any of them is said, in order


@dataclass(frozen=True, slots=True)
class Remembered:
    """A line that a person translated, for others that say the same."""

    source: str
    text: str
    place: Place


class NameWriting(StrEnum):
    """How a market writes the names of people."""

    PINYIN = "pinyin"  # in Latin letters, by their Mandarin sounds
    TRANSLATOR = "translator"  # by a custom that only a translator knows


@dataclass(frozen=True, slots=True)
class Market:
    """What differs in how a market wants things said. Read from `configs/markets/<tag>.toml`."""

    tag: str  # BCP-47
    names: NameWriting = NameWriting.TRANSLATOR
    notes: tuple[str, ...] = ()  # instructions for translators that read them
    # Source language -> what is said there -> what it is in this market.
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
