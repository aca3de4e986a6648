"""When each part of a text is said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from dubbing.formats.subtitle_text import columns
from dubbing.model.speech import Word
from dubbing.model.time import Span, merge
from dubbing.subtitles.breaks import CLAUSE, Atom

PAUSE_MS = 250  # a silence between words that is heard as one
_SNAP_SHARE = 0.25  # of the line: how far a clause is moved to the pause it belongs to


def atom_spans(pieces: Sequence[Atom], span: Span, words: Sequence[Word]) -> list[Span]:
    """When each atom of a text spoken over `span` is said; in order, none overlapping.

    By the times of the words where they are the text. Where they are not (a translation, a text that a
    person rewrote), time is shared out by width, and the end of a clause moved to a pause near it.
    """
    if not pieces:
        return []
    exact = _by_words(pieces, span, words)
    return exact if exact is not None else _by_width(pieces, span, words)


def _by_words(pieces: Sequence[Atom], span: Span, words: Sequence[Word]) -> list[Span] | None:
    letters = [
        (character, word) for word in words for character in word.text if not character.isspace()
    ]
    written = [character for atom in pieces for character in atom.text]
    spoken = [character for character, _ in letters]
    if not letters or [c for c in written if not c.isspace()] != spoken:
        return None
    spans, offset, last_ms = [], 0, span.start_ms
    for atom in pieces:
        length = sum(not character.isspace() for character in atom.text)
        start_ms = max(last_ms, letters[offset][1].span.start_ms)
        offset += length
        last_ms = max(start_ms, letters[offset - 1][1].span.end_ms)
        spans.append(Span(start_ms, last_ms))
    return spans


def _by_width(pieces: Sequence[Atom], span: Span, words: Sequence[Word]) -> list[Span]:
    *edges, total = accumulate((max(1, columns(atom.text)) for atom in pieces), initial=0)

    def guess(edge: float) -> float:
        return span.start_ms + span.duration_ms * edge / total

    # The longest pause first takes the clause whose end is nearest to it.
    pauses = sorted(
        (pause for pause in _pauses(span, words)), key=lambda p: (-p.duration_ms, p.start_ms)
    )
    clauses = {k for k, atom in enumerate(pieces) if k and atom.cost <= CLAUSE}
    anchors = {0: Span(span.start_ms, span.start_ms)}
    for pause in pauses:
        middle = (pause.start_ms + pause.end_ms) / 2
        fitting = [
            k
            for k in clauses - anchors.keys()
            if abs(guess(edges[k]) - middle) <= _SNAP_SHARE * span.duration_ms
            and all((k < other) == (pause < taken) for other, taken in anchors.items())
        ]
        if fitting:
            anchors[min(fitting, key=lambda k: (abs(guess(edges[k]) - middle), k))] = pause
    marks = [*sorted(anchors.items()), (len(pieces), Span(span.end_ms, span.end_ms))]
    widths = [*edges, total]
    spans: list[Span] = []
    for (first, before), (last, after) in pairwise(marks):
        start_ms, room_ms = before.end_ms, after.start_ms - before.end_ms
        width = widths[last] - widths[first]
        moments = [
            start_ms + room_ms * (widths[k] - widths[first]) // width
            for k in range(first, last + 1)
        ]
        spans += [Span(a, b) for a, b in pairwise(moments)]
    return spans


def _pauses(span: Span, words: Sequence[Word]) -> list[Span]:
    """The silences within `span` that are long enough to be heard."""
    inside = [
        w.span for w in words if span.start_ms <= w.span.start_ms and w.span.end_ms <= span.end_ms
    ]
    voiced = merge(inside, gap_ms=PAUSE_MS - 1)
    return [Span(a.end_ms, b.start_ms) for a, b in pairwise(voiced)]
