"""Time: integer milliseconds, half-open spans, and every conversion to another unit.

No other module converts between milliseconds, samples, frames and seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """The half-open interval [start_ms, end_ms). Raises ValueError if negative or reversed."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms < 0 or self.end_ms < self.start_ms:
            raise ValueError(f"not a span: {self.start_ms} ms to {self.end_ms} ms")

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    def overlap_ms(self, other: Span) -> int:
        """The length of what both cover, 0 if they are apart or only touch."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))

    def gap_ms(self, later: Span) -> int:
        """The silence between this span's end and a later one's start; negative if they overlap."""
        return later.start_ms - self.end_ms

    def contains(self, position_ms: int) -> bool:
        return self.start_ms <= position_ms < self.end_ms

    def join(self, other: Span) -> Span:
        """The shortest span that covers both."""
        return Span(min(self.start_ms, other.start_ms), max(self.end_ms, other.end_ms))


def merge(spans: Iterable[Span], *, gap_ms: int = 0) -> list[Span]:
    """The union of spans, sorted; spans at most `gap_ms` apart become one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and merged[-1].gap_ms(span) <= gap_ms:
            merged[-1] = merged[-1].join(span)
        else:
            merged.append(span)
    return merged


def seconds_to_ms(seconds: float) -> int:
    """The nearest millisecond."""
    return round(seconds * 1000)


def ms_to_seconds(ms: int) -> float:
    return ms / 1000


def ms_to_samples(ms: int, rate_hz: int) -> int:
    """The nearest sample, exactly: computed in integers from an absolute position, never summed."""
    return (ms * rate_hz * 2 + 1000) // 2000


def samples_to_ms(samples: int, rate_hz: int) -> int:
    """The nearest millisecond."""
    return (samples * 2000 + rate_hz) // (2 * rate_hz)


def ms_to_frame(ms: int, frame_rate: Fraction) -> int:
    """The number of the picture frame whose start is nearest to `ms`."""
    return round(Fraction(ms) * frame_rate / 1000)


def frame_to_ms(frame: int, frame_rate: Fraction) -> int:
    """The start of a picture frame, to the nearest millisecond."""
    return round(Fraction(frame) * 1000 / frame_rate)


def frames_lasting(ms: int, frame_rate: Fraction) -> int:
    """The fewest picture frames that last at least `ms`, wherever they start."""
    return math.ceil(Fraction(ms) * frame_rate / 1000)


def frames_within(ms: int, frame_rate: Fraction) -> int:
    """The most picture frames that last at most `ms`, wherever they start."""
    return math.floor(Fraction(ms) * frame_rate / 1000)
