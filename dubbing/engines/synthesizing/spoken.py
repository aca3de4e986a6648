"""Text as it is spoken: what engines are given instead of what people read.

Subtitles carry things that nobody says (stage directions, music notes, capitals for shouting). A
speaking engine spells them out or stumbles over them, so they go, and nothing else does. Numbers are put into words.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping

from dubbing.engines.synthesizing.spoken_numbers import in_words

_DIRECTIONS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|【[^【】]*】|<[^<>]*>")
_UNSPOKEN = re.compile(r"[“”„«»\"『』「」《》〈〉*_#~～^|\\{}`]")
_REPLACEMENTS = (
    (re.compile(r"\.{2,}|…+|。{2,}"), "…"),
    (re.compile(r"\s*(?:[—–―]+|--+)\s*"), ", "),
    (re.compile(r"([!?！？])[!?！？]+"), r"\1"),
    (re.compile(r"\bs+h{2,}\b", re.IGNORECASE), "sh"),
)
_LAUGHTER = re.compile(
    r"\b(?:a?(?:h[aeiáéí]){2,}h?|a?(?:ha){2,}h?|(?:j[aeiáéí]){2,}j?|k{3,}|(?:rs){2,}|(?:wk){2,}w?)\b",
    re.IGNORECASE,
)
# How a language writes a laugh so that it is read as one: the h is silent in some.
_LAUGHS: Mapping[str, str] = {"es": "ja, ja, ja", "pt": "rá, rá, rá"}
_LAUGH = "ha, ha, ha"


def spoken(text: str, language: str) -> str:
    """The text to speak in a language (BCP-47): one line, "" if there is nothing to say."""
    text = unicodedata.normalize("NFC", text)
    text = in_words(text, language)
    text = _UNSPOKEN.sub(" ", _DIRECTIONS.sub(" ", text))
    text = "".join(" " if _is_symbol(character) else character for character in text)
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    text = _LAUGHTER.sub(_LAUGHS.get(language.split("-")[0], _LAUGH), text)
    text = " ".join(_unshouted(text.split()))
    text = re.sub(r"\s+([,.!?;:…])", r"\1", text)
    text = re.sub(r"^[\s,.;:…]+|[\s,;:]+$", "", text)
    return text if any(character.isalnum() for character in text) else ""


def _is_symbol(character: str) -> bool:
    """Emoji, arrows, musical notes, control characters: named aloud by engines, or worse."""
    category = unicodedata.category(character)
    return (category == "So" and character != "°") or category in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _unshouted(words: list[str]) -> list[str]:
    """Capitals that only stand for shouting, in small letters.

    Two words in capitals in a row are shouted, and so is a text of nothing else; "the CEO" stays.
    """
    everything = all(not word.upper().isupper() or word.isupper() for word in words)
    quiet: list[str] = []
    for capital, group in itertools.groupby(words, key=str.isupper):
        run = list(group)
        shouted = capital and (len(run) > 1 or everything) and run != ["I"]
        quiet += [word.lower() if shouted else word for word in run]
    return quiet
