"""What people decided, in plain files beside the release: corrections of lines, and the cast.

    # corrections.toml                        # cast.toml
    [[line]]                                  [c1]
    episode = 1                               name = "Shen Qing"
    line = 7                                  voices = { en = "tebukuro", es-419 = "hana" }
    source = "你怎么来了"
    speaker = "s2"
    translation = { en = "Why are you here?" }

Both are read in full, so that a typing error is met before any work is done, and written with comments
and order kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import tomlkit

from dubbing.errors import Rejected
from dubbing.formats.documents import read_document
from dubbing.model.job import CharacterDecision, Decisions, LineCorrection

_DESCRIBED = "docs/localization.md"


class _LineEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    episode: int
    line: int
    source: str | None = None
    speaker: str | None = None
    translation: dict[str, str] = {}


class _Corrections(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    line: list[_LineEntry] = []


class _CharacterEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str = ""
    voices: dict[str, str] = {}


def read_decisions(cast_file: Path | None, corrections_file: Path | None) -> Decisions:
    """What people decided of a release; nothing where a file doesn't exist. Raises Rejected."""
    return Decisions(read_cast(cast_file), read_corrections(corrections_file))


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
        corrections.append(
            LineCorrection(
                entry.episode, entry.line, entry.source, entry.speaker, entry.translation
            )
        )
    return tuple(corrections)


def read_cast(file: Path | None) -> dict[str, CharacterDecision]:
    """Character -> what a person decided of it; empty if the file doesn't exist. Raises Rejected."""
    if file is None or not file.exists():
        return {}
    entries = read_document(file, dict[str, _CharacterEntry], _DESCRIBED)
    return {name: CharacterDecision(entry.name, entry.voices) for name, entry in entries.items()}


def correct_line(file: Path, correction: LineCorrection) -> None:
    """Adds a correction to the file; of the same line, what is given anew takes the old one's place."""
    read_corrections(file)  # a file that can't be read is not written over
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
            translations[language] = text
    _write(file, document)


def decide_voice(file: Path, character: str, language: str, voice: str) -> None:
    """Gives a character a voice in a language."""
    read_cast(file)
    document = _parse(file)
    entry = document.setdefault(character, tomlkit.table())
    entry.setdefault("voices", tomlkit.inline_table())[language] = voice
    _write(file, document)


def name_character(file: Path, character: str, name: str) -> None:
    """Gives a character the name that reports show."""
    read_cast(file)
    document = _parse(file)
    document.setdefault(character, tomlkit.table())["name"] = name
    _write(file, document)


def _parse(file: Path) -> tomlkit.TOMLDocument:
    return tomlkit.parse(file.read_text("utf-8")) if file.exists() else tomlkit.document()


def _write(file: Path, document: tomlkit.TOMLDocument) -> None:
    partial = file.with_name(f".{file.name}.part")
    with partial.open("w", encoding="utf-8") as out:
        out.write(tomlkit.dumps(document))
        out.flush()
        os.fsync(out.fileno())
    partial.rename(file)
