"""What tells that a line needs a person: pure decisions, from what engines say of their own work."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dubbing.model.review import ReviewItem, ReviewKind
from dubbing.model.speech import Word

# In nats: the words of a line are all right with a chance of 4.5 %, if each is right with its own. Of lines that
# Whisper base heard wrong it marks three of four, and of those it heard right one of six (`bench_doubt.py`).
_DOUBTFUL_NATS = 3.1
_LEAST_CONFIDENCE = 1e-4  # no single word decides by itself
_UNSURE_WORD = 0.5  # a word below is named
_NAMED = 3

# Of the lines that a reader called wrong, Qwen 1.5B was less sure of four in five; of the others, of one in nine.
_SURE_TRANSLATION = 0.67


def doubt_nats(words: Sequence[Word]) -> float:
    """How unlikely it is that every word is right. It grows with a line's length, as the chance of an error does.

    The mean of confidences, which stays, tells little: nonsense has one of 0.7 to 0.85.
    """
    return -sum(math.log(max(word.confidence, _LEAST_CONFIDENCE)) for word in words)


def of_hearing(words: Sequence[Word]) -> tuple[ReviewItem, ...]:
    """Whether a line was said as it was heard: nothing, or a reason to listen to it."""
    if doubt_nats(words) < _DOUBTFUL_NATS:
        return ()
    least = sorted(words, key=lambda word: word.confidence)[:_NAMED]
    named = [word.text for word in words if word in least and word.confidence < _UNSURE_WORD]
    where = f"; least sure: {', '.join(text.strip(_MARKS) for text in named)}" if named else ""
    return (ReviewItem(ReviewKind.HEARING, f"It may be misheard{where}."),)


def of_translation(confidence: float | None) -> tuple[ReviewItem, ...]:
    """Whether a translation means what was said: nothing, or a reason to compare them.

    `confidence` is the translator's own, 0 to 1; None where it tells none, and then nothing is said.
    """
    if confidence is None or confidence >= _SURE_TRANSLATION:
        return ()
    return (ReviewItem(ReviewKind.TRANSLATION, "The translator was not sure; compare the line."),)


_MARKS = " ，。！？、；：…,.!?;:\"“”'‘’()（）《》「」『』"
