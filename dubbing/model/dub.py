"""The dub: characters, takes, and how each take was fitted to its utterance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dubbing.model.time import Span


@dataclass(frozen=True, slots=True)
class Appearance:
    """A character in one episode, and how it sounds there."""

    episode: int  # its number
    speaker: str  # who the diarizer says it is there
    embedding: tuple[float, ...]  # unit length; zeros for a speaker whom people named
    pitch_hz: float  # median fundamental frequency; 0.0 if none was found
    speech_ms: int


@dataclass(frozen=True, slots=True)
class Character:
    """A person of the series: the same in all its episodes."""

    name: str  # c1, c2, ... by first appearance, or as people named whom they told apart
    appearances: tuple[Appearance, ...]  # in order of episode; never empty

    @property
    def pitch_hz(self) -> float:
        """Of the first appearance: it never drifts, so neither does the voice that is chosen by it."""
        return self.appearances[0].pitch_hz

    @property
    def gender(self) -> str:
        """What kind of voice it is, by its pitch: female, male, or empty where that can't be told.

        Men speak at 85 to 155 Hz and women at 165 to 255 Hz (Titze, Principles of Voice Production).
        """
        if 0 < self.pitch_hz < _MEN_BELOW_HZ:
            return "male"
        return "female" if self.pitch_hz > _WOMEN_ABOVE_HZ else ""

    def speakers_in(self, episode: int) -> list[str]:
        """Who the character is in an episode; a diarizer may have heard one person as two."""
        return [a.speaker for a in self.appearances if a.episode == episode]


_MEN_BELOW_HZ, _WOMEN_ABOVE_HZ = 155.0, 175.0


@dataclass(frozen=True, slots=True)
class Cast:
    """Characters in order of first appearance; those that people made come last."""

    characters: tuple[Character, ...]
    named: tuple[
        Character, ...
    ] = ()  # new speakers of corrected lines, whom the machine doesn't know


@dataclass(frozen=True, slots=True)
class CastVoice:
    """Who a speaker of an episode is, and with which voice that character speaks a language."""

    character: str
    voice: str  # a name in the voice bank, or OWN


OWN = "own"  # the voice of a character that is dubbed in its own


@dataclass(frozen=True, slots=True)
class Recording:
    """A character's own voice, to be cloned from."""

    episode: int  # that it is from
    lines: tuple[int, ...]  # the numbers of its lines there
    sha256: str
    pitch_hz: float  # median fundamental frequency; 0.0 if none was found


@dataclass(frozen=True, slots=True)
class Voicing:
    """The cast of one episode in one language: diarized speaker -> character and voice."""

    speakers: Mapping[str, CastVoice]


class FitKind(StrEnum):
    """How a take was made to fit, in the order in which the ways are tried."""

    IN_TIME = "in time"  # it fits its utterance as spoken
    BORROWED = "borrowed"  # it runs on into the silence after the utterance
    SPED = "sped"  # the engine spoke faster
    STRETCHED = "stretched"  # time-stretched, pitch kept
    SHORTENED = "shortened"  # a shorter translation was asked for
    FLAGGED = "flagged"  # stretched beyond comfort, or too long all the same: a person should look


@dataclass(frozen=True, slots=True)
class Fit:
    """What was decided for one line, and what it led to."""

    line: int
    kind: FitKind
    text: str  # what is spoken: the translation, or its shorter form
    voice: str
    span: Span  # where the take sounds
    slot: Span  # where it may sound: the utterance and the silence it may borrow
    natural_ms: int  # the length as spoken at speed 1, silence trimmed
    speed: float  # asked of the engine
    stretch: float  # tempo of the time-stretch: above 1.0 is faster
    overrun_ms: int = 0  # how far the take reaches beyond its slot
    stand_in: bool = False  # a last-resort engine spoke it


class BedKind(StrEnum):
    """What lies under the dub."""

    STEM = "stem"  # the producer's music and effects
    SEPARATED = "separated"  # the source without its dialogue, by a separator
    DUCKED = "ducked"  # the source itself, turned down where somebody speaks


# How far the original is turned down where it speaks: the dub then masks its voice, and the music is still felt.
DUCK_DB = -20.0


@dataclass(frozen=True, slots=True)
class Bed:
    """What lies under the dub, and why."""

    kind: BedKind
    # How loud speech still is in what a separator left, in dB against that speech. None: nobody
    # speaks, or nothing was separated.
    speech_left_db: float | None = None


def bed_of(speech_left_db: float | None) -> Bed:
    """What becomes of what a separator left: it is taken unless more speech is in it than ducking would leave.

    A bed that mumbles is worse than an original that is turned down.
    """
    good = speech_left_db is None or speech_left_db <= DUCK_DB
    return Bed(BedKind.SEPARATED if good else BedKind.DUCKED, speech_left_db)


@dataclass(frozen=True, slots=True)
class MixReport:
    """What the finished dub track measures, read back after encoding."""

    bed: BedKind
    duck_db: float  # how far the source is turned down under its speech; 0.0 if it isn't
    integrated_lufs: float
    true_peak_dbtp: float
    duration_ms: int
    speech_left_db: float | None = None  # in what a separator left, in dB against that speech
