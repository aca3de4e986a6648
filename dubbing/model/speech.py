"""What is said, by whom, when: in the source language and in translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dubbing.model.episode import Term
from dubbing.model.language import SPACELESS, base
from dubbing.model.review import ReviewItem, SpeechWithoutLine
from dubbing.model.time import Span


@dataclass(frozen=True, slots=True)
class Word:
    """One word (one character in Chinese and Japanese) as a transcriber heard it."""

    text: str
    span: Span
    confidence: float  # 0 to 1, the transcriber's own
    language: str = ""  # base BCP-47 tag, where it is another than that of the episode


def text_of(words: Sequence[Word], language: str) -> str:
    """What words of one language say, as it is written; `language` is the episode's.

    Foreign words in a language without spaces bring their own.
    """
    spoken = words[0].language if words else ""
    spaced = base(spoken or language) not in SPACELESS and base(language) not in SPACELESS
    return (" " if spaced else "").join(word.text for word in words).strip()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch of speech whose words a person should listen to."""

    span: Span
    why: str  # a sentence for people


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a transcriber made of a soundtrack. All of `speech` has words, or is in `without_words`."""

    words: tuple[Word, ...] = ()  # in order
    speech: tuple[Span, ...] = ()  # where somebody speaks, in order and apart
    without_words: tuple[SpeechWithoutLine, ...] = ()  # in order
    doubts: tuple[Doubt, ...] = ()  # in order


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of one speaker's voice. Turns of different speakers may overlap."""

    speaker: str
    span: Span


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """How a diarized speaker of one episode sounds."""

    speaker: str
    embedding: tuple[float, ...]  # unit length; comparable only within one diarizer's revision
    pitch_hz: float  # median fundamental frequency; 0.0 if none was found
    speech_ms: int  # how much of this speaker was heard


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when in one episode. Speakers are named s1, s2, ... by first appearance."""

    turns: tuple[Turn, ...]
    voiceprints: tuple[Voiceprint, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One speaker's turn, short enough to be one line of a dub."""

    number: int  # 1, 2, ... within the episode; given by the machine and never renumbered
    speaker: str
    span: Span
    text: str
    words: tuple[Word, ...] = field(default=())  # empty where a person rewrote the text
    review: tuple[ReviewItem, ...] = ()  # of what was heard
    language: str = ""  # base BCP-47 tag, where it is another than the transcript's
    continues: bool = False  # the line before and this one are parts of one sentence

    @property
    def confidence(self) -> float:
        """The mean confidence of the words; 1.0 where a person wrote the text."""
        if not self.words:
            return 1.0
        return sum(word.confidence for word in self.words) / len(self.words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that is said in one episode, in order of start."""

    language: str  # BCP-47
    utterances: tuple[Utterance, ...]
    without_line: tuple[SpeechWithoutLine, ...] = ()  # speech that is none of them


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance in a target language."""

    number: int  # the utterance's
    speaker: str
    span: Span  # the utterance's
    source_text: str
    text: str
    engines: tuple[str, ...]  # who translated it, first to last; PERSON or MEMORY if people did
    notes: tuple[str, ...] = ()  # what a reader should know: retries, terms that are missing
    terms: tuple[Term, ...] = ()  # what was asked for: of the glossary, names, the market's words
    review: tuple[ReviewItem, ...] = ()  # of the translation
    sentence: tuple[int, ...] = ()  # the lines that were translated as one, this one among them

    @property
    def by_people(self) -> bool:
        """Whether people wrote it, here or in another place: nobody rewrites it then."""
        return self.engines in (PERSON, MEMORY)


PERSON = ("person",)
MEMORY = ("memory",)  # a person wrote it for another line that says the same


@dataclass(frozen=True, slots=True)
class Script:
    """A transcript in a target language: one Line per utterance, in the same order."""

    language: str  # BCP-47
    lines: tuple[Line, ...]
