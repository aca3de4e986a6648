"""The command with which people correct a release: edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from dubbing import assembly
from dubbing.assembly import Order
from dubbing.cli import console, tables
from dubbing.errors import Rejected
from dubbing.formats import decisions
from dubbing.formats.language_toml import normal_tag
from dubbing.model.episode import Release
from dubbing.model.job import CharacterDecision, LineCorrection, SpeakerAt
from dubbing.planning.orders import Wishes
from dubbing.publishing import editing
from voices import VoiceBank


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="RELEASE|VIDEO")
@click.option("--episode", type=click.IntRange(1), help="The episode [1 for a video].")
@click.option("--line", type=click.IntRange(1), help="The line's number, as in the report.")
@click.option("--source", help="What is really said; '' removes the line.")
@click.option(
    "--speaker",
    help="Who says the line, or who --character is in --episode: s1, s2, ... Of a line also new:NAME.",
)
@click.option("--language", help="The language of --text or --voice (BCP-47).")
@click.option("--text", help="The right translation.")
@click.option("--character", help="A character, as in the report (c1, c2, ...), or a new one.")
@click.option("--voice", help="The character's voice in --language.")
@click.option("--name", help="What reports call the character.")
@click.option("--same-as", help="Another character that is the same person.")
@click.option("--undo", is_flag=True, help="Take back what was said of --line or --character.")
@click.option("--list", "list_all", is_flag=True, help="Show all that people decided.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print it as JSON.")
@click.option("--out", type=click.Path(path_type=Path), help="Where it was put by `dub run --out`.")
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
    undo: bool,
    list_all: bool,
    as_json: bool,
    out: Path | None,
) -> None:
    """Correct a line, or decide on a character; then run again: only what follows is redone.

    \b
    Examples:
      dub edit fated --episode 1 --line 7 --language en --text "You came back."
      dub edit fated --episode 1 --line 7 --source "你回来了" --speaker s2
      dub edit fated --episode 1 --line 8 --speaker new:mother
      dub edit fated --character c1 --language en --voice kumo
      dub edit fated --character c1 --name "Shen Qing"
      dub edit fated --character c7 --same-as c1
      dub edit fated --character mother --episode 3 --speaker s2
      dub edit fated --list
      dub edit fated --episode 1 --line 7 --language en --undo
      dub edit fated --character c1 --undo
    """
    release = assembly.open_release(target)
    deciding = (source, text, voice, name, same_as, speaker)
    if (undo or list_all) and any(one is not None for one in deciding):
        raise click.UsageError("--undo and --list decide nothing: leave out what is to be decided")
    if list_all and (undo or line is not None or character is not None):
        raise click.UsageError("--list shows all that was decided: give it alone")
    if list_all:
        show_decisions(release, as_json=as_json)
        return
    order = Order(target, Wishes(()), out=out)
    known = editing.known(
        release,
        assembly.output_folder(order, release),
        decisions.read_corrections(release.corrections_file),
        decisions.read_cast(release.cast_file),
    )
    if episode is not None:
        known.episode(episode)
    if undo:
        language = normal_tag(language) if language else None
        console.stdout.print(_undo(release, episode, line, character, language), markup=False)
        return
    if language is not None:
        language = known.language(language)
    if (text is not None and language is None) or (voice is not None and language is None):
        raise click.UsageError("--text and --voice need --language")
    if line is not None:
        number = episode or (release.episodes[0].number if len(release.episodes) == 1 else None)
        if number is None:
            raise click.UsageError("--line needs --episode")
        if source is None and speaker is None and text is None:
            raise click.UsageError("--line needs --source, --speaker or --text")
        assert release.corrections_file is not None  # noqa: S101
        was = known.was(number, line)
        if text is not None:
            known.translation(number, line, text, source)
        if speaker is not None:
            known.speaker(number, speaker)
        translations = {language: text} if language and text is not None else {}
        correction = LineCorrection(number, line, source, speaker, translations, was)
        decisions.correct_line(release.corrections_file, correction)
        written = release.corrections_file
    elif character is not None and (voice or name is not None or same_as or speaker):
        assert release.cast_file is not None  # noqa: S101
        if speaker is None:
            known.character(character)
        elif episode is not None:
            known.speaker(episode, speaker)
        if same_as:
            known.character(same_as, "--same-as")
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


def _undo(
    release: Release,
    episode: int | None,
    line: int | None,
    character: str | None,
    language: str | None,
) -> str:
    """Takes an edit back, and says so. Raises Rejected if there is nothing to take back."""
    if line is not None:
        number = episode or (release.episodes[0].number if len(release.episodes) == 1 else None)
        if number is None:
            raise click.UsageError("--line needs --episode")
        file, what = release.corrections_file, f"episode {number}, line {line}"
        assert file is not None  # noqa: S101
        done = decisions.undo_line(file, number, line, language)
    elif character is not None:
        file, what = release.cast_file, character
        assert file is not None  # noqa: S101
        done = decisions.undo_character(file, character, language)
    else:
        raise click.UsageError("--undo needs --line or --character")
    if not done:
        raise Rejected(
            f"--undo of {what}{f' in {language}' if language else ''}",
            found=f"nothing of it in {file.name}",
            expected="something that was decided",
            remedy="`dub edit --list` shows all there is.",
        )
    return f"Taken back from {file}. Run again to redo what follows from it."


def show_decisions(release: Release, *, as_json: bool) -> None:
    """All that people decided of a release: where, what of it, and what they said."""
    corrections = decisions.read_corrections(release.corrections_file)
    characters = decisions.read_cast(release.cast_file)
    if as_json:
        console.print_json({"lines": corrections, "characters": characters})
        return
    rows = [row for correction in corrections for row in _of_line(correction)]
    rows += [row for name, said in characters.items() for row in _of_character(name, said)]
    if not rows:
        console.stdout.print("Nothing was corrected or decided.")
        return
    tables.show((tables.text("where", 14), tables.text("what", 12), tables.text("is", 30)), rows)


def _of_line(correction: LineCorrection) -> Iterator[tuple[str, str, str]]:
    where = f"ep{correction.episode:02d} line {correction.line}"
    if correction.source is not None:
        yield where, "source", correction.source or "(no line)"
    if correction.speaker is not None:
        yield where, "speaker", correction.speaker
    for language, text in correction.translations.items():
        yield where, language, text


def _of_character(name: str, said: CharacterDecision) -> Iterator[tuple[str, str, str]]:
    if said.name:
        yield name, "name", said.name
    if said.same_as:
        yield name, "same as", said.same_as
    for speaker in said.speakers:
        yield name, "speaker", f"ep{speaker.episode:02d} {speaker.speaker}"
    for language, voice in said.voices.items():
        yield name, f"voice {language}", voice
    if said.own_voice is not None:
        yield name, "own voice", f"of {said.own_voice.person}, until {said.own_voice.until}"
