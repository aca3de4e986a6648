"""Translations that lack a part of what is said: found by meaning, and asked for again part by part.

A small model leaves out what it does not understand, and says nothing of it. Its sentence is then nearer in meaning
to the rest of what was said than to all of it. Length alone tells less: languages differ, and so do styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from dubbing.engines import meaning
from dubbing.engines.ports import Translation
from dubbing.engines.translating.text_checks import expected_chars
from dubbing.model.language import base
from dubbing.model.review import ReviewItem, ReviewKind

VERSION = 1  # of the rules here

# A translation is nearer to a part of the source than to the whole by this cosine, and not longer than expected.
_NEARER = 0.02
_LONGEST = 0.95
_SAYS = 0.25  # and a translation at all of that part: what is near to nothing is wrong, or lets itself not be compared
# A part that is missed says as much of the line as this, in characters: a name that is called is less.
_LEAST_SHARE = 0.26
_SPACELESS = {"ja", "th", "zh"}
_CLOSING = "[\\s”’」』\"']*"
_SENTENCE_ENDS = re.compile(rf"(?:[。！？…]+|[.!?]+(?=[\s”’」』\"']|$)){_CLOSING}")
_CLAUSE_ENDS = re.compile(rf"(?:[，；：、。！？…]+|[,;:.!?]+(?=[\s”’」』\"']|$)){_CLOSING}")

REVIEW = ReviewItem(ReviewKind.INCOMPLETE, "A part of what is said may be missing.")
_NOTE = "put together from its parts: one was missing"


def lacks(text: str, translation: str, source: str, target: str) -> bool:
    """Whether a translation seems to lack a part of a text. False where that can't be told."""
    rests = list(_rests(text))
    if not rests or not revision(source, target):
        return False
    if len(translation) > _LONGEST * expected_chars(text, source, target):
        return False
    said = meaning.of(translation)
    nearest = max(float(meaning.of(rest) @ said) for rest in rests)
    return nearest > max(_SAYS, float(meaning.of(text) @ said) + _NEARER)


def revision(source: str, target: str) -> str:
    """What `lacks` depends on between two languages (BCP-47); empty where it can't tell anything."""
    by = meaning.revision(source, target)
    return by and f"completeness {VERSION} {by}"


def parts(text: str) -> list[str]:
    """The sentences of a text; of a single sentence, its clauses. One where it can't be divided."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        found = [part.strip() for part in _divided(text, ends)]
        if len(found) > 1:
            return found
    return [text]


def joined(said: Sequence[Translation], target: str) -> Translation:
    """The translations of parts as one."""
    space = "" if base(target) in _SPACELESS else " "
    notes = dict.fromkeys(note for part in said for note in part.notes)
    told = [part.confidence for part in said if part.confidence is not None]
    text = space.join(part.text for part in said)
    return Translation(text, (*notes, _NOTE), min(told, default=None))


def _rests(text: str) -> Iterator[str]:
    """What would be left of a text if a translator had left out a clause, or all from one on, or up to one."""
    clauses = _divided(text, _CLAUSE_ENDS)
    count = len(clauses)
    left_out = {(i, i + 1) for i in range(count)}
    left_out |= {(0, i) for i in range(1, count)} | {(i, count) for i in range(1, count)}
    for start, end in sorted(left_out):
        missing, rest = "".join(clauses[start:end]), "".join(clauses[:start] + clauses[end:])
        if rest and _letters(missing) >= _LEAST_SHARE * _letters(text):
            yield rest.strip()


def _divided(text: str, ends: re.Pattern[str]) -> list[str]:
    """A text in pieces that each say something, cut behind each end."""
    places = [0, *(end.end() for end in ends.finditer(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    return [piece for piece in pieces if _letters(piece)]


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)
