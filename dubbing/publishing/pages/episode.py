"""The page of an episode: the dub heard with its picture, and every line in all languages side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dubbing.model.job import Deliverable
from dubbing.model.report import EpisodeReport, LineReport
from dubbing.model.review import ReviewItem, ReviewKind, SpeechWithoutLine
from dubbing.model.time import Span
from dubbing.planning.graph import Plan
from dubbing.publishing.pages.index import example_of, off_target
from dubbing.publishing.pages.template import page
from dubbing.publishing.pages.timeline import timeline_of
from dubbing.publishing.reporting import EpisodeAccount
from dubbing.subtitles.check import cue_of

# What these doubt is the original's, the same in all languages.
_OF_THE_SOURCE = (ReviewKind.HEARING, ReviewKind.SPEAKER)


@dataclass(frozen=True, slots=True)
class Cell:
    """A line in one language."""

    report: EpisodeReport
    line: LineReport | None  # None: it is not in this language
    broken: tuple[str, ...]  # the subtitle rules that its cues do not keep

    @property
    def review(self) -> tuple[ReviewItem, ...]:
        """What is doubted of the translation."""
        items = self.line.review if self.line else ()
        return tuple(item for item in items if item.kind not in _OF_THE_SOURCE)

    @property
    def needs_a_person(self) -> bool:
        return bool(self.broken) or (self.line is not None and self.line.needs_a_person)


@dataclass(frozen=True, slots=True)
class Row:
    """A line in all languages, or speech without a line."""

    span: Span
    line: LineReport | None  # as any language has it: of it, what is the original's
    cells: tuple[Cell, ...]
    speech: SpeechWithoutLine | None = None

    @property
    def review(self) -> tuple[ReviewItem, ...]:
        """What is doubted of the original."""
        items = self.line.review if self.line else ()
        return tuple(item for item in items if item.kind in _OF_THE_SOURCE)

    @property
    def needs_a_person(self) -> bool:
        return self.speech is not None or any(cell.needs_a_person for cell in self.cells)


def render(
    plan: Plan,
    account: EpisodeAccount,
    colours: Mapping[str, int],
    before: EpisodeAccount | None,
    after: EpisodeAccount | None,
) -> str:
    """`before` and `after` are the episodes beside it."""
    rows = sorted(_rows(account), key=lambda row: row.span.start_ms)
    timeline = timeline_of(account)
    return page(
        "report_episode",
        script="report.js",
        # Its least width is the episode's, and a policy allows no style in an attribute.
        style=f".timeline {{ --least: {timeline.least_px}px }}\n",
        title=plan.release.title,
        job=plan.job,
        source=plan.source_language,
        captioned=Deliverable.SUBTITLES in plan.job.deliverables,
        account=account,
        before=before,
        after=after,
        rows=rows,
        needed=sum(row.needs_a_person for row in rows),
        timeline=timeline,
        colour=colours,
        speakers=_speakers(account),
        example=example_of(account.reports),
        off_target=off_target,
        target=plan.job.profile.loudness,
    )


def _rows(account: EpisodeAccount) -> Iterator[Row]:
    in_language = [{line.number: line for line in report.lines} for report in account.reports]
    broken = [_broken(account, report) for report in account.reports]
    for number in dict.fromkeys(line.number for line in account.lines()):
        cells = tuple(
            Cell(report, lines.get(number), tuple(problems.get(number, ())))
            for report, lines, problems in zip(account.reports, in_language, broken, strict=True)
        )
        line = next(cell.line for cell in cells if cell.line is not None)
        yield Row(line.utterance, line, cells)
    for speech in account.speech_without_line:
        yield Row(speech.span, None, (), speech)


def _broken(account: EpisodeAccount, report: EpisodeReport) -> dict[int, list[str]]:
    """The number of a line -> the subtitle rules that could not be kept in a cue which begins with it."""
    found: dict[int, list[str]] = {}
    cues = account.cues.get(report.language, ())
    for problem in report.cue_problems:
        shown = cues[cue_of(problem) - 1].utterances
        found.setdefault(shown[0] if shown else 0, []).append(problem)
    return found


def _speakers(account: EpisodeAccount) -> list[LineReport]:
    """The first line of each who speaks."""
    firsts: dict[str, LineReport] = {}
    for line in account.lines():
        firsts.setdefault(line.character or line.speaker, line)
    return list(firsts.values())
