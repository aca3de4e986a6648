"""What a terminal shows of a job of a service: its progress, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dubbing.cli import console
from dubbing.cli.console import Failed, print_json

if TYPE_CHECKING:
    from dubbing.cli.remote import Remote


def watch(remote: Remote, job: str, as_json: bool) -> None:
    """Shows a job's progress until it has ended; raises Failed unless all of it was localized."""
    live = console.stderr.is_terminal
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console.stderr,
        transient=True,
        disable=not live,
    )
    episodes: dict[int, dict[str, Any]] = {}
    told = ("", "")
    with bars:
        whole = bars.add_task("episodes", total=None)
        steps = bars.add_task("steps", total=None)
        for kind, data in remote.events(job):
            if kind == "episode":
                before = episodes.get(data["number"], {})
                episodes[data["number"]] = data
                if data["status"] != before.get("status") and data["status"] != "running":
                    note = f"ep{data['number']:02d} {data['status']}"
                    reason = f": {data['reason']}" if data["reason"] else ""
                    console.stderr.print(note + reason, markup=False, soft_wrap=True)
                continue
            ended = sum(one["status"] != "running" for one in episodes.values())
            bars.update(whole, total=len(episodes) or None, completed=ended)
            counts = data["progress"]
            bars.update(steps, total=sum(counts.values()) or None, completed=counts["done"])
            now = (data["status"], _waits(data))
            if now != told:
                console.stderr.print(" ".join(filter(None, now)), markup=False)
                told = now
    if as_json:
        print_json(data)
    else:
        show(data, [*episodes.values()])
    if data["status"] != "completed":
        raise Failed(1)


def show(job: dict[str, Any], episodes: list[dict[str, Any]]) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in job["episodes"].items() if count)
    steps = ", ".join(f"{count} {status}" for status, count in job["progress"].items() if count)
    for name, value in (
        ("job", job["id"]),
        ("release", job["order"]["release"]),
        ("languages", ", ".join(job["order"]["languages"])),
        ("status", " ".join(filter(None, (job["status"], job["reason"])))),
        ("waits for", _waits(job)),
        ("episodes", counts),
        ("steps", steps),
        ("manifest", job["manifest"]),
    ):
        if value:
            _say(name, value)
    for episode in episodes:
        if episode["reason"]:
            _say(f"ep{episode['number']:02d}", episode["reason"])


def _say(name: str, value: str) -> None:
    # Never broken, so that an address can be copied.
    console.stdout.print(f"{name:<11}{value}", markup=False, soft_wrap=True)


def _waits(job: dict[str, Any]) -> str:
    """`review of the script (episodes 1, 2)`"""
    return ", ".join(
        f"review of the {gate['gate']}"
        + (f" (episodes {', '.join(map(str, gate['episodes']))})" if gate["episodes"] else "")
        for gate in job["waits_for"]
    )


def tell(job: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        console.stdout.print(f"Job {job['id']} is {job['status']}.", markup=False)
