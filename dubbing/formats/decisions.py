"""What people decided, in plain files beside the release: corrections of lines, and the cast.

    # corrections.toml                        # cast.toml
    [[line]]                                  [c1]
    episode = 1                               name = "Shen Qing"
    line = 7                                  voices = { en = "tebukuro", es-419 = "hana" }
    source = "你怎么来了"
    speaker = "s2"
    translation = { en = "Why are you here?" }    [c7]
                                                  same_as = "c1"

                                              [mother]
                                              speakers = ["ep03 s2"]

Both are read in full, so that a typing error is met before any work is done, and written with comments
and order kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from dubbing.errors import Rejected
from dubbing.formats.documents import read_document, read_text
from dubbing.formats.language_toml import normal_tag
from dubbing.model.casting import same_as
from dubbing.model.job import CharacterDecision, Decisions, LineCorrection, OwnVoice, SpeakerAt

_DESCRIBED = "docs/localization.md"
_SPEAKER = re.compile(r"ep0*(\d+) (\S+)")
_NEW = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MACHINES = re.compile(r"[sc]\d+")
_HEARD = re.compile(r"c\d+")  # what the machine calls the characters it heard


class _LineEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    episode: int
    line: int
    source: str | None = None
    speaker: str | None = None
    translation: dict[str, str] = {}
    was: str | None = None  # what the machine had heard there


class _Corrections(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    line: list[_LineEntry] = []


class _OwnVoiceEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    person: str
    purpose: str
    until: date


class _CharacterEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str = ""
    voices: dict[str, str] = {}
    same_as: str = ""
    speakers: list[str] = []
    own_voice: _OwnVoiceEntry | None = None


def read_decisions(cast_file: Path | None, corrections_file: Path | None) -> Decisions:
    """What people decided of a release; nothing where a file doesn't exist. Raises Rejected."""
    characters, corrections = read_cast(cast_file), read_corrections(corrections_file)
    made = {correction.new_speaker for correction in corrections}
    for name, decision in characters.items():
        heard = _HEARD.fullmatch(name) or decision.speakers or decision.same_as
        if not heard and name not in made:
            raise Rejected(
                f"{cast_file}, {name}",
                found="a character that was not heard, without speakers",
                expected="c1, c2, ... as reports name them, or speakers = [...] that are this one",
                remedy="Correct the name, or say which speakers it is.",
            )
    return Decisions(characters, corrections)


def read_corrections(file: Path | None) -> tuple[LineCorrection, ...]:
    """All corrections of a release, none if the file doesn't exist. Raises Rejected."""
    if file is None or not file.exists():
        return ()
    document = read_document(file, _Corrections, _DESCRIBED)
    corrections = []
    seen: set[tuple[int, int]] = set()
    for index, entry in enumerate(document.line):
        if (entry.episode, entry.line) in seen:
            raise Rejected(
                f"{file}, line[{index}]",
                found=f"a second entry for episode {entry.episode}, line {entry.line}",
                expected="one entry a line",
                remedy="Join the two entries.",
            )
        seen.add((entry.episode, entry.line))
        _refuse_speaker(f"{file}, line[{index}].speaker", entry.speaker)
        corrections.append(
            LineCorrection(
                entry.episode,
                entry.line,
                entry.source,
                entry.speaker,
                _by_tag(f"{file}, line[{index}].translation", entry.translation),
                entry.was,
            )
        )
    return tuple(corrections)


def _refuse_speaker(where: str, speaker: str | None) -> None:
    """Raises Rejected for a new speaker who can't be called so."""
    name = LineCorrection(1, 1, speaker=speaker).new_speaker
    if name is not None and (not _NEW.fullmatch(name) or _MACHINES.fullmatch(name)):
        raise Rejected(
            where,
            found=repr(speaker),
            expected="new: and a name of small letters, digits, - and _, as in new:mother; "
            "s1 and c1 are what the machine calls people",
            remedy="Call it so; what reports show is given with --character NAME --name.",
        )


