"""The page that a person reads after a job: one HTML file that needs nothing but a browser.

It stands in the localized release beside what it links to, opens from disk, prints, and asks nothing of
any network. Everything that came from outside is escaped by the template's engine; numbers are laid out
here. The same plan and reports give the same bytes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from langcodes import Language as LanguageTag

from dubbing import __version__
from dubbing.model.dub import BedKind, FitKind
from dubbing.model.job import Deliverable
from dubbing.model.report import EpisodeReport, LineReport, NameReport
from dubbing.model.time import Span, ms_to_seconds
from dubbing.planning.graph import Plan
from dubbing.publishing.reporting import UNSURE

COLOURS = (
    10  # of the style sheet; an eleventh speaker has the first one's, and its name in the legend
)

_TICKS_MS = (1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000)
_MOST_TICKS = 13  # whose labels have room beside each other on a phone
_PX_PER_S = 10  # at least, on a phone: narrower, and a short line can't be touched
_NUMBERED_PERCENT = 1.9  # of the width, from which on a line's number has room on its bar
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})

KINDS = {
    FitKind.ACCEPTED: "fits its utterance as spoken",
    FitKind.BORROWED: "runs on into the silence after the utterance",
    FitKind.SPED: "spoken faster by the engine",
    FitKind.STRETCHED: "played faster, at the same pitch",
    FitKind.SHORTENED: "a shorter translation is spoken",
    FitKind.FLAGGED: "much faster than natural, or too long all the same: please listen",
}
BEDS = {
    BedKind.STEM: "the producer’s music and effects",
    BedKind.SEPARATED: "the original without its voices",
    BedKind.DUCKED: "the original, turned down where it speaks",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One line on the timeline; positions are percentages of its width."""

    line: LineReport
    left: str
    width: str
    middle: str
    numbered: bool


@dataclass(frozen=True, slots=True)
class Tick:
    left: str
    label: str  # m:ss
    anchor: str  # SVG's text-anchor


@dataclass(frozen=True, slots=True)
class Timeline:
    """The original's speech and the dub's at the same scale."""

    original: tuple[Bar, ...]
    dub: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    least_px: int  # the width below which a phone scrolls it; a desk has room for half as much


@dataclass(frozen=True, slots=True)
class Section:
    """One episode in one language, as the page shows it."""

    report: EpisodeReport
    anchor: str
    stem: str  # of the files' addresses, relative to the page: ep01/en/ep01.en
    details: str  # the address of report.json
    direction: str  # ltr, rtl
    timeline: Timeline
    speakers: tuple[LineReport, ...]  # the first line of each

    @property
    def dubbed(self) -> bool:
        return self.report.mix is not None

    @property
    def to_look_at(self) -> tuple[LineReport, ...]:
        return tuple(line for line in self.report.lines if needs_a_look(line))


@dataclass(frozen=True, slots=True)
class EpisodeSections:
    """One episode in all its languages."""

    name: str
    number: int
    duration_ms: int
    video: str  # its address
    source_stem: str  # of the original's subtitles
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class NamePlaces:
    """A name of the series in one language."""

    source: str
    language: str
    written: tuple[str, ...]
    places: tuple[
        tuple[Section, int, bool], ...
    ]  # where, which line, whether it is written otherwise

    @property
    def otherwise(self) -> int:
        return sum(1 for _, _, otherwise in self.places if otherwise)


@dataclass(frozen=True, slots=True)
class Draft:
    """Why something is a draft, and where that holds."""

    text: str
    sections: tuple[Section, ...]


def render(plan: Plan, reports: Sequence[EpisodeReport]) -> str:
    """The page for a job. `reports` are by episode, then in the job's order of languages."""
    episodes = tuple(_episodes(plan.source_language.tag, reports))
    sections = [section for episode in episodes for section in episode.sections]
    lines = [line for report in reports for line in report.lines]
    return _template().render(
        title=plan.release.title,
        job=plan.job,
        key=plan.key,
        source=plan.source_language,
        source_direction=direction_of(plan.source_language.tag),
        target_names=list(dict.fromkeys(report.language_name for report in reports)),
        captioned=Deliverable.SUBTITLES in plan.job.deliverables,
        dubbed=any(section.dubbed for section in sections),
        episodes=episodes,
        sections=sections,
        lines=lines,
        drafts=_drafts(sections),
        names=_names(sections),
        example=next(
            ((s.report, line) for s in sections for line in (*s.to_look_at, *s.report.lines)), None
        ),
        engines=plan.engines,
        colour=_colours(lines),
        kinds=KINDS,
        flagged=FitKind.FLAGGED,
        beds=BEDS,
        version=__version__,
    )


def who(line: LineReport) -> str:
    """What the page calls the speaker of a line."""
    return line.label or line.character or line.speaker


def unsure(line: LineReport) -> bool:
    """Whether the transcriber may well have misheard."""
    return line.confidence < UNSURE


def needs_a_look(line: LineReport) -> bool:
    return line.fit is FitKind.FLAGGED or unsure(line) or bool(line.notes)


