"""The glossary of a release, a CSV file as spreadsheets write it.

    source,language,target,note
    沈清,en,Shen Qing,the heroine

Excel puts a byte order mark in front, or writes GB18030; separates with semicolons or tabs where the comma is
the decimal mark; and leaves empty rows and columns behind. All of these are read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import langcodes
from langcodes.tag_parser import LanguageTagError

from dubbing.errors import Rejected
from dubbing.formats.chinese_script import simplify
from dubbing.formats.documents import read_text
from dubbing.model.episode import Term

GLOSSARY_COLUMNS = ("source", "language", "target", "note")
_SEPARATORS = ",;\t"


def read_glossary(file: Path) -> tuple[Term, ...]:
    """The terms of a glossary file, none if it doesn't exist. Raises Rejected that names the line.

    Tags of languages come back in their usual form: `pt_br` is pt-BR.
    """
    if not file.exists():
        return ()
    try:
        return _terms(file)
    except csv.Error as error:
        raise Rejected(
            str(file),
            found=f"text that is not CSV ({error})",
            expected=",".join(GLOSSARY_COLUMNS),
            remedy="Save the file as CSV again.",
        ) from None


def _terms(file: Path) -> tuple[Term, ...]:
    rows = _rows(_text(file))
    number, header = next(rows, (1, []))
    columns = tuple(name.casefold() for name in header)
    if columns not in (GLOSSARY_COLUMNS, GLOSSARY_COLUMNS[:3]):
        raise Rejected(
            f"{file}, line {number}",
            found=",".join(header) or "nothing",
            expected=",".join(GLOSSARY_COLUMNS),
            remedy="Make this header the first line.",
        )
    given: dict[tuple[str, str], tuple[int, Term]] = {}
    for line, row in rows:
        term = _term(f"{file}, line {line}", row, len(columns))
        # The same word in simplified and in traditional characters is one term.
        key = simplify(term.source).casefold(), term.language
        before, first = given.setdefault(key, (line, term))
        if first.target != term.target:
            raise Rejected(
                f"{file}, line {line}",
                found=f"{term.source} is {term.target!r} in {term.language}, "
                f"and {first.target!r} in line {before}",
                expected="one target for a term in a language",
                remedy="Take one of the two lines out.",
            )
    return tuple(term for _, term in given.values())


def _term(where: str, row: Sequence[str], columns: int) -> Term:
    source, language, target, note = (*row, "", "", "", "")[:4]
    if len(row) > columns or not (source and target):
        raise Rejected(
            where,
            found=",".join(row),
            expected="a source, a language and a target",
            remedy="Fill in the missing field; quote text that holds a comma.",
        )
    try:
        tag = langcodes.standardize_tag(language)
        valid = langcodes.tag_is_valid(tag)
    except LanguageTagError:
        valid = False
    if not valid:
        raise Rejected(
            where,
            found=f"the language {language!r}",
            expected="a BCP-47 language tag such as es-419",
            remedy="Correct the tag.",
        )
    return Term(source, tag, target, note)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, each with its line, without spaces around fields and empty fields at the end."""
    first = text.lstrip().split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)  # of none at all, the comma
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in reader:
        fields = [field.strip().strip("\ufeff") for field in row]
        while fields and not fields[-1]:
            fields.pop()
        if fields:
            yield reader.line_num, fields


def _text(file: Path) -> str:
    """UTF-8; UTF-16 with its mark, which Excel calls Unicode text; GB18030 if nothing in it is rare.

    What is neither is refused: bytes of Big5 or Windows-1252, read as GB18030, are characters that GB 2312,
    the 6,763 in use, does not have.
    """
    content = file.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
            text.encode("gb2312")
        except UnicodeError:
            pass
        else:
            return text
    return read_text(file)
