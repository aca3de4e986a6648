"""`configs/languages/<tag>.toml`: what is known of each language, as data.

A regional variety (`es-419`) is a file too, and says only what differs from its language (`es`). A tag
without a file of its own is served by its nearest relative: es-MX by es, zh-TW by zh-Hant.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import langcodes
import msgspec
from langcodes.tag_parser import LanguageTagError

from dubbing.errors import Rejected
from dubbing.formats.documents import read_text
from dubbing.model.cue import CueRules
from dubbing.model.language import Language

# Codes of ISO 639 for what is not known, several languages, none, and what languages lack.
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})


def load_language(folder: Path, tag: str) -> Language:
    """The language of a BCP-47 tag, its tag normalized (`pt-br` is pt-BR) and else as asked.

    Raises Rejected for a tag that is not BCP-47, a language without a file, and a file with a key that
    is unknown, missing or of the wrong type.
    """
    asked = normal_tag(tag)
    for relative in relatives(asked):
        if _file(folder, relative).is_file():
            return _language(folder, relative, asked)
    raise Rejected(
        f"language {tag}",
        found="no such language",
        expected="one of " + ", ".join(_tags(folder)),
        remedy=f"Choose one of these, or describe it in {_file(folder, asked)}.",
    )


def all_languages(folder: Path) -> tuple[Language, ...]:
    """Every language that has a file, by tag. Raises Rejected like `load_language`."""
    return tuple(_language(folder, tag, tag) for tag in _tags(folder))


def relatives(tag: str) -> list[str]:
    """A tag and those that may stand for it, nearest first: zh-TW, zh-Hant, zh."""
    parsed = langcodes.Language.get(tag).prefer_macrolanguage()
    written = parsed.maximize().script
    return [tag, f"{parsed.language}-{written}", str(parsed.language)]


def normal_tag(tag: str) -> str:
    """A BCP-47 tag in its usual form, however it is spelled: EN is en, pt_br is pt-BR, cmn is zh.

    Raises Rejected if it is none, or names no language.
    """
    try:
        normal = langcodes.standardize_tag(tag.strip())
        parsed = langcodes.Language.get(normal)
        valid = parsed.is_valid() and (parsed.language or "und") not in _NO_LANGUAGE
    except LanguageTagError:
        valid = False
    if valid and parsed.language == "cmn":  # Mandarin: what zh means wherever nothing else is said
        normal = normal.replace("cmn", "zh", 1)
    if not valid:
        raise Rejected(
            f"language {tag!r}",
            found="not a language tag",
            expected="BCP-47, such as en, pt-BR or es-419",
            remedy="Write the language as such a tag.",
        )
    return normal


def _language(folder: Path, tag: str, asked: str) -> Language:
    file = _file(folder, tag)
    entry = _parse(file)
    base = _file(folder, tag.split("-")[0])
    if base != file:
        general = _parse(base)
        cues = {**general.get("cues", {}), **entry.get("cues", {})}
        entry = {**general, **entry, "cues": cues}
    _check_keys(file, entry, Language, given=frozenset({"tag"}))
    _check_keys(file, entry["cues"], CueRules, prefix="cues.")
    try:
        return msgspec.convert({**entry, "tag": asked}, Language)
    except msgspec.ValidationError as error:
        raise Rejected(
            str(file),
            found=str(error),
            expected="a value of the type that configs/languages/en.toml shows",
            remedy="Mend the value.",
        ) from error


def _check_keys(
    file: Path,
    entry: object,
    kind: type[Language] | type[CueRules],
    *,
    given: frozenset[str] = frozenset(),
    prefix: str = "",
) -> None:
    """Every key is a field, and every field without a default has a key."""
    found = set(entry) if isinstance(entry, dict) else set()
    known = {field.name for field in fields(kind)} - given
    needed = {field.name for field in fields(kind) if field.default is MISSING} - given
    for keys, what in ((found - known, "an unknown key"), (needed - found, "a missing key")):
        if keys:
            raise Rejected(
                str(file),
                found=f"{what}: " + ", ".join(prefix + key for key in sorted(keys)),
                expected="the keys " + ", ".join(prefix + field for field in sorted(known)),
                remedy="Mend the key's name, or take it out." if keys & found else "Add it.",
            )


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Rejected(
            str(file), found=str(error), expected="TOML in UTF-8", remedy="Mend the file."
        ) from error


def _file(folder: Path, tag: str) -> Path:
    return folder / f"{tag}.toml"


def _tags(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))
