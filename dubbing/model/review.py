"""What a person should look at, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dubbing.model.time import Span


class ReviewKind(StrEnum):
    """What a review item doubts."""

    HEARING = "hearing"  # whether this was said
    TRANSLATION = "translation"  # whether it means the same
    INCOMPLETE = "incomplete"  # whether a part of the source is missing
    NUMBERS = "numbers"  # whether the numbers are the same
    NAMES = "names"  # whether a name or a term of the glossary is written as asked
    SPEAKER = "speaker"  # whether one person says all that this speaker says


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One reason why a line needs a person."""

    kind: ReviewKind
    why: str  # a sentence for people


class Unscripted(StrEnum):
    """Why a stretch of speech has no line."""

    UNSURE = "unsure"  # the transcriber made no words of it, or none that it could stand by
    TOO_FAST = "too fast"  # more words than anybody says in that time
    CREDIT = "taken for a credit"  # what transcribers invent where nobody speaks
    REPEATED = "repeated"  # the same words again and again: a loop of the transcriber
    OTHER_LANGUAGE = "another language"
    AFTER_PICTURE = "after the picture's end"
    BROKEN_TIMES = "timestamps that step back"


@dataclass(frozen=True, slots=True)
class SpeechWithoutLine:
    """A stretch in which somebody speaks, and which is no line of the dub."""

    span: Span
    why: Unscripted
    heard: str = ""  # what the transcriber made of it, if anything
