"""Commands that do the work: run, clean."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import click

from dubbing import assembly
from dubbing.assembly import Order
from dubbing.cli import console
from dubbing.cli.console import EXAMPLES, Failed, print_json
from dubbing.cli.dry_run import show_intended
from dubbing.cli.ending import show_localized
from dubbing.cli.progress import RunProgress
from dubbing.errors import Rejected
from dubbing.planning.orders import Wishes
from dubbing.publishing.publish import MANIFEST
from dubbing.publishing.published import reports_in


@click.command(epilog=EXAMPLES)
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO")
@click.option("--to", "languages", default="", help="Languages (BCP-47), as in en,pt-BR,es-419.")
@click.option("--add", "added", default="", help="Languages to add to those that are published.")
@click.option("--from", "source", help="Language spoken in a video given alone [zh].")
@click.option("--episodes", default="", help="Episodes, as in 1-3,7 [all].")
@click.option(
    "--profile", help="A profile, or a TOML file [local; with --add the one it was made with]."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to put it [RELEASE/localized].")
@click.option("--no-dub", is_flag=True, help="Make subtitles only.")
@click.option(
    "--replace", is_flag=True, help="Drop published languages and episodes that this run lacks."
)
@click.option("--jobs", type=click.IntRange(1), help="Stages at a time [one per core].")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be made, and about how long it takes."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def run(
    target: Path,
    languages: str,
    added: str,
    source: str | None,
    episodes: str,
    profile: str | None,
    out: Path | None,
    no_dub: bool,
    replace: bool,
    jobs: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Localize a release or one video.

    Run it again after Ctrl-C, a crash or a correction: only what is missing is done.
    """
    if bool(languages.strip()) == bool(added.strip()):
        raise click.UsageError("name the languages with --to, or those to add with --add")
    order = Order(
        target=target,
        wishes=Wishes(
            languages=_tags(languages),
            episodes=parse_episodes(episodes),
            profile=profile or "local",
            dub=not no_dub,
        ),
        source_language=source,
        out=out,
        replace=replace,
        workers=jobs or os.cpu_count() or 1,
    )
    if added:
        wishes = assembly.wishes_with(order, _tags(added), profile)
        order = dataclasses.replace(order, wishes=wishes)
    if dry_run:
        show_intended(assembly.intend(order), as_json=as_json)
        return
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
        show_localized(localized, reports_in(localized.out), str(out or target))


@click.command()
@click.option("--models", is_flag=True, help="Also the models put together from packages.")
def clean(models: bool) -> None:
    """Remove what can be made again. Releases and corrections are not touched."""
    freed = assembly.clean(models=models)
    console.stdout.print(f"{freed / 1e6:.1f} MB freed")


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, re.split(r"[,\s]+", text))))


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
