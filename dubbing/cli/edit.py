"""The command with which people correct a release: edit."""

from __future__ import annotations

from pathlib import Path

import click

from dubbing import assembly
from dubbing.cli import console
from dubbing.formats import decisions
from dubbing.model.job import LineCorrection, SpeakerAt
from voices import VoiceBank


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO")
@click.option("--episode", type=click.IntRange(1), help="The episode [1 for a video].")
@click.option("--line", type=click.IntRange(1), help="The line's number, as in the report.")
@click.option("--source", help="What is really said; '' removes the line.")
@click.option(
    "--speaker", help="Who says the line, or who --character is in --episode: s1, s2, ..."
)
@click.option("--language", help="The language of --text or --voice (BCP-47).")
@click.option("--text", help="The right translation.")
@click.option("--character", help="A character, as in the report (c1, c2, ...), or a new one.")
@click.option("--voice", help="The character's voice in --language.")
@click.option("--name", help="What reports call the character.")
@click.option("--same-as", help="Another character that is the same person.")
def edit(
    target: Path,
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
    """Correct a line, or decide on a character; then run again: only what follows is redone.

    \b
    Examples:
      dub edit fated --episode 1 --line 7 --language en --text "You came back."
      dub edit fated --episode 1 --line 7 --source "你回来了" --speaker s2
      dub edit fated --character c1 --language en --voice kumo
      dub edit fated --character c1 --name "Shen Qing"
      dub edit fated --character c7 --same-as c1
      dub edit fated --character mother --episode 3 --speaker s2
    """
    release = assembly.open_release(target)
    if (text is not None and language is None) or (voice is not None and language is None):
        raise click.UsageError("--text and --voice need --language")
    if line is not None:
        number = episode or (release.episodes[0].number if len(release.episodes) == 1 else None)
        if number is None:
            raise click.UsageError("--line needs --episode")
        if source is None and speaker is None and text is None:
            raise click.UsageError("--line needs --source, --speaker or --text")
        assert release.corrections_file is not None  # noqa: S101
        translations = {language: text} if language and text is not None else {}
        correction = LineCorrection(number, line, source, speaker, translations)
        decisions.correct_line(release.corrections_file, correction)
        written = release.corrections_file
    elif character is not None and (voice or name is not None or same_as or speaker):
        assert release.cast_file is not None  # noqa: S101
        if voice is not None and language is not None:
            VoiceBank.here().get(voice)
            decisions.decide_voice(release.cast_file, character, language, voice)
        if same_as:
            decisions.join_characters(release.cast_file, character, same_as)
        if speaker:
            if episode is None:
                raise click.UsageError("--character with --speaker needs --episode")
            decisions.move_speaker(release.cast_file, SpeakerAt(episode, speaker), character)
        if name is not None:
            decisions.name_character(release.cast_file, character, name)
        written = release.cast_file
    else:
        raise click.UsageError(
            "give --line with what to correct, or --character with --voice, --name, --same-as or --speaker"
        )
    console.stdout.print(
        f"Written to {written}. Run again to redo what follows from it.", markup=False
    )
