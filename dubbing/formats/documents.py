"""JSON and TOML files that people write, read in full: one mistake, one message that names its place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from dubbing.errors import Rejected

T = TypeVar("T")


def read_text(file: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises Rejected."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise Rejected(
            str(file),
            found="no such file",
            expected=f"a file of the kind {file.suffix}",
            remedy="Correct the path.",
        ) from None
    except UnicodeDecodeError as error:
        raise Rejected(
            str(file),
            found=f"a byte that is not UTF-8 at position {error.start}",
            expected="text in UTF-8",
            remedy="Save the file as UTF-8 (a spreadsheet calls it 'CSV UTF-8').",
        ) from error


def read_document(file: Path, kind: type[T], described_in: str) -> T:
    """A `.json` or `.toml` file as an object. Raises Rejected for what isn't as the type says.

    Types that forbid unknown fields have typing errors in keys met as well.
    """
    text = read_text(file)
    decode = msgspec.json.decode if file.suffix == ".json" else msgspec.toml.decode
    try:
        return decode(text.encode(), type=kind)
    except msgspec.DecodeError as error:  # ValidationError is one of these
        problem, _, place = str(error).partition(" - at ")
        raise Rejected(
            f"{file}, {place.strip('`')}" if place else str(file),
            found=problem[:1].lower() + problem[1:],
            expected=f"what {described_in} describes",
            remedy="Correct or remove this entry.",
        ) from error
