"""A language and its subtitle rules."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.model.cue import CueRules

SPACELESS = frozenset({"ja", "th", "zh"})  # base tags of languages written without spaces


@dataclass(frozen=True, slots=True)
class Language:
    """One language or regional variety. Read from `configs/languages/<tag>.toml`."""

    tag: str  # BCP-47, as it was asked for
    name: str  # in English
    endonym: str  # in itself: what viewers see in a player's menu
    iso639_2: str  # the terminological code, which is what MP4 tracks carry: zho, spa, por
    speaking_cps: float  # characters (of reading) spoken in a second: for length budgets
    cues: CueRules


def base(language: str) -> str:
    """`es` of `es-419`."""
    return language.split("-")[0]
