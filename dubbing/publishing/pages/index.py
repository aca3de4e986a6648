"""The page to open first: what was made, and where a person is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dubbing.model.dub import FitKind
from dubbing.model.job import Deliverable, LoudnessTarget
from dubbing.model.report import EpisodeReport, LineReport, NameReport
from dubbing.planning.graph import Plan
from dubbing.publishing.pages.template import page
from dubbing.publishing.pages.wording import css_class
from dubbing.publishing.reporting import EpisodeAccount

_DRAFTS_SHOWN = 8  # those that hold in most places; the others can be unfolded


@dataclass(frozen=True, slots=True)
class NamePlaces:
    """A name of the series in one language."""

    source: str
    language: str
    written: tuple[str, ...]
    # Where, which line, whether it is written otherwise.
    places: tuple[tuple[EpisodeReport, int, bool], ...]

    @property
    def otherwise(self) -> int:
        return sum(1 for _, _, otherwise in self.places if otherwise)


@dataclass(frozen=True, slots=True)
class Draft:
    """Why something is a draft, and where that holds."""

    text: str
    everywhere: bool
    languages: tuple[str, ...]  # in which it holds in every episode
    reports: tuple[EpisodeReport, ...]  # the other places


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of fit as a part of a bar."""

    css: str
    x: str  # percent
    width: str


@dataclass(frozen=True, slots=True)
class LanguageSummary:
    """A language over all episodes."""

    reports: tuple[EpisodeReport, ...]

    @property
    def tag(self) -> str:
        return self.reports[0].language

    @property
    def name(self) -> str:
        return self.reports[0].language_name

    @property
    def dubbed(self) -> bool:
        return any(report.mix is not None for report in self.reports)

    @property
    def lines(self) -> int:
        return sum(len(report.lines) for report in self.reports)

    @property
    def to_look_at(self) -> int:
        return sum(len(report.to_look_at) for report in self.reports)

    @property
    def cues(self) -> int:
        return sum(report.cues for report in self.reports)

    @property
    def broken(self) -> int:
        return sum(len(report.cue_problems) for report in self.reports)

    @property
    def loudness(self) -> tuple[float, float] | None:
        """The least and the most, in LUFS."""
        found = [report.mix.integrated_lufs for report in self.reports if report.mix is not None]
        return (min(found), max(found)) if found else None

    @property
    def overlap(self) -> float:
        """The mean over the episodes."""
        return sum(report.overlap for report in self.reports) / len(self.reports)

    def count(self, kind: FitKind) -> int:
        return sum(report.count(kind) for report in self.reports)

    def bar(self) -> Iterator[Part]:
        whole = max(1, sum(self.count(kind) for kind in FitKind))
        before = 0
        for kind in FitKind:
            if here := self.count(kind):
                yield Part(
                    css_class(kind), f"{100 * before / whole:.2f}%", f"{100 * here / whole:.2f}%"
                )
                before += here


def render(plan: Plan, accounts: Sequence[EpisodeAccount]) -> str:
    reports = [report for account in accounts for report in account.reports]
    return page(
        "report_index",
        title=plan.release.title,
        job=plan.job,
        key=plan.key,
        source=plan.source_language,
        captioned=Deliverable.SUBTITLES in plan.job.deliverables,
        dubbed=any(account.dubbed for account in accounts),
        accounts=accounts,
        languages=_languages(reports),
        without_line=sum(len(account.speech_without_line) for account in accounts),
        drafts=_drafts(reports),
        drafts_shown=_DRAFTS_SHOWN,
        names=_names(reports),
        example=example_of(reports),
        engines=plan.engines,
        off_target=off_target,
        target=plan.job.profile.loudness,
    )


def example_of(reports: Sequence[EpisodeReport]) -> tuple[EpisodeReport, LineReport] | None:
    """A line to show the commands with: the first that needs a person."""
    every = [(report, line) for report in reports for line in report.lines]
    return next((one for one in every if one[1].needs_a_person), every[0] if every else None)


def off_target(lufs: float, target: LoudnessTarget) -> bool:
    # Shown to a tenth, so a tenth's rounding is not off it.
    return abs(lufs - target.integrated_lufs) > target.tolerance_lu + 0.05


def _languages(reports: Sequence[EpisodeReport]) -> list[LanguageSummary]:
    found: dict[str, list[EpisodeReport]] = {}
    for report in reports:
        found.setdefault(report.language, []).append(report)
    return [LanguageSummary(tuple(here)) for here in found.values()]


def _names(reports: Sequence[EpisodeReport]) -> list[NamePlaces]:
    """Every name in every language, with all of its places, by first appearance."""
    found: dict[tuple[str, str], list[tuple[EpisodeReport, NameReport]]] = {}
    for report in reports:
        for name in report.names:
            found.setdefault((name.source, report.language_name), []).append((report, name))
    return [
        NamePlaces(
            source,
            language,
            tuple(dict.fromkeys(form for _, name in here for form in name.written)),
            tuple((r, n, n in name.otherwise) for r, name in here for n in name.lines),
        )
        for (source, language), here in found.items()
    ]


def _drafts(reports: Sequence[EpisodeReport]) -> list[Draft]:
    """Each reason once: first what holds in most places."""
    holds: dict[str, list[EpisodeReport]] = {}
    for report in reports:
        for text in report.drafts:
            holds.setdefault(text, []).append(report)
    every = {one.tag: len(one.reports) for one in _languages(reports)}
    return [
        _draft(text, here, every, everywhere=len(here) == len(reports))
        for text, here in sorted(holds.items(), key=lambda held: -len(held[1]))
    ]


def _draft(
    text: str, here: Sequence[EpisodeReport], every: dict[str, int], *, everywhere: bool
) -> Draft:
    if everywhere:
        return Draft(text, True, (), ())
    by_language = {one.tag: one for one in _languages(here)}
    whole = tuple(
        tag for tag, one in by_language.items() if len(one.reports) == every[tag] and every[tag] > 1
    )
    return Draft(text, False, whole, tuple(r for r in here if r.language not in whole))
