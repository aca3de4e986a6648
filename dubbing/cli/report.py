"""The command that tells what was made of a release, and what needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from dubbing import assembly
from dubbing.assembly import Order
from dubbing.cli import console, tables
from dubbing.cli.console import print_json
from dubbing.cli.work import parse_episodes
from dubbing.errors import Rejected
from dubbing.model.report import EpisodeReport, LineReport
from dubbing.planning.orders import Wishes
from dubbing.publishing.publish import MANIFEST, read_manifest
from dubbing.publishing.published import reports_in

COLUMNS: tuple[tables.Column | str, ...] = (
    tables.number("line"),
    tables.number("at"),
    "who",
    tables.text("source", 12),
    tables.text("translation", 20),
    tables.number("tempo"),
    tables.text("marks", 14),
)


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO|FOLDER")
@click.option("--flagged", is_flag=True, help="Only what needs a person.")
@click.option("--language", help="Only this language (BCP-47).")
@click.option("--episodes", default="", help="Only some episodes, as in 1-3,7.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def report(target: Path, flagged: bool, language: str | None, episodes: str, as_json: bool) -> None:
    """Show what was made of a release: its lines, flags and drafts.

    \b
    Examples:
      dub report fated                             every line in every language
      dub report fated --flagged --language en     what needs a person, in one of them
    """
    folder = _folder(target)
    reports = _of_episodes(_of(reports_in(folder), language, folder), parse_episodes(episodes))
    if flagged:
        reports = [replace(one, lines=one.to_look_at) for one in reports]
        reports = [
            one for one in reports if one.lines or one.speech_without_line or one.cue_problems
        ]
    if as_json:
        print_json(reports)
        return
    for one in reports:
        tables.show(COLUMNS, _rows(one), title=f"{one.name} {one.language}")
        for problem in one.cue_problems:
            console.stdout.print(f"  Subtitles: {problem}", markup=False, soft_wrap=True)
        for draft in one.drafts:
            console.stdout.print(f"  {draft}", markup=False, soft_wrap=True)
    if flagged and not reports:
        console.stdout.print(
            "No check found a line that needs a person. That is no approval: nobody has listened."
        )


def _of_episodes(reports: Sequence[EpisodeReport], wanted: Sequence[int]) -> list[EpisodeReport]:
    """Those of some episodes; none: of all. Raises Rejected for one that was not published: that nothing of it needs
    a person would be no answer."""
    published = sorted({one.episode for one in reports})
    for number in wanted:
        if number not in published:
            raise Rejected(
                "--episodes",
                found=str(number),
                expected=f"episodes that were published: {', '.join(map(str, published))}",
                remedy="Name some of these, or localize the episode first.",
            )
    return [one for one in reports if not wanted or one.episode in wanted]


def _rows(one: EpisodeReport) -> Iterator[Sequence[str | Text]]:
    """By time: lines, and speech that is none."""
    rows: list[tuple[int, Sequence[str | Text]]] = [
        (line.utterance.start_ms, _row(line)) for line in one.lines
    ]
    for speech in one.speech_without_line:
        at = f"{speech.span.start_ms / 1000:.1f}"
        mark = Text(f"speech without a line: {speech.why}", "yellow")
        rows.append((speech.span.start_ms, ("-", at, "", speech.heard, "", "", mark)))
    for _, row in sorted(rows, key=lambda row: row[0]):
        yield row


def _row(line: LineReport) -> Sequence[str | Text]:
    doubts = [f"{item.kind}: {item.why}" for item in line.review]
    marks = ", ".join(filter(None, (line.fit, *doubts, *line.notes)))
    return (
        str(line.number),
        f"{line.utterance.start_ms / 1000:.1f}",
        line.label or line.character or line.speaker,
        line.source_text,
        line.text,
        f"{line.tempo:.2f}" if line.fit else "",
        Text(marks, "yellow" if line.needs_a_person else ""),
    )


def _of(
    reports: Sequence[EpisodeReport], language: str | None, folder: Path
) -> Sequence[EpisodeReport]:
    """Those of a language. Raises Rejected if it is in none of them."""
    if language is None:
        return reports
    known = list(dict.fromkeys(one.language for one in reports))
    tag = next((one for one in known if one.casefold() == language.casefold()), None)
    if tag is None:
        raise Rejected(
            "--language",
            found=f"{language}, which {folder} is not in",
            expected=f"one of {', '.join(known)}",
            remedy="Name one of these, or add it with `dub run --add`.",
        )
    return [one for one in reports if one.language == tag]


def _folder(target: Path) -> Path:
    """Where the localized release of what was named lies. Raises Rejected if there is none."""
    folder = next((f for f in (target, target / "localized") if (f / MANIFEST).is_file()), None)
    if folder is None and target.is_file():
        folder = assembly.output_folder(Order(target, Wishes(())), assembly.open_release(target))
    if folder is None or read_manifest(folder) is None:
        raise Rejected(
            str(target),
            found="no localized release",
            expected=f"a folder with a {MANIFEST}",
            remedy="Localize it first with `dub run`, or give the folder that --out named.",
        )
    return folder
