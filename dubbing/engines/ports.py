"""The five kinds of engine, as the stages see them.

An engine is a context manager: entering loads its weights, leaving frees them. Its `info` can be read
without either. Engines are called from several threads; one that can't be holds a lock of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from dubbing.model.audio import Audio
from dubbing.model.episode import Term
from dubbing.model.speech import Diarization, Hearing


class Port(StrEnum):
    SEPARATOR = "separator"
    DIARIZER = "diarizer"
    TRANSCRIBER = "transcriber"
    TRANSLATOR = "translator"
    SYNTHESIZER = "synthesizer"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is known of an engine before it is loaded."""

    name: str  # as profiles write it: faster-whisper:base
    port: Port
    revision: str  # of its weights and of the code that runs them; part of every artifact's key
    languages: frozenset[
        str
    ]  # base BCP-47 tags it covers, `pt-BR` where it has one variety only; empty: any
    licence: str  # SPDX identifier of the weights
    commercial: bool  # whether the weights' licence allows commercial use
    distributions: tuple[str, ...] = ()  # packages that must be installed for it
    stand_in: bool = False  # a last resort: the report marks what it made
    clones: bool = False  # a synthesizer that speaks with the voice of a recording
    lines_at_once: int = 4  # that a translator wants to be given: what a crash may cost
    together: int = 1  # lines that a synthesizer speaks as one, if as many threads ask it to
    reads_scenes: bool = False  # a translator that heeds `TranslationRequest.scene`
    memory_mb: int = 0  # that it takes while it is loaded, on a GPU or else here, about
    note: str = ""  # what a user should know, in a sentence

    def covers(self, language: str) -> bool:
        """Whether a BCP-47 tag, or the base language of it, is among `languages`."""
        return covers(self.languages, language)


def covers(languages: Iterable[str], language: str) -> bool:
    """Whether a BCP-47 tag is covered: `es` covers `es-419`; `pt-BR` covers no other Portuguese."""
    languages = frozenset(languages)
    return not languages or language in languages or language.split("-")[0] in languages


class Engine(Protocol):
    @property
    def info(self) -> EngineInfo: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Weightless:
    """An engine with nothing to load and nothing to free."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Separation:
    """A soundtrack in two: the same rate, channels and frames as what was separated."""

    speech: Audio
    bed: Audio


class Separator(Engine, Protocol):
    def separate(self, audio: Audio) -> Separation | None:
        """Speech and bed of stereo sound at 48 kHz; None from an engine that only ever ducks."""
        ...


class Diarizer(Engine, Protocol):
    @property
    def same_person(self) -> float:
        """The cosine similarity of two voiceprints from which on they are the same person's."""
        ...

    def diarize(self, speech: Audio) -> Diarization:
        """Turns and voiceprints in mono sound at 16 kHz; no turns where nobody speaks."""
        ...


class Transcriber(Engine, Protocol):
    def transcribe(self, speech: Audio, language: str) -> Hearing:
        """The words of mono sound at 16 kHz, in order; and the speech of which no words were made, and why.

        A word of a language written without spaces is one character, a number or a run of letters;
        punctuation stays attached to the word before it. Chinese is simplified. In a language written
        without spaces, a word that has a space before it holds that space.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around a line, for translators that read it."""

    before: tuple[str, ...] = ()  # the source lines just before it, oldest first
    after: tuple[str, ...] = ()  # those just after it
    speaker: str = ""  # whoever says it, as people call them, or c1, c2, ...
    gender: str = ""  # of the speaker's voice: female or male; empty if it can't be told
    similar: tuple[tuple[str, str], ...] = ()  # lines of the series, and how people translated them
    notes: tuple[str, ...] = ()  # how the target's market wants things said


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """One line to translate. An engine that reads no scenes is given none."""

    text: str
    terms: tuple[Term, ...] = ()  # glossary entries whose source is in the text
    max_chars: int | None = None  # what can be read or spoken in the time there is
    scene: Scene = Scene()


@dataclass(frozen=True, slots=True)
class Translation:
    text: str  # never empty, one line, in the target's script
    notes: tuple[str, ...] = ()  # what a reader should know: "retried: Chinese left over"
    confidence: float | None = None  # 0 to 1, the engine's own; None where it tells none


class Translator(Engine, Protocol):
    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        """The pairs (source, target) it covers, as base tags or `pt-BR`, and how good each is: 0 to 1, from chrF."""
        ...

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request, in order."""
        ...


class Synthesizer(Engine, Protocol):
    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        """The text spoken, mono, at the engine's own rate. `voice` is the engine's own name of it, or the
        path of a recording for an engine that clones.

        `speed` 1.0 is natural and 1.15 takes about 1/1.15 of the time. Silence at both ends is allowed.
        """
        ...
