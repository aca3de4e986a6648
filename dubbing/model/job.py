"""What is asked for: a job, its profile, and what people have corrected."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Deliverable(StrEnum):
    """What a job leaves in the localized release."""

    DUB = "dub"  # an audio track a language
    SUBTITLES = "subtitles"  # SRT and WebVTT, and a subtitle track in the video


@dataclass(frozen=True, slots=True)
class LoudnessTarget:
    """What a platform asks of a programme's sound (ITU-R BS.1770)."""

    integrated_lufs: float = -14.0
    tolerance_lu: float = 1.0
    true_peak_dbtp: float = -1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Which engine does what. Engines are named `family` or `family:model`."""

    name: str
    separator: str
    diarizer: str
    transcriber: str
    translators: tuple[str, ...]  # a route is found through all of them
    synthesizers: tuple[str, ...]  # the first that speaks a language speaks it
    allow_noncommercial: bool = False
    loudness: LoudnessTarget = LoudnessTarget()


@dataclass(frozen=True, slots=True)
class LineCorrection:
    """A person's word on one line of one episode. None leaves the machine's."""

    episode: int
    line: int
    source: str | None = None  # what is really said
    speaker: str | None = None  # who really says it
    translations: Mapping[str, str] = field(default_factory=dict)  # language -> text
    was: str | None = None  # what the machine had heard there when the person wrote this

    @property
    def new_speaker(self) -> str | None:
        """Who says the line, if it is somebody whom the diarizer didn't tell from the others."""
        said = self.speaker or ""
        return said.removeprefix(NEW_SPEAKER) if said.startswith(NEW_SPEAKER) else None


NEW_SPEAKER = "new:"  # what a correction's speaker begins with, if it is new


def of_script(corrections: Iterable[LineCorrection]) -> tuple[LineCorrection, ...]:
    """What a transcript depends on: a corrected translation must not touch it."""
    return tuple(
        LineCorrection(c.episode, c.line, c.source, c.speaker, was=c.was)
        for c in corrections
        if c.source is not None or c.speaker is not None
    )


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever their punctuation, width, case and spaces."""
    return _words(one) == _words(other)


def _words(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def of_translation(
    corrections: Iterable[LineCorrection], language: str
) -> Iterator[LineCorrection]:
    """What one language's translation depends on. Where a person wrote the source too, the transcript has looked
    whether that was the line, and a line that is taken out is translated no more."""
    for c in corrections:
        taken_out = c.source is not None and not c.source.strip()
        if language in c.translations and not taken_out:
            yield LineCorrection(
                c.episode,
                c.line,
                translations={language: c.translations[language]},
                was=c.was if c.source is None else None,
            )


@dataclass(frozen=True, slots=True)
class SpeakerAt:
    """A diarized speaker of one episode."""

    episode: int
    speaker: str


@dataclass(frozen=True, slots=True)
class OwnVoice:
    """A character's own voice may be cloned for its dub: the record of who allowed it."""

    person: str  # whose voice it is
    purpose: str
    until: date  # the last day


@dataclass(frozen=True, slots=True)
class CharacterDecision:
    """What a person decided of one character."""

    name: str = ""
    voices: Mapping[str, str] = field(default_factory=dict)  # language -> voice
    same_as: str = ""  # the character that this one is too
    speakers: tuple[SpeakerAt, ...] = ()  # who is this one, whatever was heard
    own_voice: OwnVoice | None = None  # None: a voice of the bank


@dataclass(frozen=True, slots=True)
class GivenVoices:
    """Which voices characters have in a language, as published: they keep them.

    A character's name says nothing to whom others told apart. Where the voices are chosen from what they were
    chosen from before, the same choice is made again, and nothing depends on what was published.
    """

    heard_by: str  # what told the characters apart
    chosen_from: str  # the bank of voices; empty: from several
    voices: Mapping[str, str] = field(default_factory=dict)  # character -> voice


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that people decided of a release, and what is not to be decided again."""

    characters: Mapping[str, CharacterDecision] = field(default_factory=dict)
    corrections: tuple[LineCorrection, ...] = ()
    given: Mapping[str, GivenVoices] = field(default_factory=dict)  # language -> as published
    published: tuple[int, ...] = ()  # episodes


@dataclass(frozen=True, slots=True)
class Job:
    """A release's episodes into languages. The release itself travels beside it."""

    episodes: tuple[int, ...]  # numbers, ascending
    languages: tuple[str, ...]  # BCP-47, in the order asked for: the first is the default subtitle
    deliverables: frozenset[Deliverable]
    profile: Profile
    left_out: frozenset[int] = frozenset()  # episodes that can't be read: nobody is known from them
