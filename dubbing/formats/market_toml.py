"""`configs/markets/<tag>.toml`: what a market wants things called, as data.

A market without a file is served by its nearest relative: es-MX by es-419, zh-TW by zh-Hant.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from dubbing.formats.documents import read_document
from dubbing.formats.language_toml import relatives
from dubbing.model.series import Market, NameWriting

_DESCRIBED = "docs/localization.md"


# The countries of UN M.49's region 419 where Spanish is spoken.
_LATIN_AMERICA = frozenset(
    [
        "AR",
        "BO",
        "CL",
        "CO",
        "CR",
        "CU",
        "DO",
        "EC",
        "GT",
        "HN",
        "MX",
        "NI",
        "PA",
        "PE",
        "PR",
        "PY",
        "SV",
        "UY",
        "VE",
    ]
)


class _MarketDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    names: NameWriting
    notes: list[str] = []
    terms: dict[str, dict[str, str]] = {}


def load_market(folder: Path, tag: str) -> Market:
    """The market of a BCP-47 tag; one without any rules where no file serves it. Raises Rejected."""
    for relative in _relatives(tag):
        file = folder / f"{relative}.toml"
        if file.is_file():
            document = read_document(file, _MarketDocument, _DESCRIBED)
            return Market(tag, document.names, tuple(document.notes), document.terms)
    return Market(tag)


def _relatives(tag: str) -> list[str]:
    language, _, region = tag.partition("-")
    wider = [f"{language}-419"] if region in _LATIN_AMERICA else []
    itself, *others = relatives(tag)
    return [itself, *wider, *others]
