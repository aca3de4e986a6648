"""Commands that drive a service elsewhere, in the words of the commands that work here."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from dubbing.cli import console, watching
from dubbing.cli.console import print_json
from dubbing.cli.remote import Remote
from dubbing.cli.work import parse_episodes
from dubbing.errors import Rejected, Transient
from dubbing.formats.digest import sha256_of
from dubbing.formats.release_json import read_release_document
from dubbing.publishing.publish import MANIFEST, Manifest, read_manifest
from dubbing.store.artifacts import write_json

_PRIORITIES = click.Choice(["back-catalogue", "normal", "urgent"])
_GATES = click.Choice(["script", "translation", "release"])
# Read though release.json need not name them.
_BESIDE = ("glossary.csv", "cast.toml", "corrections.toml")


@click.group()
def jobs() -> None:
    """Submit jobs to a service, follow and correct them.

    The service's address and your token are taken from DUBBING_API_URL and DUBBING_API_TOKEN.

    \b
    Examples:
      dub jobs submit /releases/fated --to en,pt-BR --wait
      dub jobs submit fated --upload --to en       a folder of this machine
      dub jobs watch JOB
      dub jobs correct JOB --episode 1 --line 7 --language en --text "You came back."
      dub jobs fetch JOB --out fated/localized
    """


class _JobId(click.ParamType[str]):
    name = "job"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9a-f]{32}", value):
            self.fail(f"{value!r} is no id of a job; `dub jobs list` shows them", param, ctx)
        return value


def _connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the service as `remote`, and `--json`."""

    @jobs.command(command.__name__.rstrip("_").replace("_", "-"))
    @click.option(
        "--api", envvar="DUBBING_API_URL", default="http://127.0.0.1:8080", help="The service."
    )
    @click.option("--token", envvar="DUBBING_API_TOKEN", default="", help="Your token.")
    @click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
    @functools.wraps(command)
    def connected(api: str, token: str, **values: Any) -> None:
        if not token:
            raise Rejected(
                "--token",
                found="no token",
                expected="a token of the service",
                remedy="Set DUBBING_API_TOKEN to one: an admin of your team makes it.",
            )
        with Remote(api, token) as remote:
            command(remote=remote, **values)

    return connected


@_connected
@click.argument("release", metavar="RELEASE|URL")
@click.option("--to", "languages", required=True, help="Languages (BCP-47), as in en,pt-BR,es-419.")
@click.option("--episodes", default="", help="Which episodes, as in 1-3,7 [all].")
@click.option("--profile", default="local", show_default=True, help="Which engines do the work.")
@click.option("--out", help="Where to put it, URL or path [RELEASE/localized].")
@click.option("--no-dub", is_flag=True, help="Subtitles alone.")
@click.option(
    "--replace", is_flag=True, help="Drop what was published before and isn't in this job."
)
@click.option("--priority", type=_PRIORITIES, default="normal", show_default=True)
@click.option("--review", default="", help="Wait for people there: script,translation,release.")
@click.option("--webhook", help="A URL that is told how the job goes on.")
@click.option("--key", help="The same key again is the same job [a new one each time].")
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
        "languages": _words(languages),
        "episodes": wanted,
        "profile": profile,
        "out": None if out is None else _absolute(out),
        "deliverables": ["subtitles"] if no_dub else ["dub", "subtitles"],
        "replace": replace,
        "priority": priority,
        "review": _words(review),
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


@_connected
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
    table = Table("job", "release", "languages", "status", "submitted", "reason")
    table.columns[0].no_wrap = True
    for job in found:
        table.add_row(
            job["id"],
            escape(job["release_name"] or job["order"]["release"]),
            escape(", ".join(job["order"]["languages"])),
            job["status"],
            job["created_at"][:16].replace("T", " "),
            escape(job["reason"]),
        )
    console.stdout.print(table)


@_connected
@click.argument("job", type=_JobId())
def show(remote: Remote, as_json: bool, job: str) -> None:
    """Show how far a job is, and what it waits for."""
    found = remote.ask("GET", f"/jobs/{job}")
    if as_json:
        print_json(found)
    else:
        watching.show(found, remote.ask("GET", f"/jobs/{job}/episodes")["episodes"])


@_connected
@click.argument("job", type=_JobId())
def watch(remote: Remote, as_json: bool, job: str) -> None:
    """Follow a job until it has ended; exit status 0 if all of it was localized."""
    watching.watch(remote, job, as_json)


@_connected
@click.argument("job", type=_JobId())
def pause(remote: Remote, as_json: bool, job: str) -> None:
    """Begin nothing more of a job; what workers are at, they end."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/pause"), as_json)


@_connected
@click.argument("job", type=_JobId())
def resume(remote: Remote, as_json: bool, job: str) -> None:
    """Go on with a job that was paused."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/resume"), as_json)


@_connected
@click.argument("job", type=_JobId())
def cancel(remote: Remote, as_json: bool, job: str) -> None:
    """End a job without publishing. What was made is kept for the next one."""
    watching.tell(remote.ask("POST", f"/jobs/{job}/cancel"), as_json)


@_connected
@click.argument("job", type=_JobId())
@click.option("--episodes", default="", help="Which of those that failed, as in 1-3,7 [all].")
def retry(remote: Remote, as_json: bool, job: str, episodes: str) -> None:
    """Try again what failed."""
    body = {"episodes": parse_episodes(episodes) or None}
    watching.tell(remote.ask("POST", f"/jobs/{job}/retry", json=body), as_json)


