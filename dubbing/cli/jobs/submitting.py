"""The command that orders work: submit."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dubbing.cli import console, watching
from dubbing.cli.console import print_json
from dubbing.cli.jobs.group import connected, words
from dubbing.cli.work import parse_episodes
from dubbing.errors import Rejected, Transient
from dubbing.formats.release_json import read_release_document

if TYPE_CHECKING:
    from dubbing.cli.remote import Remote

PRIORITIES = click.Choice(["back-catalogue", "normal", "urgent"])
# Read though release.json need not name them.
_BESIDE = ("glossary.csv", "cast.toml", "corrections.toml")


@connected
@click.argument("release", metavar="RELEASE|URL")
@click.option("--to", "languages", required=True, help="Languages (BCP-47), as in en,pt-BR,es-419.")
@click.option("--episodes", default="", help="Episodes, as in 1-3,7 [all].")
@click.option("--profile", default="local", show_default=True, help="Which engines do the work.")
@click.option("--out", help="Where to put it, URL or path [RELEASE/localized].")
@click.option("--no-dub", is_flag=True, help="Make subtitles only.")
@click.option(
    "--replace", is_flag=True, help="Drop published languages and episodes that this job lacks."
)
@click.option("--priority", type=PRIORITIES, default="normal", show_default=True)
@click.option(
    "--review", default="", help="Wait for review after these: script,translation,release."
)
@click.option("--webhook", help="A URL that gets the job's events.")
@click.option("--key", help="Idempotency key: the same key is the same job [a new one each time].")
@click.option("--upload", is_flag=True, help="Send the release's folder to the service first.")
@click.option("--wait", is_flag=True, help="Watch the job until it has ended.")
def submit(
    remote: Remote,
    as_json: bool,
    release: str,
    languages: str,
    episodes: str,
    profile: str,
    out: str | None,
    no_dub: bool,
    replace: bool,
    priority: str,
    review: str,
    webhook: str | None,
    key: str | None,
    upload: bool,
    wait: bool,
) -> None:
    """Order a release to be localized. Its path is one that the service's machines know."""
    wanted = parse_episodes(episodes)
    place = _upload(remote, Path(release), as_json) if upload else _absolute(release)
    order = {
        "release": place,
        "languages": words(languages),
        "episodes": wanted,
        "profile": profile,
        "out": None if out is None else _absolute(out),
        "deliverables": ["subtitles"] if no_dub else ["dub", "subtitles"],
        "replace": replace,
        "priority": priority,
        "review": words(review),
        "webhook": webhook,
    }
    # With a key of its own, an order that is sent again after a lost connection is still one job.
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    job = remote.ask("POST", "/jobs", json=order, headers=headers)
    if wait:
        if not as_json:
            console.stderr.print(f"Job {job['id']}", markup=False)
        watching.watch(remote, job["id"], as_json)
    elif as_json:
        print_json(job)
    else:
        console.stdout.print(job["id"], markup=False)


def _upload(remote: Remote, folder: Path, quiet: bool) -> str:
    """Sends a release's files, release.json last, and returns where the service has put them."""
    document = read_release_document(folder / "release.json")
    named = [name for e in document.episodes for name in (e.video, e.bed) if name]
    named += [name for name in (document.glossary, document.cast) if name]
    beside = [name for name in _BESIDE if name not in named and (folder / name).is_file()]
    for name in dict.fromkeys((*named, *beside, "release.json")):
        if not (folder / name).is_file() or "/" in name:
            raise Rejected(
                f"{folder}, {name}",
                found="no such file in the folder itself",
                expected="all files of the release beside its release.json",
                remedy="Put it there, or correct release.json.",
            )
        if not quiet:
            console.stderr.print(f"Sending {name}", markup=False)
        arrived = remote.upload(document.release, folder / name)
    if not arrived["complete"]:
        raise Transient(f"The release has not arrived whole: {arrived['problem']}")
    return str(arrived["release"])


def _absolute(place: str) -> str:
    """A path as the service needs it, if it is one that is here; else what was given."""
    return place if "://" in place or not Path(place).exists() else str(Path(place).resolve())
