"""When who speaks: the original and each dub at the same scale."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.model.report import LineReport
from dubbing.model.review import SpeechWithoutLine
from dubbing.model.time import Span
from dubbing.publishing.pages.wording import clock
from dubbing.publishing.reporting import EpisodeAccount

_TICKS_MS = (1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000)
_MOST_TICKS = 13  # whose labels have room beside each other on a phone
_PX_PER_S = 10  # at least, on a phone: narrower, and a short line can't be touched
_NUMBERED_PERCENT = 1.9  # of the width, from which on a line's number has room on its bar
_LANE_PX = 46
_FIRST_PX = 14  # above the first lane's bars: its name


@dataclass(frozen=True, slots=True)
class Bar:
    """One line on a lane; positions are percentages of its width."""

    line: LineReport
    span: Span
    left: str
    width: str
    middle: str
    numbered: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Speech without a line on the original's lane."""

    speech: SpeechWithoutLine
    left: str
    width: str


@dataclass(frozen=True, slots=True)
class Tick:
    left: str
    label: str  # m:ss
    anchor: str  # SVG's text-anchor


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    language: str  # BCP-47; empty: the original
    bars: tuple[Bar, ...]
    top: int  # px


@dataclass(frozen=True, slots=True)
class Timeline:
    lanes: tuple[Lane, ...]
    gaps: tuple[Gap, ...]
    ticks: tuple[Tick, ...]
    height: int  # px, without the ticks' labels
    least_px: int  # the width below which a phone scrolls it; a desk has room for half as much


def timeline_of(account: EpisodeAccount) -> Timeline:
    first = account.reports[0]
    spans = [
        span
        for report in account.reports
        for line in report.lines
        for span in (line.utterance, line.sounds)
        if span is not None
    ]
    spans += [speech.span for speech in first.speech_without_line]
    end_ms = max([account.duration_ms, 1, *(span.end_ms for span in spans)])
    step_ms = next((step for step in _TICKS_MS if end_ms <= step * _MOST_TICKS), _TICKS_MS[-1])

    def percent(ms: int) -> str:
        return f"{100 * ms / end_ms:.3f}%"

    def bar(line: LineReport, span: Span) -> Bar:
        return Bar(
            line=line,
            span=span,
            left=percent(span.start_ms),
            width=percent(span.duration_ms),
            middle=percent((span.start_ms + span.end_ms) // 2),
            numbered=100 * span.duration_ms / end_ms >= _NUMBERED_PERCENT,
        )

    def top(index: int) -> int:
        return _FIRST_PX + index * _LANE_PX

    original = tuple(bar(line, line.utterance) for line in first.lines)
    dubs = tuple(
        Lane(
            report.language_name,
            report.language,
            tuple(bar(line, line.sounds) for line in report.lines if line.sounds is not None),
            top(index),
        )
        for index, report in enumerate((r for r in account.reports if r.mix is not None), start=1)
    )
    return Timeline(
        lanes=(Lane("Original", "", original, top(0)), *dubs),
        gaps=tuple(
            Gap(speech, percent(speech.span.start_ms), percent(speech.span.duration_ms))
            for speech in first.speech_without_line
        ),
        ticks=tuple(
            Tick(percent(ms), clock(ms), _anchor(ms / end_ms)) for ms in range(0, end_ms, step_ms)
        ),
        height=(1 + len(dubs)) * _LANE_PX,
        least_px=_PX_PER_S * end_ms // 1000,
    )


def _anchor(position: float) -> str:
    if position < 0.01:
        return "start"
    return "end" if position > 0.98 else "middle"
