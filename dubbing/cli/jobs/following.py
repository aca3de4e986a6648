"""Commands that show jobs, and say how they go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dubbing.cli import tables, watching
from dubbing.cli.console import print_json
from dubbing.cli.jobs.group import JobId, connected
from dubbing.cli.jobs.submitting import PRIORITIES
from dubbing.cli.work import parse_episodes

if TYPE_CHECKING:
    from dubbing.cli.remote import Remote

_GATES = click.Choice(["script", "translation", "release"])


@connected
@click.option("--status", help="Only those: accepted, running, paused, completed, failed, ...")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def list_(remote: Remote, as_json: bool, status: str | None, limit: int) -> None:
    """List your team's jobs, the newest first."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while len(found) < limit:
        asked = {"limit": min(500, limit - len(found)), "status": status, "after": after}
        given = {name: value for name, value in asked.items() if value is not None}
        page = remote.ask("GET", "/jobs", params=given)
        found += page["jobs"]
        after = page["next"]
        if after is None:
            break
    if as_json:
        print_json(found)
        return
    tables.show(
        ("job", "release", "languages", "status", "submitted", tables.text("reason", 20)),
        (
            (
                job["id"],
                job["release_name"] or job["order"]["release"],
                ",".join(job["order"]["languages"]),
                job["status"],
                job["created_at"][:16].replace("T", " "),
                job["reason"],
            )
            for job in found
        ),
    )


@connected
@click.argument("job", type=JobId())
def show(remote: Remote, as_json: bool, job: str) -> None:
    """Show a job's progress, and what it waits for."""
    found = remote.ask("GET", f"/jobs/{job}")
    if as_json:
        print_json(found)
    else:
        watching.show(found, remote.ask("GET", f"/jobs/{job}/episodes")["episodes"])


@connected
@click.argument("job", type=JobId())
def watch(remote: Remote, as_json: bool, job: str) -> None:
    """Follow a job until it has ended; exit status 0 if all of it was localized."""
    watching.watch(remote, job, as_json)


@connected
@click.argument("job", type=JobId())
def pause(remote: Remote, as_json: bool, job: str) -> None:
    """Start nothing more of a job; what workers are at, they end."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/pause"), as_json)


@connected
@click.argument("job", type=JobId())
def resume(remote: Remote, as_json: bool, job: str) -> None:
    """Resume a paused job."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/resume"), as_json)


@connected
@click.argument("job", type=JobId())
def cancel(remote: Remote, as_json: bool, job: str) -> None:
    """End a job without publishing. What was made is kept for the next one."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/cancel"), as_json)


@connected
@click.argument("job", type=JobId())
@click.option("--episodes", default="", help="Which of those that failed, as in 1-3,7 [all].")
def retry(remote: Remote, as_json: bool, job: str, episodes: str) -> None:
    """Retry failed episodes."""
    body = {"episodes": parse_episodes(episodes) or None}
    watching.tell(remote.ask("POST", f"/jobs/{job}/retry", json=body), as_json)


@connected
@click.argument("job", type=JobId())
@click.option("--gate", type=_GATES, required=True, help="What was looked at.")
@click.option("--episodes", default="", help="Which of those that wait, as in 1-3,7 [all].")
def approve(remote: Remote, as_json: bool, job: str, gate: str, episodes: str) -> None:
    """Approve episodes that wait for review."""
    body = {"gate": gate, "episodes": parse_episodes(episodes) or None}
    watching.tell(remote.ask("POST", f"/jobs/{job}/approve", json=body), as_json)


@connected
@click.argument("job", type=JobId())
@click.argument("priority", type=PRIORITIES)
def prioritize(remote: Remote, as_json: bool, job: str, priority: str) -> None:
    """Change a job's priority."""
    body = {"priority": priority}
    watching.tell(remote.ask("PUT", f"/jobs/{job}/priority", json=body), as_json)
