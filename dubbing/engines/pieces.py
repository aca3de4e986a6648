"""Splits long texts into pieces that a network can take."""

from __future__ import annotations

import re

_CUTS = (re.compile(r"[。！？…]|[.!?](?=\s)"), re.compile(r"[，；：、,;:]"), re.compile(r"\s"))


def pieces(text: str, max_chars: int) -> list[str]:
    """A text in pieces of at most so many characters, cut after a sentence, a clause or a word."""
    found: list[str] = []
    while len(text) > max_chars:
        cuts = (
            max((match.end() for match in pattern.finditer(text, 0, max_chars)), default=0)
            for pattern in _CUTS
        )
        cut = next((cut for cut in cuts if cut), max_chars)
        found.append(text[:cut].strip())
        text = text[cut:].strip()
    return [piece for piece in (*found, text) if piece]
