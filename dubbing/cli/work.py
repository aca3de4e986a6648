"""Commands that do the work: run, report, clean."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from dubbing import assembly
from dubbing.assembly import Order
from dubbing.cli import console
from dubbing.cli.console import EXAMPLES, Failed, print_json
from dubbing.cli.progress import RunProgress
from dubbing.errors import Rejected
from dubbing.model.report import EpisodeReport
from dubbing.planning.orders import Wishes
from dubbing.publishing.publish import MANIFEST, read_manifest
from dubbing.store.artifacts import read_json


@click.command(epilog=EXAMPLES)
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO")
@click.option("--to", "languages", required=True, help="Languages (BCP-47), as in en,pt-BR,es-419.")
@click.option("--from", "source", help="Language spoken in a video given alone [zh].")
@click.option("--episodes", default="", help="Which episodes, as in 1-3,7 [all].")
@click.option("--profile", default="local", show_default=True, help="A profile, or a TOML file.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to put it [RELEASE/localized].")
@click.option("--no-dub", is_flag=True, help="Subtitles alone.")
@click.option(
    "--replace", is_flag=True, help="Drop what was published before and isn't in this run."
)
@click.option("--jobs", type=click.IntRange(1), help="Stages at a time [one a core].")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def run(
    target: Path,
    languages: str,
    source: str | None,
    episodes: str,
    profile: str,
    out: Path | None,
    no_dub: bool,
    replace: bool,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Localize a release or one video.

    Run it again after Ctrl-C, a crash or a correction: only what is missing is done.
    """
    order = Order(
        target=target,
        wishes=Wishes(
            languages=tuple(dict.fromkeys(filter(None, re.split(r"[,\s]+", languages)))),
            episodes=parse_episodes(episodes),
            profile=profile,
            dub=not no_dub,
        ),
        source_language=source,
        out=out,
        replace=replace,
        workers=jobs or os.cpu_count() or 1,
    )
    with RunProgress(console.stderr) as progress:
        localized = assembly.localize(order, progress)
    for _, error in localized.outcome.failures:
        console.show_error(error)
    if localized.manifest is None:
        console.stderr.print("Nothing was published. What is done is kept for the next run.")
        errors = [error for _, error in localized.outcome.failures]
        raise Failed(2 if all(isinstance(error, Rejected) for error in errors) else 1)
    if as_json:
        print_json(
            {
                "out": str(localized.out),
                "manifest": str(localized.out / MANIFEST),
                "seconds": round(localized.outcome.seconds, 3),
                "stages_run": localized.outcome.stages_run,
                "stage_seconds": localized.outcome.stage_seconds,
                "engines": localized.usage,
                "files": localized.manifest.files,
            }
        )
    else:
        console.show_localized(localized, _reports(localized.out))


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO|FOLDER")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def report(target: Path, as_json: bool) -> None:
    """Show what was made of a release: its lines, flags and drafts."""
    folder = next(
        (f for f in (target, target / "localized") if (f / MANIFEST).is_file()),
        None,
    )
    if folder is None and target.is_file():
        folder = assembly.output_folder(Order(target, Wishes(())), assembly.open_release(target))
    if folder is None or read_manifest(folder) is None:
        raise Rejected(
            str(target),
            found="no localized release",
            expected=f"a folder with a {MANIFEST}",
            remedy="Localize it first with `dub run`, or give the folder that --out named.",
        )
    reports = _reports(folder)
    if as_json:
        print_json(reports)
        return
    for one in reports:
        table = Table(
            "line", "at", "who", "source", "translation", "tempo", "flags",
            title=f"{one.name} {one.language}", title_justify="left",
        )  # fmt: skip
        for entry in one.lines:
            table.add_row(
                str(entry.number),
                f"{entry.utterance.start_ms / 1000:.1f}",
                escape(entry.label or entry.character or entry.speaker),
                escape(entry.source_text),
                escape(entry.text),
                f"{entry.tempo:.2f}",
                escape(", ".join(filter(None, (entry.fit, *entry.notes)))),
            )
        console.stdout.print(table)
        if one.speech_without_line:
            console.stdout.print(console.unscripted_table(one))
        for draft in one.drafts:
            console.stdout.print(f"  {draft}", markup=False)


@click.command()
@click.option("--models", is_flag=True, help="Also the models put together from packages.")
def clean(models: bool) -> None:
    """Remove what can be made again. Releases and corrections are not touched."""
    freed = assembly.clean(models=models)
    console.stdout.print(f"{freed / 1e6:.1f} MB freed")


def parse_episodes(text: str) -> tuple[int, ...]:
    """Episode numbers from `1-3,7`, ascending. Raises Rejected."""
    numbers: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", text)):
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise Rejected(
                "--episodes",
                found=repr(part),
                expected="numbers and ranges, as in 1-3,7",
                remedy="Correct it.",
            )
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def _reports(folder: Path) -> list[EpisodeReport]:
    """All reports of a localized release, by episode and in the languages' order."""
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    order = {language: index for index, language in enumerate(manifest.job.languages)}
    reports = [
        read_json(folder / file.path, EpisodeReport)
        for file in manifest.files
        if file.path.endswith("/report.json")
    ]
    return sorted(reports, key=lambda one: (one.episode, order.get(one.language, 0)))
