"""What a job tells people of its work: every line, what was decided, and what to look at."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.model.dub import FitKind, MixReport
from dubbing.model.review import ReviewItem, SpeechWithoutLine
from dubbing.model.time import Span


@dataclass(frozen=True, slots=True)
class LineReport:
    """One line of one episode in one language."""

    number: int
    speaker: str
    character: str  # c1, c2, ...; empty without a dub
    label: str  # what a person calls the character
    utterance: Span
    source_text: str
    confidence: float  # of the transcriber, 0 to 1
    text: str  # the translation
    translated_by: tuple[str, ...]
    notes: tuple[str, ...]
    review: tuple[ReviewItem, ...]  # why a person should look at it; none: no check found a reason
    # Of the dub; empty or zero without one.
    voice: str
    spoken_text: str  # the translation, or its shorter form
    fit: FitKind | None
    sounds: Span | None
    natural_ms: int
    speed: float  # asked of the engine
    stretch: float  # above 1.0 is faster
    overrun_ms: int
    stand_in: bool

    @property
    def tempo(self) -> float:
        """How much faster than natural the line is heard."""
        if self.sounds is None or self.sounds.duration_ms == 0:
            return 1.0
        return self.natural_ms / self.sounds.duration_ms

    @property
    def needs_a_person(self) -> bool:
        """Whether a check found a reason to look at it, or to listen."""
        return bool(self.review) or self.fit is FitKind.FLAGGED


@dataclass(frozen=True, slots=True)
class NameReport:
    """A person's name of the series in one episode and language."""

    source: str
    written: tuple[str, ...]  # how it and its short forms are to be written here; empty: not said
    lines: tuple[int, ...]  # where it is said
    otherwise: tuple[int, ...]  # of these, where the translation does not have it so


@dataclass(frozen=True, slots=True)
class EpisodeReport:
    """One episode in one language: the content of `report.json`."""

    schema: int
    release: str
    episode: int
    name: str  # ep01
    title: str  # of the series
    source_language: str
    language: str
    language_name: str
    duration_ms: int
    lines: tuple[LineReport, ...]
    speech_without_line: tuple[SpeechWithoutLine, ...]  # in order of start
    cues: int
    cue_problems: tuple[str, ...]  # subtitle rules that could not be kept, and where
    mix: MixReport | None
    overlap: float  # the part of the original's speech during which the dub speaks, 0 to 1
    names: tuple[NameReport, ...]  # that are said in it
    drafts: tuple[str, ...]  # what here is a draft, and why: for whoever decides to publish

    def count(self, kind: FitKind) -> int:
        return sum(1 for line in self.lines if line.fit is kind)

    @property
    def to_look_at(self) -> tuple[LineReport, ...]:
        """The lines that need a person."""
        return tuple(line for line in self.lines if line.needs_a_person)
