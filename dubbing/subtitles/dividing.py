"""A sentence's translation, divided over the lines that say the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from dubbing.formats.subtitle_text import columns
from dubbing.model.cue import CueRules
from dubbing.subtitles.breaks import PROTECTED, atoms, join

_WIDEST = 10_000  # columns: no text is chopped here
_OFF = 45  # points for a place that is off by all of the text; a break between words costs 10


def divide(text: str, shares: Sequence[int], rules: CueRules) -> tuple[str, ...]:
    """A text in as many parts as there are shares, each about as long as its share, in the best places.

    Joined again, the parts are the text. None where there are too few places to divide it.
    """
    pieces = atoms(text, rules, _WIDEST)
    count, parts = len(pieces), len(shares)
    if count < parts:
        return ()
    ends = list(accumulate((max(1, columns(piece.text)) for piece in pieces), initial=0))
    wanted = list(accumulate(shares))
    # For each place, the cheapest way to have so many parts end there, and where the last of them starts.
    ways: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for part in range(1, parts):
        reached: dict[int, tuple[float, int]] = {}
        for place in range(part, count - (parts - part) + 1):
            off = abs(ends[place] / ends[-1] - wanted[part - 1] / wanted[-1])
            cost = min(pieces[place].cost, PROTECTED) + _OFF * off
            reached[place] = min(
                (before + cost, start) for start, (before, _) in ways[-1].items() if start < place
            )
        ways.append(reached)
    places = [min(ways[-1], key=lambda place: ways[-1][place][0])]
    for part in range(parts - 1, 0, -1):
        places.insert(0, ways[part][places[0]][1])
    starts, stops = places, [*places[1:], count]
    return tuple(
        join([replace(pieces[start], space=False), *pieces[start + 1 : stop]])
        for start, stop in zip(starts, stops, strict=True)
    )
