"""What a run ends with: what was made, what needs a person, and where it is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.text import Text

from dubbing.assembly import Localized
from dubbing.cli import tables
from dubbing.cli.console import stdout
from dubbing.model.dub import FitKind
from dubbing.model.report import EpisodeReport

_MOST_ROWS = 14  # on a terminal of 24: beyond, a row is a language
_FASTER = (FitKind.SPED, FitKind.STRETCHED, FitKind.SHORTENED)
_AS_SPOKEN = (FitKind.IN_TIME, FitKind.BORROWED)
_COLUMNS: tuple[tables.Column | str, ...] = (
    "episode",
    "language",
    *map(
        tables.number,
        ("lines", "look at", "in time", "faster", "flagged", "no line", "cues", "LUFS"),
    ),
)


def show_localized(localized: Localized, reports: Sequence[EpisodeReport], target: str) -> None:
    """`target` is the release as the user named it."""
    if stdout.is_terminal and len(reports) > _MOST_ROWS:
        languages = dict.fromkeys(report.language for report in reports)
        groups = [[one for one in reports if one.language == tag] for tag in languages]
    else:
        groups = [[one] for one in reports]
    tables.show(_COLUMNS, map(_row, groups), title=localized.plan.release.title)
    needed = sum(len(report.to_look_at) for report in reports)
    without = {report.name: report.speech_without_line for report in reports}
    if unscripted_ms := sum(one.span.duration_ms for those in without.values() for one in those):
        stdout.print(f"[yellow]{unscripted_ms / 1000:.1f} s of speech have no line[/yellow]")
    if needed or unscripted_ms:
        _say("Look at", f"dub report {shlex.quote(target)} --flagged")
    out, first = localized.out, localized.plan.episodes[0].episode
    _say("Read", str(out / "report.html"))
    _say("Watch", f"{out / first.name / first.published_as}.mp4")
    for file in localized.kept:
        if file.path != file.kept_as:
            _say("Kept", f"{file.kept_as}: {file.path} had been changed by hand")
    if not localized.outcome.stages_run:
        stdout.print("Nothing had changed: no stage was run.")


def _say(what: str, it: str) -> None:
    # A path or a command is never broken, so that it can be copied.
    stdout.print(f"{what:8}{it}", markup=False, soft_wrap=True)


def _row(reports: Sequence[EpisodeReport]) -> Sequence[str | Text]:
    """An episode in a language, or a language over several episodes."""
    loud = [report.mix.integrated_lufs for report in reports if report.mix is not None]

    def fits(*kinds: FitKind) -> int:
        return sum(report.count(kind) for report in reports for kind in kinds)

    def warning(count: int) -> Text:
        return Text(str(count), "yellow" if count else "")

    broken = sum(len(report.cue_problems) for report in reports)
    cues = Text(str(sum(report.cues for report in reports)))
    if broken:
        cues.append(f" ({broken})", "yellow")
    return (
        reports[0].name if len(reports) == 1 else f"all {len(reports)}",
        reports[0].language,
        str(sum(len(report.lines) for report in reports)),
        warning(sum(len(report.to_look_at) for report in reports)),
        str(fits(*_AS_SPOKEN)) if loud else "-",
        str(fits(*_FASTER)) if loud else "-",
        warning(fits(FitKind.FLAGGED)) if loud else "-",
        warning(sum(len(report.speech_without_line) for report in reports)),
        cues,
        f"{sum(loud) / len(loud):.1f}" if loud else "-",
    )
