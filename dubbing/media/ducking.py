"""How far the original is turned down at each moment, where it is the bed of a dub.

It stays down over pauses, and comes up slowly: a background that goes up and down with every line pumps. Where
the original speaks on after a take has ended, nothing covers it: there it is turned down further.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dubbing.model.audio import Audio
from dubbing.model.time import Span, merge, ms_to_samples

JOIN_MS = 1200  # shorter pauses stay down
ATTACK_MS = 80
RELEASE_MS = 900
ALONE_DB = -12.0  # further down, where the original speaks and the dub does not
_ALONE_MS = 200  # shorter than a syllable nobody makes out
_SHADE_MS = 250  # how slowly it goes further down, and up again

Envelope = npt.NDArray[np.float32]


def duck(source: Audio, spoken: Iterable[Span], takes: Iterable[Span], depth_db: float) -> Audio:
    """The original, lowered by `depth_db` (negative) where it speaks, and further where it does so alone.

    `spoken` is where the original speaks, `takes` where the dub does. Beyond the slopes it is the same,
    bit for bit.
    """
    gains = gains_of(source.frames, source.rate_hz, spoken, takes, depth_db)
    return Audio(source.samples * gains[:, np.newaxis], source.rate_hz)


def gains_of(
    frames: int, rate_hz: int, spoken: Iterable[Span], takes: Iterable[Span], depth_db: float
) -> Envelope:
    """The gain of each frame of the original under a dub: float32 of shape (frames,)."""
    spans = list(spoken)
    gains = envelope(frames, rate_hz, merge(spans, gap_ms=JOIN_MS), depth_db)
    gains *= envelope(
        frames,
        rate_hz,
        alone(spans, takes),
        ALONE_DB,
        attack_ms=_SHADE_MS,
        release_ms=_SHADE_MS,
    )
    return gains


def alone(spoken: Iterable[Span], takes: Iterable[Span]) -> list[Span]:
    """Where the original speaks and no take sounds."""
    left: list[Span] = []
    dubbed = merge(takes)
    for span in merge(spoken):
        start_ms = span.start_ms
        for take in (t for t in dubbed if t.overlap_ms(span)):
            left.append(Span(start_ms, max(start_ms, take.start_ms)))
            start_ms = min(take.end_ms, span.end_ms)
        left.append(Span(start_ms, span.end_ms))
    return [span for span in left if span.duration_ms >= _ALONE_MS]


def envelope(
    frames: int,
    rate_hz: int,
    spans: Sequence[Span],
    depth_db: float,
    *,
    attack_ms: int = ATTACK_MS,
    release_ms: int = RELEASE_MS,
) -> Envelope:
    """The gain of each frame, 1.0 down to `depth_db` (negative): float32 of shape (frames,).

    It is fully down from the first to the last frame of each span; the way down lies before the span, the
    way up after it.
    """
    depth = float(10.0 ** (depth_db / 20.0))
    gains = np.ones(frames, dtype=np.float32)
    # In amplitude, half a cosine has no corner that could be heard.
    down = _slope(ms_to_samples(attack_ms, rate_hz), depth)
    up = _slope(ms_to_samples(release_ms, rate_hz), depth)[::-1]
    for span in merge(spans):
        start, end = (ms_to_samples(ms, rate_hz) for ms in (span.start_ms, span.end_ms))
        gains[start:end] = depth
        _lower(gains, start - len(down), down)
        _lower(gains, end, up)
    return gains


def _slope(frames: int, depth: float) -> Envelope:
    """From 1.0 to `depth`, neither included."""
    phase = np.arange(1, frames + 1) / (frames + 1)
    return (depth + (1.0 - depth) * 0.5 * (1.0 + np.cos(np.pi * phase))).astype(np.float32)


def _lower(gains: Envelope, start: int, slope: Envelope) -> None:
    """Lowers the gains to a slope that begins at `start`, where they are above it."""
    first = max(0, -start)
    piece = gains[start + first : start + len(slope)]
    np.minimum(piece, slope[first : first + len(piece)], out=piece)
