"""`python -m dubbing.demo --out build/demo`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from dubbing.demo.build import build_demo
from dubbing.errors import DubbingError


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder that the release's folder is made in.",
)
def main(out: Path) -> None:
    """Make the demo: a Mandarin mini-series of two episodes, with its truth beside it."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as bars:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        try:
            demo = build_demo(out, show)
        except DubbingError as error:
            bars.stop()
            console.print(f"[red]error:[/red] {error}")
            raise SystemExit(error.exit_status) from None
    console.print(f"{demo.release}: {'made' if demo.built else 'there already, nothing to do'}")


if __name__ == "__main__":
    main()