@_connected
@click.argument("job", type=_JobId())
@click.option("--gate", type=_GATES, required=True, help="What was looked at.")
@click.option("--episodes", default="", help="Which of those that wait, as in 1-3,7 [all].")
def approve(remote: Remote, as_json: bool, job: str, gate: str, episodes: str) -> None:
    """Let go on what waits for people."""
    body = {"gate": gate, "episodes": parse_episodes(episodes) or None}
    watching.tell(remote.ask("POST", f"/jobs/{job}/approve", json=body), as_json)


@_connected
@click.argument("job", type=_JobId())
@click.argument("priority", type=_PRIORITIES)
def prioritize(remote: Remote, as_json: bool, job: str, priority: str) -> None:
    """Change whose work is taken first."""
    body = {"priority": priority}
    watching.tell(remote.ask("PUT", f"/jobs/{job}/priority", json=body), as_json)


@_connected
@click.argument("job", type=_JobId())
@click.option("--episode", type=click.IntRange(1), required=True)
@click.option("--language", help="A language of the job [its first].")
def lines(remote: Remote, as_json: bool, job: str, episode: int, language: str | None) -> None:
    """Show the lines of an episode, as far as they are made."""
    given = {"language": language} if language else {}
    found = remote.ask("GET", f"/jobs/{job}/episodes/{episode}/lines", params=given)
    if as_json:
        print_json(found)
        return
    table = Table(
        "line", "at", "who", "source", "translation", "tempo", "flags",
        title=f"ep{episode:02d} {found['language']}", title_justify="left",
    )  # fmt: skip
    for line in found["lines"]:
        table.add_row(
            str(line["number"]),
            f"{line['start_ms'] / 1000:.1f}",
            escape(line["label"] or line["character"] or line["speaker"]),
            escape(line["source"]),
            escape(line["text"] or ""),
            "" if line["tempo"] is None else f"{line['tempo']:.2f}",
            escape(", ".join(filter(None, (line["fit"], *line["notes"])))),
        )
    console.stdout.print(table)


@_connected
@click.argument("job", type=_JobId())
@click.option("--episode", type=click.IntRange(1), help="The episode.")
@click.option("--line", type=click.IntRange(1), help="The line's number, as in the report.")
@click.option("--source", help="What is really said; '' takes the line out.")
@click.option(
    "--speaker", help="Who really says it, or who --character is in --episode: s1, s2, ..."
)
@click.option("--language", help="The language of --text or --voice (BCP-47).")
@click.option("--text", help="The right translation.")
@click.option("--character", help="A character, as in the report (c1, c2, ...), or a new one.")
@click.option("--voice", help="The voice it speaks --language with.")
@click.option("--name", help="What reports call the character.")
@click.option("--same-as", help="The character that it is too.")
def correct(
    remote: Remote,
    as_json: bool,
    job: str,
    episode: int | None,
    line: int | None,
    source: str | None,
    speaker: str | None,
    language: str | None,
    text: str | None,
    character: str | None,
    voice: str | None,
    name: str | None,
    same_as: str | None,
) -> None:
    """Correct a line, or decide on a character: only what follows from it is redone."""
    if (text is not None or voice is not None) and language is None:
        raise click.UsageError("--text and --voice need --language")
    if line is not None:
        if episode is None:
            raise click.UsageError("--line needs --episode")
        if source is None and speaker is None and text is None:
            raise click.UsageError("--line needs --source, --speaker or --text")
        said = {"source": source, "speaker": speaker}
        body: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
        if text is not None:
            body["translations"] = {language: text}
        found = remote.ask("PUT", f"/jobs/{job}/episodes/{episode}/lines/{line}", json=body)
    elif character is not None and (voice or name is not None or same_as or speaker):
        decision: dict[str, Any] = {} if name is None else {"name": name}
        if same_as:
            decision["same_as"] = same_as
        if speaker:
            if episode is None:
                raise click.UsageError("--character with --speaker needs --episode")
            decision["speakers"] = [{"episode": episode, "speaker": speaker}]
        if voice is not None:
            decision["voices"] = {language: voice}
        body = {"characters": {character: decision}}
        found = remote.ask("PUT", f"/jobs/{job}/cast", json=body)
    else:
        raise click.UsageError(
            "give --line with what to correct, or --character with --voice, --name, --same-as or --speaker"
        )
    watching.tell(found, as_json)


@_connected
@click.argument("job", type=_JobId())
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to."
)
def fetch(remote: Remote, as_json: bool, job: str, out: Path) -> None:
    """Bring here what was published. What is here already is not fetched again."""
    document = remote.ask("GET", f"/jobs/{job}/outputs")
    manifest = msgspec.convert(document, Manifest)
    known = read_manifest(out)
    here = {file.path: file.sha256 for file in known.files} if known else {}
    fetched = 0
    for file in manifest.files:
        to = out / file.path
        if not to.resolve().is_relative_to(out.resolve()):
            raise Transient(f"The service names a file outside the release: {file.path!r}")
        if to.is_file() and here.get(file.path) == file.sha256 == sha256_of(to):
            continue
        remote.fetch(f"/jobs/{job}/outputs/{file.path}", to, file.sha256)
        fetched += 1
    # Last, as the service does it: what a manifest names is there.
    write_json(out / MANIFEST, manifest)
    if as_json:
        print_json({"out": str(out), "files": len(manifest.files), "fetched": fetched})
    else:
        told = f"{fetched} of {len(manifest.files)} files fetched into {out}"
        console.stdout.print(told, markup=False)


@_connected
def webhook_secret(remote: Remote, as_json: bool) -> None:
    """Print what your team checks the signatures of its webhooks with."""
    found = remote.ask("GET", "/webhook-secret")
    if as_json:
        print_json(found)
    else:
        console.stdout.print(found["secret"], markup=False, soft_wrap=True)


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


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, re.split(r"[,\s]+", text))))
