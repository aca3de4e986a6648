"""Translations that lack a part of what is said: found by meaning, and asked for again part by part.

A small model leaves out what it does not understand, and says nothing of it. Its sentence is then nearer in meaning
to the rest of what was said than to all of it. Length alone tells less: languages differ, and so do styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from dubbing.engines import meaning
from dubbing.engines.ports import Translation
from dubbing.engines.translating.text_checks import expected_chars
from dubbing.formats.chinese_words import words
from dubbing.model.language import base
from dubbing.model.review import ReviewItem, ReviewKind

VERSION = 3  # of the rules here

# A translation is nearer to a part of the source than to the whole by this cosine, and not longer than expected.
_NEARER = 0.02
_LONGEST = 0.95
_SAYS = 0.25  # and a translation at all of that part: what is near to nothing is wrong, or lets itself not be compared
# A part that is missed says as much of the line as this, in characters: a name that is called is less.
_LEAST_SHARE = 0.26
# A text without marks is cut if it is not shorter, in letters, and at these shares of it.
_SHORTEST_CHARS = 9
_CUT_AT = (0.35, 0.5, 0.65)
_SPACELESS = {"ja", "th", "zh"}
_CLOSING = "[\\s”’」』\"']*"
_SENTENCE_ENDS = re.compile(rf"(?:[。！？…]+|[.!?]+(?=[\s”’」』\"']|$)){_CLOSING}")
_CLAUSE_ENDS = re.compile(rf"(?:[，；：、。！？…]+|[,;:.!?]+(?=[\s”’」』\"']|$)){_CLOSING}")

REVIEW = ReviewItem(ReviewKind.INCOMPLETE, "A part of what is said may be missing.")
_NOTE = "put together from its parts: one was missing"


def lacks(text: str, translation: str, source: str, target: str) -> bool:
    """Whether a translation seems to lack a part of a text. False where that can't be told."""
    if len(translation) > _LONGEST * expected_chars(text, source, target):
        return False
    rests = list(_rests(text, source)) if revision(source, target) else []
    if not rests:
        return False
    said = meaning.of(translation)
    nearest = max(float(meaning.of(rest) @ said) for rest in rests)
    return nearest > max(_SAYS, float(meaning.of(text) @ said) + _NEARER)


def is_nearer(text: str, translation: str, than: str) -> bool:
    """Whether a translation is nearer in meaning to a text than another. Both languages must be comparable."""
    said = meaning.of(text)
    return float(said @ meaning.of(translation)) > float(said @ meaning.of(than))


def revision(source: str, target: str) -> str:
    """What `lacks` depends on between two languages (BCP-47); empty where it can't tell anything."""
    by = meaning.revision(source, target)
    return by and f"completeness {VERSION} {by}"


def parts(text: str, translation: str, source: str) -> list[str]:
    """The sentences of a text; of a single sentence, its clauses; of a single clause, what a translation says of it
    and the rest. One where it can't be divided."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        found = [part.strip() for part in _divided(text, ends)]
        if len(found) > 1:
            return found
    said = meaning.of(translation)
    halves = [(text[:cut].strip(), text[cut:].strip()) for cut in _cuts(text, source)]
    nearest = max(
        halves, key=lambda pair: max(float(meaning.of(one) @ said) for one in pair), default=(text,)
    )
    return list(nearest)


def joined(said: Sequence[Translation], target: str) -> Translation:
    """The translations of parts as one."""
    space = "" if base(target) in _SPACELESS else " "
    notes = dict.fromkeys(note for part in said for note in part.notes)
    told = [part.confidence for part in said if part.confidence is not None]
    text = space.join(part.text for part in said)
    return Translation(text, (*notes, _NOTE), min(told, default=None))


def _rests(text: str, source: str) -> Iterator[str]:
    """What would be left of a text if a translator had left out a clause, or all from one on, or up to one.

    Transcribers often set no marks: what seems to be one clause is cut between words, about where it may end.
    """
    clauses = _divided(text, _CLAUSE_ENDS)
    count = len(clauses)
    if count == 1:
        for cut in _cuts(text, source):
            yield from (text[:cut].strip(), text[cut:].strip())
    left_out = {(i, i + 1) for i in range(count)}
    left_out |= {(0, i) for i in range(1, count)} | {(i, count) for i in range(1, count)}
    for start, end in sorted(left_out):
        missing, rest = "".join(clauses[start:end]), "".join(clauses[:start] + clauses[end:])
        if rest and _letters(missing) >= _LEAST_SHARE * _letters(text):
            yield rest.strip()


def _cuts(text: str, source: str) -> list[int]:
    """Where a text without marks may be cut: at the ends of words nearest to a third, a half and two thirds of it."""
    if base(source) == "zh":
        found = words(text)
    else:
        found = re.findall(r"\S+\s*", text)
    ends = list(accumulate(map(len, found)))[:-1]
    inside = [end for end in ends if _LEAST_SHARE <= end / len(text) <= 1 - _LEAST_SHARE]
    if _letters(text) < _SHORTEST_CHARS or not inside:
        return []
    return sorted({min(inside, key=lambda end: abs(end - at * len(text))) for at in _CUT_AT})


def _divided(text: str, ends: re.Pattern[str]) -> list[str]:
    """A text in pieces that each say something, cut behind each end."""
    places = [0, *(end.end() for end in ends.finditer(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    return [piece for piece in pieces if _letters(piece)]


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)
