"""All speech is accounted for: it is in a line, or named as speech without one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dubbing.model.review import SpeechWithoutLine, Unscripted
from dubbing.model.speech import Utterance
from dubbing.model.time import Span, merge

# Speech this short that no word was heard in belongs to the line that it touches: the times of words are inexact.
_NEAR_MS = 600


def reaching(utterances: Sequence[Utterance], speech: Iterable[Span]) -> tuple[Utterance, ...]:
    """The utterances, each with what little speech touches it and has no word. None reaches into another."""
    reached = list(utterances)
    for span in without((u.span for u in utterances), speech):
        if span.duration_ms >= _NEAR_MS:
            continue
        for index, utterance in enumerate(reached):
            own = utterance.span
            if own.start_ms <= span.start_ms <= own.end_ms or span.end_ms == own.start_ms:
                reached[index] = replace(utterance, span=own.join(span))
                break
    return tuple(reached)


def speech_without_line(
    lines: Iterable[Span], speech: Iterable[Span], named: Iterable[SpeechWithoutLine]
) -> tuple[SpeechWithoutLine, ...]:
    """What of `speech` is in no line, in order and apart. `named` says why, and what was heard, where that is known."""
    covered = merge(lines)
    found: list[SpeechWithoutLine] = []
    for one in sorted(named, key=lambda one: one.span):
        found += [replace(one, span=span) for span in without(covered, [one.span])]
        covered = merge([*covered, one.span])
    found += [SpeechWithoutLine(span, Unscripted.UNSURE) for span in without(covered, speech)]
    return tuple(sorted(found, key=lambda one: one.span))


def without(taken: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """What of `spans` is in none of `taken`, in order and apart."""
    left: list[Span] = []
    gone = merge(taken)
    for span in merge(spans):
        start_ms = span.start_ms
        for other in gone:
            if other.end_ms <= start_ms or other.start_ms >= span.end_ms:
                continue
            if other.start_ms > start_ms:
                left.append(Span(start_ms, other.start_ms))
            start_ms = other.end_ms
        if start_ms < span.end_ms:
            left.append(Span(start_ms, span.end_ms))
    return left
