"""What a terminal shows: errors, documents, and the table after a run."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dubbing.assembly import Localized
from dubbing.errors import DubbingError, Rejected
from dubbing.model.dub import FitKind
from dubbing.model.report import EpisodeReport

EXAMPLES = """\b
Examples:
  dub run fated --to en,pt-BR,es-419        a release's folder, all episodes
  dub run fated --to en --episodes 1-3,7    some of them
  dub run clip.mp4 --to es-419 --no-dub     one video, subtitles alone
  dub edit fated --episode 1 --line 7 --language en --text "You came back."
  dub report fated                          what was made, and what to look at
"""

# Standard output is for what was asked for, so that it can be piped; all else goes here.
stderr = Console(stderr=True, highlight=False)
# What reads a pipe does not wrap lines, and should not find them wrapped.
stdout = Console(highlight=False, width=None if sys.stdout.isatty() else 200)


class Failed(Exception):
    """Work ended with errors that have been shown; carries the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def show_error(error: BaseException) -> None:
    """One error, in the words of its reader."""
    if isinstance(error, Rejected):
        stderr.print("[bold red]Refused[/bold red] ", end="")
        stderr.print(error.where, markup=False, soft_wrap=True)
        for word, text in (
            ("found", error.found),
            ("expected", error.expected),
            ("do", error.remedy),
        ):
            stderr.print(f"  [bold]{word:>8}[/bold]  ", end="")
            stderr.print(text, markup=False, soft_wrap=True)
    elif isinstance(error, DubbingError):
        stderr.print("[bold red]Failed[/bold red] ", end="")
        stderr.print(str(error), markup=False, soft_wrap=True)
    else:
        stderr.print("[bold red]Failed, and it is our fault[/bold red] ", end="")
        stderr.print(f"{type(error).__name__}: {error}", markup=False, soft_wrap=True)


def show_localized(localized: Localized, reports: Iterable[EpisodeReport]) -> None:
    """The table at the end: what was made, what to look at, and where it is."""
    table = Table(
        title=escape(localized.plan.release.title), title_justify="left", title_style="bold"
    )
    for column in (
        "episode",
        "language",
        "seconds",
        "lines",
        "as spoken",
        "made to fit",
        "flagged",
        "no line",
    ):
        table.add_column(column, justify="left" if column in ("episode", "language") else "right")
    table.add_column("subtitles", justify="right")
    table.add_column("loudness", justify="right")
    unscripted_ms: dict[str, int] = {}  # by episode: each language has the same
    for report in reports:
        dubbed = report.mix is not None
        fitted = sum(
            report.count(kind) for kind in (FitKind.SPED, FitKind.STRETCHED, FitKind.SHORTENED)
        )
        flagged = report.count(FitKind.FLAGGED)
        if unscripted := len(report.speech_without_line):
            unscripted_ms[report.name] = sum(
                one.span.duration_ms for one in report.speech_without_line
            )
        natural = report.count(FitKind.IN_TIME) + report.count(FitKind.BORROWED)
        table.add_row(
            report.name,
            report.language,
            f"{report.duration_ms / 1000:.1f}",
            str(len(report.lines)),
            str(natural) if dubbed else "-",
            str(fitted) if dubbed else "-",
            (f"[yellow]{flagged}[/yellow]" if flagged else "0") if dubbed else "-",
            f"[yellow]{unscripted}[/yellow]" if unscripted else "0",
            f"{report.cues}"
            + (f" [yellow]({len(report.cue_problems)})[/yellow]" if report.cue_problems else ""),
            f"{report.mix.integrated_lufs:.1f} LUFS" if report.mix else "-",
        )
    stdout.print(table)
    if unscripted_ms:
        stdout.print(
            f"[yellow]{sum(unscripted_ms.values()) / 1000:.1f} s of speech have no line[/yellow]: "
            "`dub report` says where, and why."
        )
    out = localized.out
    first = localized.plan.episodes[0].episode.name
    stdout.print("Read  ", end="")
    stdout.print(str(out / "report.html"), markup=False, soft_wrap=True)
    stdout.print("Watch ", end="")
    stdout.print(
        f"{out / first / first}.mp4  (choose the audio and subtitle track in the player)",
        markup=False,
        soft_wrap=True,
    )
    if not localized.outcome.stages_run:
        stdout.print("Nothing had changed: no stage was run.")


def unscripted_table(report: EpisodeReport) -> Table:
    """The speech of an episode that is no line of it."""
    table = Table("at", "to", "why", "heard", title="speech without a line", title_justify="left")
    for one in report.speech_without_line:
        start_s, end_s = one.span.start_ms / 1000, one.span.end_ms / 1000
        table.add_row(f"{start_s:.1f}", f"{end_s:.1f}", escape(one.why), escape(one.heard))
    return table


def print_json(document: object) -> None:
    """A document for machines, on standard output."""
    encoded = msgspec.json.encode(document, enc_hook=str)
    click.echo(msgspec.json.format(encoded, indent=2).decode())
