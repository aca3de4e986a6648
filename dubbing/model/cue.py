"""Subtitles: one event, and all the events of a language."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.model.time import Span


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle event: shown over `span`, as at most two `lines` of plain text."""

    span: Span
    lines: tuple[str, ...]
    utterances: tuple[int, ...] = ()  # the numbers of the utterances that it shows

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class CueTrack:
    """All cues of one episode in one language, in order, none overlapping another."""

    language: str  # BCP-47
    cues: tuple[Cue, ...]
