"""A series' translation memory: which of the lines that people translated a line is, or is like."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from dubbing.model.series import Place, Remembered

_FEWEST_LETTERS = 2  # shorter lines (嗯, 好) are said in as many ways as there are scenes
_ALIKE = 0.7
_MOST_ALIKE = 3


def same(text: str, at: Place, memory: Iterable[Remembered]) -> Remembered | None:
    """The translation of the very same line, marks and spaces aside: of several the last before it, or else the first."""
    bare = _bare(text)
    if len(bare) < _FEWEST_LETTERS:
        return None
    found = sorted((r for r in memory if _bare(r.source) == bare), key=lambda r: r.place)
    before = [r for r in found if r.place <= at]
    return before[-1] if before else found[0] if found else None


def alike(text: str, memory: Sequence[Remembered]) -> list[Remembered]:
    """The lines most like a text but not the same, at most three, the most alike first."""
    bare = _bare(text)
    scored = []
    for one in memory:
        other = _bare(one.source)
        if other != bare:
            likeness = SequenceMatcher(None, bare, other, autojunk=False).ratio()
            scored.append((-likeness, one.place, one))
    close = sorted((s for s in scored if -s[0] >= _ALIKE), key=lambda s: s[:2])
    return [one for _, _, one in close[:_MOST_ALIKE]]


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
