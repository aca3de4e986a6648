"""What may stand in a subtitle, and how much room it takes."""

from __future__ import annotations

import re
import unicodedata

from wcwidth import wcswidth

from dubbing.model.cue import CueRules

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d+:[\d:.]*>|\{\\[^{}]*\}")
_ASS_BREAK = re.compile(r"\\[Nnh]")
# The start of a tag without its end, which may stand in the next line.
_OPEN_TAG = re.compile(r"<(?=[a-zA-Z/]|\d+:)")
_OPEN_ASS = re.compile(r"\{\\+")
# What would start a cue in the middle of a text.
_ARROW = re.compile(r"-->")


def clean(text: str) -> str:
    """One line of plain text: no markup, no control characters, white space made single spaces.

    HTML-like tags, WebVTT voice and time tags and ASS overrides are taken out; what could start one,
    or a cue (`-->`), is replaced by what looks alike; the text is in NFC. Marks that turn the
    direction of writing around are control characters here; joiners, which scripts and emoji need,
    stay. Cleaning twice changes nothing.
    """
    while True:
        cleaned = _ASS_BREAK.sub(" ", _TAG.sub("", text))
        cleaned = _OPEN_TAG.sub("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", cleaned)
        cleaned = _ARROW.sub("\N{RIGHTWARDS ARROW}", _OPEN_ASS.sub("{", cleaned))
        cleaned = "".join(_plain(character) for character in cleaned)
        cleaned = unicodedata.normalize("NFC", " ".join(cleaned.split()))
        if cleaned == text:
            return cleaned
        text = cleaned


def _plain(character: str) -> str:
    if character in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}":
        return character
    category = unicodedata.category(character)
    if category in {"Zl", "Zp", "Zs"} or character in "\t\n\v\f\r\x85":
        return " "
    return "" if category in {"Cc", "Cf", "Cs", "Co", "Cn"} else character


def columns(text: str) -> int:
    """The room that cleaned text takes, in columns (see `CueRules`)."""
    return max(0, wcswidth(text))


def characters(text: str, rules: CueRules) -> float:
    """The length of cleaned text as a language counts it: half a character is a half-width one
    in a language written full-width."""
    return columns(text) / rules.columns_per_char
