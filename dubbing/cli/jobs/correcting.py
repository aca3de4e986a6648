"""Commands that show the lines of a job, and correct them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dubbing.cli import tables, watching
from dubbing.cli.console import print_json
from dubbing.cli.jobs.group import JobId, connected
from dubbing.cli.report import COLUMNS

if TYPE_CHECKING:
    from dubbing.cli.remote import Remote


@connected
@click.argument("job", type=JobId())
@click.option("--episode", type=click.IntRange(1), required=True)
@click.option("--language", help="A language of the job [its first].")
def lines(remote: Remote, as_json: bool, job: str, episode: int, language: str | None) -> None:
    """Show the lines of an episode that are made so far."""
    given = {"language": language} if language else {}
    found = remote.ask("GET", f"/jobs/{job}/episodes/{episode}/lines", params=given)
    if as_json:
        print_json(found)
        return
    tables.show(
        COLUMNS,
        (
            (
                str(line["number"]),
                f"{line['start_ms'] / 1000:.1f}",
                line["label"] or line["character"] or line["speaker"],
                line["source"],
                line["text"] or "",
                "" if line["tempo"] is None else f"{line['tempo']:.2f}",
                ", ".join(filter(None, (line["fit"], *line["notes"]))),
            )
            for line in found["lines"]
        ),
        title=f"ep{episode:02d} {found['language']}",
    )


@connected
@click.argument("job", type=JobId())
@click.option("--episode", type=click.IntRange(1), help="The episode.")
@click.option("--line", type=click.IntRange(1), help="The line's number, as in the report.")
@click.option("--source", help="What is really said; '' removes the line.")
@click.option(
    "--speaker",
    help="Who says the line, or who --character is in --episode: s1, s2, ... Or new:NAME, for somebody whom the "
    "machine took for another.",
)
@click.option("--language", help="The language of --text or --voice (BCP-47).")
@click.option("--text", help="The right translation.")
@click.option("--character", help="A character, as in the report (c1, c2, ...), or a new one.")
@click.option("--voice", help="The character's voice in --language.")
@click.option("--name", help="What reports call the character.")
@click.option("--same-as", help="Another character that is the same person.")
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
