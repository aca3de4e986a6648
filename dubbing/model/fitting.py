"""Fitting a take to its utterance: a pure decision, in the order that rule 2 of the dub gives.

The decision is taken in two steps, because what an engine makes of a speed is known only once it has
spoken: `ask` says what to have done to a take of known length, `settle` says where and how the take that
came of it will sound. Neither ever looks at another line's take but for silence that is free.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dubbing.model.dub import Fit, FitKind
from dubbing.model.time import Span

MARGIN_MS = 80  # silence left before the next line when the gap after a line is borrowed
MAX_SPEED = 1.15  # what an engine may be asked for
MAX_TEMPO = 1.2  # speed and stretch together, before a shorter translation is asked for
MAX_FLAGGED_TEMPO = 1.4  # speed and stretch together, for a line that a person should look at
_SPEED_ALLOWANCE = 1.02  # engines keep a speed to a few per cent: ask for a little more


@dataclass(frozen=True, slots=True)
class Shorten:
    """Ask the translator for a text of at most this many characters."""

    max_chars: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Have the engine speak at this speed; 1.0 is the take there is."""

    speed: float


def slots(spans: Sequence[Span], end_ms: int) -> list[Span]:
    """Where each line may sound: its utterance, and the silence after it less a margin.

    `spans` are the utterances of one episode in order of start, `end_ms` is the picture's end. A line
    whose utterance overlaps the next keeps its utterance's own length, as in the original.
    """
    found = []
    for index, span in enumerate(spans):
        following = spans[index + 1].start_ms - MARGIN_MS if index + 1 < len(spans) else end_ms
        limit_ms = min(max(span.end_ms, following), end_ms)
        found.append(Span(min(span.start_ms, limit_ms), limit_ms))
    return found


def ask(natural_ms: int, text: str, slot: Span, *, may_shorten: bool) -> Shorten | Speak:
    """What to have done with a take that is `natural_ms` long at speed 1."""
    tempo = _tempo(natural_ms, slot)
    if tempo <= 1.0:
        return Speak(1.0)
    if tempo > MAX_TEMPO and may_shorten:
        # The take itself tells how fast this voice speaks this text.
        return Shorten(max(1, math.floor(len(text) * MAX_SPEED / tempo)))
    return Speak(min(MAX_SPEED, math.ceil(tempo * _SPEED_ALLOWANCE * 100) / 100))


def settle(
    *,
    line: int,
    text: str,
    voice: str,
    natural_ms: int,
    spoken_ms: int,
    speed: float,
    utterance: Span,
    slot: Span,
    free_from_ms: int,
    end_ms: int,
    shortened: bool,
    stand_in: bool = False,
) -> Fit:
    """How a take sounds that is `spoken_ms` long at the `speed` that `ask` asked for.

    `free_from_ms` is where the silence before the line begins: a line that would be too long even at the
    utmost tempo starts earlier by as much as it lacks, if that silence allows. `end_ms` is the picture's
    end, which nothing outlasts: only there is a take stretched beyond the utmost tempo, since the other
    way would be to cut a word.
    """
    room_ms = slot.duration_ms
    stretch = max(1.0, spoken_ms / max(1, room_ms))
    tempo = stretch * natural_ms / max(1, spoken_ms)
    if tempo > MAX_FLAGGED_TEMPO:
        stretch = max(1.0, MAX_FLAGGED_TEMPO * spoken_ms / natural_ms)
    length_ms = math.floor(spoken_ms / stretch)

    start_ms = slot.start_ms
    lacking_ms = length_ms - room_ms
    if lacking_ms > 0:
        free_ms = max(0, start_ms - max(0, free_from_ms))
        start_ms -= min(lacking_ms, free_ms)
        if start_ms + length_ms > end_ms:
            length_ms = end_ms - start_ms
            stretch = spoken_ms / max(1, length_ms)
    span = Span(start_ms, start_ms + length_ms)
    overrun_ms = max(0, span.end_ms - slot.end_ms)

    flagged = overrun_ms > 0 or (stretch > 1.0 and tempo > MAX_TEMPO)
    if flagged:
        kind = FitKind.FLAGGED
    elif shortened:
        kind = FitKind.SHORTENED
    elif stretch > 1.0:
        kind = FitKind.STRETCHED
    elif speed > 1.0:
        kind = FitKind.SPED
    elif span.end_ms > utterance.end_ms:
        kind = FitKind.BORROWED
    else:
        kind = FitKind.IN_TIME
    return Fit(
        line=line,
        kind=kind,
        text=text,
        voice=voice,
        span=span,
        slot=slot,
        natural_ms=natural_ms,
        speed=speed,
        stretch=stretch,
        overrun_ms=overrun_ms,
        stand_in=stand_in,
    )


def _tempo(length_ms: int, slot: Span) -> float:
    return length_ms / max(1, slot.duration_ms)
