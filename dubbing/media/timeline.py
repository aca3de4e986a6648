"""When the frames and sounds of a video file come, by its packets.

A header may say anything. What a player shows, and what can be copied, follows from the packets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dubbing.media.probing import Packet, seconds

# Files that were cut and joined overlap by a few frames, which decoders and players pass over.
_RESTART_S = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One stream, on the file's own clock, in s."""

    packets: int = 0  # that are shown or heard
    start: Fraction = Fraction(0)
    end: Fraction = Fraction(0)
    longest: Fraction = Fraction(0)  # packet
    without_time: int = 0  # packets that don't say when they are shown
    backwards: int = 0  # packets that are to be decoded before one that came earlier
    restarts: tuple[Fraction, ...] = ()  # where the clock starts over: the time it had reached

    @property
    def duration(self) -> Fraction:
        return self.end - self.start


def timeline_of(
    packets: Iterable[Packet], stream: int, *, least_s: Fraction = Fraction(0), keyed: bool = False
) -> Timeline:
    """The timeline of one stream. A packet lasts for `least_s` at least.

    With `keyed`, what comes before the first key frame doesn't count: no decoder can show it.
    """
    own = [p for p in packets if p.stream_index == stream]
    if keyed:
        first = next((i for i, p in enumerate(own) if p.key), 0)
        own = own[first:]
    shown = [p for p in own if not p.discarded and p.start is not None]
    starts = [start for p in shown if (start := p.start) is not None]
    lengths = [seconds(p.duration_time) or Fraction(0) for p in shown]
    backwards, restarts = _steps_back(own)
    return Timeline(
        packets=len(shown),
        start=min(starts, default=Fraction(0)),
        end=max(
            (s + max(length, least_s) for s, length in zip(starts, lengths, strict=True)),
            default=Fraction(0),
        ),
        longest=max(lengths, default=Fraction(0)),
        without_time=sum(1 for p in own if p.pts is None),
        backwards=backwards,
        restarts=restarts,
    )


def end_of(packets: Iterable[Packet]) -> Fraction:
    """When the last packet of a file ends, in s on its own clock."""
    ends = (
        start + (seconds(p.duration_time) or 0) for p in packets if (start := p.start) is not None
    )
    return max(ends, default=Fraction(0))


def _steps_back(packets: Sequence[Packet]) -> tuple[int, tuple[Fraction, ...]]:
    """How many packets are to be decoded before their predecessor, and where that is a new clock."""
    backwards = 0
    restarts: list[Fraction] = []
    last: Fraction | None = None
    for packet in packets:
        now = packet.dts
        if now is None:
            continue
        if last is not None and now < last:
            backwards += 1
            if last - now > _RESTART_S:
                restarts.append(last)
        last = now
    return backwards, tuple(restarts)