def direction_of(language: str) -> str:
    """Which way a language (BCP-47) is written, as HTML's `dir` says it."""
    script = LanguageTag.get(language).maximize().script
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


def clock(ms: int) -> str:
    """m:ss, rounded down."""
    minutes, rest_ms = divmod(ms, 60_000)
    return f"{minutes}:{rest_ms // 1000:02d}"


def clock_tenths(ms: int) -> str:
    """m:ss.t, rounded down."""
    return f"{clock(ms)}.{ms % 1000 // 100}"


def seconds(ms: int) -> str:
    return f"{ms_to_seconds(ms):.1f}"


def change(factor: float) -> str:
    """A tempo as a change in percent: +15%."""
    percent = round((factor - 1) * 100)
    return f"{percent:+d}%".replace("-", "−") if percent else "0%"


def signed(number: float) -> str:
    """To one decimal, with a real minus sign."""
    return f"{number:.1f}".replace("-", "−")


def _episodes(source: str, reports: Sequence[EpisodeReport]) -> Iterator[EpisodeSections]:
    for (number, name), group in groupby(reports, key=lambda report: (report.episode, report.name)):
        sections = tuple(map(_section, group))
        yield EpisodeSections(
            name=name,
            number=number,
            duration_ms=sections[0].report.duration_ms,
            video=quote(f"{name}/{name}.mp4"),
            source_stem=_stem(name, source),
            sections=sections,
        )


def _section(report: EpisodeReport) -> Section:
    firsts: dict[str, LineReport] = {}
    for line in report.lines:
        firsts.setdefault(_identity(line), line)
    return Section(
        report=report,
        anchor=quote(f"{report.name}-{report.language}"),
        stem=_stem(report.name, report.language),
        details=quote(f"{report.name}/{report.language}/report.json"),
        direction=direction_of(report.language),
        timeline=_timeline(report),
        speakers=tuple(firsts.values()),
    )


def _stem(name: str, language: str) -> str:
    return quote(f"{name}/{language}/{name}.{language}")


def _names(sections: Sequence[Section]) -> list[NamePlaces]:
    """Every name in every language, with all of its places, by first appearance."""
    found: dict[tuple[str, str], list[tuple[Section, NameReport]]] = {}
    for section in sections:
        for name in section.report.names:
            key = (name.source, section.report.language_name)
            found.setdefault(key, []).append((section, name))
    return [
        NamePlaces(
            source,
            language,
            tuple(dict.fromkeys(form for _, name in here for form in name.written)),
            tuple((s, n, n in name.otherwise) for s, name in here for n in name.lines),
        )
        for (source, language), here in found.items()
    ]


def _drafts(sections: Sequence[Section]) -> list[Draft]:
    """Each reason once, in order of first appearance."""
    holds: dict[str, list[Section]] = {}
    for section in sections:
        for text in section.report.drafts:
            holds.setdefault(text, []).append(section)
    return [Draft(text, tuple(where)) for text, where in holds.items()]


def _identity(line: LineReport) -> str:
    """Who speaks a line: the same over all episodes where characters are known."""
    return line.character or line.speaker


def _colours(lines: Sequence[LineReport]) -> dict[str, int]:
    """A colour for each who speaks, by first appearance: the same wherever they appear."""
    identities = dict.fromkeys(_identity(line) for line in lines)
    return {identity: index % COLOURS for index, identity in enumerate(identities)}


def _timeline(report: EpisodeReport) -> Timeline:
    spans = [s for line in report.lines for s in (line.utterance, line.sounds) if s is not None]
    end_ms = max([report.duration_ms, 1, *(span.end_ms for span in spans)])
    step_ms = next((step for step in _TICKS_MS if end_ms <= step * _MOST_TICKS), _TICKS_MS[-1])

    def percent(ms: int) -> str:
        return f"{100 * ms / end_ms:.3f}%"

    def bar(line: LineReport, span: Span) -> Bar:
        return Bar(
            line=line,
            left=percent(span.start_ms),
            width=percent(span.duration_ms),
            middle=percent((span.start_ms + span.end_ms) // 2),
            numbered=100 * span.duration_ms / end_ms >= _NUMBERED_PERCENT,
        )

    return Timeline(
        original=tuple(bar(line, line.utterance) for line in report.lines),
        dub=tuple(bar(line, line.sounds) for line in report.lines if line.sounds is not None),
        ticks=tuple(
            Tick(percent(ms), clock(ms), _anchor(ms / end_ms)) for ms in range(0, end_ms, step_ms)
        ),
        least_px=_PX_PER_S * end_ms // 1000,
    )


def _anchor(position: float) -> str:
    if position < 0.01:
        return "start"
    return "end" if position > 0.98 else "middle"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("dubbing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clock": clock,
        "clock_tenths": clock_tenths,
        "change": change,
        "seconds": seconds,
        "signed": signed,
        "who": who,
        "identity": _identity,
        "shell": shlex.quote,
    }
    environment.tests |= {"unsure": unsure}
    return environment.get_template("report.html.j2")