def _by_tag(where: str, given: Mapping[str, str]) -> dict[str, str]:
    """What is given by language, however the tags are spelled. Raises Rejected for one that is none."""
    found: dict[str, str] = {}
    for tag, text in given.items():
        try:
            normal = normal_tag(tag)
        except Rejected as error:
            raise Rejected(
                where, found=repr(tag), expected=error.expected, remedy=error.remedy
            ) from error
        if normal in found:
            raise Rejected(
                where,
                found=f"{normal} twice, once as {tag}",
                expected="one entry a language",
                remedy="Take one of them out.",
            )
        found[normal] = text
    return found


def read_cast(file: Path | None) -> dict[str, CharacterDecision]:
    """Character -> what a person decided of it; empty if the file doesn't exist. Raises Rejected."""
    if file is None or not file.exists():
        return {}
    return _cast_of(file, read_document(file, dict[str, _CharacterEntry], _DESCRIBED))


def _cast_of(file: Path, entries: Mapping[str, _CharacterEntry]) -> dict[str, CharacterDecision]:
    decisions = {
        name: CharacterDecision(
            entry.name,
            _by_tag(f"{file}, {name}.voices", entry.voices),
            entry.same_as,
            tuple(_speaker(file, name, text) for text in entry.speakers),
            _own_voice(file, name, entry.own_voice),
        )
        for name, entry in entries.items()
    }
    _refuse_contradictions(file, decisions)
    return decisions


def _speaker(file: Path, character: str, text: str) -> SpeakerAt:
    found = _SPEAKER.fullmatch(text)
    if found is None:
        raise Rejected(
            f"{file}, {character}.speakers",
            found=repr(text),
            expected='an episode and one of its speakers, as reports show them: "ep03 s2"',
            remedy="Write it so.",
        )
    return SpeakerAt(int(found[1]), found[2])


def _own_voice(file: Path, character: str, entry: _OwnVoiceEntry | None) -> OwnVoice | None:
    if entry is None:
        return None
    if not entry.person.strip() or not entry.purpose.strip():
        raise Rejected(
            f"{file}, {character}.own_voice",
            found="no person or no purpose",
            expected="who allowed their voice to be cloned, and for what",
            remedy="Fill in person and purpose, from the consent that was given in writing.",
        )
    return OwnVoice(entry.person, entry.purpose, entry.until)


def _refuse_contradictions(file: Path, decisions: Mapping[str, CharacterDecision]) -> None:
    """Raises Rejected for what can't all be true, and for somebody who is nobody."""
    said: dict[SpeakerAt, str] = {}
    for name, decision in decisions.items():
        for speaker in decision.speakers:
            if said.setdefault(speaker, name) != name:
                raise Rejected(
                    f"{file}, {name}.speakers",
                    found=f"ep{speaker.episode:02d} {speaker.speaker}, who is {said[speaker]} too",
                    expected="a speaker to be one character",
                    remedy="Take it out of one of them.",
                )
        other = decision.same_as
        if other and not _HEARD.fullmatch(other) and other not in decisions:
            raise Rejected(
                f"{file}, {name}.same_as",
                found=repr(other),
                expected="a character of this series",
                remedy="Name one that reports show, or that this file makes.",
            )
        try:
            same_as(name, decisions)
        except ValueError as error:
            raise Rejected(
                f"{file}, {name}.same_as",
                found=str(error),
                expected="each to be the same as one that is itself",
                remedy="Take same_as out of one of them.",
            ) from error


def correct_line(file: Path, correction: LineCorrection) -> None:
    """Adds a correction to the file; of the same line, what is given anew takes the old one's place."""
    read_corrections(file)  # a file that can't be read is not written over
    _refuse_speaker("--speaker", correction.speaker)
    document = _parse(file)
    entries = document.setdefault("line", tomlkit.aot())
    entry = next(
        (e for e in entries if (e["episode"], e["line"]) == (correction.episode, correction.line)),
        None,
    )
    if entry is None:
        entry = tomlkit.table()
        entry["episode"] = correction.episode
        entry["line"] = correction.line
        entries.append(entry)
        entry = entries[-1]
    if correction.source is not None:
        entry["source"] = correction.source
    if correction.speaker is not None:
        entry["speaker"] = correction.speaker
    if correction.translations:
        translations = entry.setdefault("translation", tomlkit.inline_table())
        for language, text in correction.translations.items():
            _set(translations, language, text)
    if correction.was is not None and "was" not in entry:
        entry["was"] = correction.was
    _write(file, document)


def undo_line(file: Path, episode: int, line: int, language: str | None = None) -> bool:
    """Takes back what was corrected of a line, or its translation into one language alone.

    False if nothing of that was corrected. Raises Rejected for a file that can't be read.
    """
    read_corrections(file)
    document = _parse(file)
    entries = document.get("line", [])
    for index, entry in enumerate(entries):
        if (entry["episode"], entry["line"]) != (episode, line):
            continue
        if language is not None and not _drop(entry, "translation", language):
            return False
        if language is None or not entry.keys() & {"source", "speaker", "translation"}:
            del entries[index]
        _write(file, document)
        return True
    return False


def undo_character(file: Path, character: str, language: str | None = None) -> bool:
    """Takes back what was decided of a character, or its voice in one language alone.

    False if nothing of that was decided. Raises Rejected for what can't be without it.
    """
    read_cast(file)
    document = _parse(file)
    if character not in document:
        return False
    if language is not None and not _drop(document[character], "voices", language):
        return False
    if language is None or not document[character]:
        del document[character]
    text = tomlkit.dumps(document)
    _cast_of(file, msgspec.toml.decode(text, type=dict[str, _CharacterEntry]))
    _write(file, document)
    return True


def _drop(entry: Any, field: str, language: str) -> bool:
    tags = [tag for tag in entry.get(field, {}) if normal_tag(tag) == language]
    for tag in tags:
        del entry[field][tag]
    if tags and not entry[field]:
        del entry[field]
    return bool(tags)


def _set(table: Any, language: str, text: str) -> None:
    """Writes what is given for a language in the place of what was, however its tag was spelled."""
    same = [tag for tag in table if normal_tag(tag) == language]
    table[same[0] if same else language] = text


def join_characters(file: Path, character: str, other: str) -> None:
    """Has a character be the same as another one. Raises Rejected for what can't be."""
    read_cast(file)
    document = _parse(file)
    document.setdefault(character, tomlkit.table())["same_as"] = other
    text = tomlkit.dumps(document)
    _cast_of(file, msgspec.toml.decode(text, type=dict[str, _CharacterEntry]))
    _write(file, document)


def move_speaker(file: Path, speaker: SpeakerAt, character: str) -> None:
    """Has a speaker of an episode be a character: one that is known, or a new one of that name.

    Raises Rejected for what can't be.
    """
    read_cast(file)
    document = _parse(file)
    text = f"ep{speaker.episode:02d} {speaker.speaker}"
    for name, entry in list(document.items()):
        if text in entry.get("speakers", []):
            entry["speakers"].remove(text)
            if not entry["speakers"] and not _HEARD.fullmatch(name):
                del document[name]  # who was told apart is nobody again
    document.setdefault(character, tomlkit.table()).setdefault("speakers", []).append(text)
    text = tomlkit.dumps(document)
    _cast_of(file, msgspec.toml.decode(text, type=dict[str, _CharacterEntry]))
    _write(file, document)


def decide_voice(file: Path, character: str, language: str, voice: str) -> None:
    """Gives a character a voice in a language."""
    read_cast(file)
    document = _parse(file)
    entry = document.setdefault(character, tomlkit.table())
    _set(entry.setdefault("voices", tomlkit.inline_table()), language, voice)
    _write(file, document)


def name_character(file: Path, character: str, name: str) -> None:
    """Gives a character the name that reports show."""
    read_cast(file)
    document = _parse(file)
    document.setdefault(character, tomlkit.table())["name"] = name
    _write(file, document)


def _parse(file: Path) -> tomlkit.TOMLDocument:
    return tomlkit.parse(read_text(file)) if file.exists() else tomlkit.document()


def _write(file: Path, document: tomlkit.TOMLDocument) -> None:
    written = tomlkit.dumps(document).encode(
        "utf-8"
    )  # before anything is written: it may not be text
    partial = file.with_name(f".{file.name}.part")
    with partial.open("wb") as out:
        out.write(written)
        out.flush()
        os.fsync(out.fileno())
    partial.rename(file)
