"""Where a text may be broken, how good each place is, and the best lines of it."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import budoux
from budoux.parser import Parser
from wcwidth import iter_graphemes

from dubbing.formats.chinese_words import inside_words
from dubbing.formats.subtitle_text import columns
from dubbing.model.cue import CueRules

# What it costs to break at a place; only their order and rough proportions matter.
SENTENCE = 0  # after the end of a sentence
CLAUSE = 1  # after a comma and the like
CONJUNCTION = 4  # before a conjunction
PREPOSITION = 6  # before a preposition
WORD = 10  # anywhere else between two words
UNSURE = 25  # between what the segmenter only just holds for two words
LINK = 30  # after a conjunction or preposition
NAME = 40  # between two words that look like one name
BOUND = 60  # after an article, before a particle
PROTECTED = 300  # inside a name or term of the series
INSIDE_WORD = 1000  # only for a word longer than a line

_IMBALANCE = 30  # two lines of which one is empty; by the square of the difference
_CARRIED_OVER = 6  # a line that ends one sentence and starts another, broken elsewhere
_TOP_HEAVY = 3  # the upper line being the longer one, which hides more of the picture

# How much surer than even BudouX must be of a boundary for it to count as one between words: at this
# margin 9 % of its boundaries in Chinese lie inside a word of a dictionary, at none 16 %.
_SURE_MARGIN = 1000

_CLOSING = "\"'”’»)]}）」』】〉》］｝"
_OPENING = "\"'“‘«([{（「『【〈《［｛¿¡"
_SENTENCE_END = re.compile(rf"[.!?…。！？؟]+[{re.escape(_CLOSING)}]*$")
_CLAUSE_END = re.compile(
    rf"[,;:—–،؛，、；：][{re.escape(_CLOSING)}]*$|[…～~][{re.escape(_CLOSING)}]*$"
)
# No line starts or ends with these (JIS X 4051 and GB/T 15834 call it kinsoku and the like).
_NEVER_FIRST = frozenset(
    "。，、．！？：；…‥・ー～〜—–,.!?:;%％々ゝゞぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮๆฯ"
) | (frozenset(_CLOSING) - frozenset("\"'"))
_NEVER_LAST = frozenset(_OPENING) - frozenset("\"'")


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of text that is not broken."""

    text: str  # without white space around it
    space: bool  # whether white space stands before it
    cost: int  # of a break before it


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a text, and what their breaks cost."""

    lines: tuple[str, ...]
    cost: float


def atoms(
    text: str, rules: CueRules, max_columns: int, protected: Collection[str] = ()
) -> list[Atom]:
    """Cleaned text in pieces, none wider than `max_columns` and none empty.

    `protected` are names and terms that should stay on one line. Joined again, with a space where
    `space` says so, the atoms are the text.
    """
    inside = _inside(text, {*protected, *rules.kept_together}, rules)
    edges = {edge for term in inside for edge in (term.start, term.stop)}
    cuts = sorted(_cuts(text, rules) | (set() if rules.spaces else edges & _unspaced_cuts(text)))
    unsure = _unsure(text, rules)
    pieces: list[Atom] = []
    for start, end in pairwise([0, *cuts, len(text)]):
        piece = text[start:end].strip()
        if not piece:
            continue
        cost = SENTENCE
        if pieces:
            cost = _cost(pieces[-1], piece, text, start, rules)
            if cost == WORD and start in unsure:
                cost = UNSURE
            if any(term.start < start < term.stop for term in inside):
                cost = PROTECTED
        space = start > 0 and text[start - 1 : start + 1].strip() != text[start - 1 : start + 1]
        pieces += _chop(Atom(piece, space, cost), max_columns)
    return pieces


def join(pieces: Sequence[Atom]) -> str:
    """The text of atoms."""
    return "".join((" " if a.space and i else "") + a.text for i, a in enumerate(pieces))


def line(pieces: Sequence[Atom], rules: CueRules) -> str:
    """The text of atoms as one line: without the punctuation that the line's end stands for."""
    text = join(pieces)
    return text.rstrip(rules.dropped_at_line_end + " ") or text


def lay_out(
    pieces: Sequence[Atom], rules: CueRules, max_columns: int, *, prefix: str = ""
) -> Layout | None:
    """The best lines of at most `rules.lines`, or None where the text takes more.

    One line if it fits; else broken at the place that costs least, the lines of about equal width
    and the lower one rather the wider.
    """
    whole = prefix + line(pieces, rules)
    if columns(whole) <= max_columns:
        return Layout((whole,), 0)
    if rules.lines < 2:
        return None
    best: Layout | None = None
    for at in range(1, len(pieces)):
        upper, lower = prefix + line(pieces[:at], rules), line(pieces[at:], rules)
        widths = columns(upper), columns(lower)
        if max(widths) > max_columns:
            continue
        imbalance = _IMBALANCE * (1 - min(widths) / max(widths)) ** 2
        top_heavy = _TOP_HEAVY if widths[0] > widths[1] else 0
        ends = any(pieces[k].cost == SENTENCE for k in range(1, len(pieces)) if k != at)
        cost = pieces[at].cost + imbalance + top_heavy + (_CARRIED_OVER if ends else 0)
        if best is None or cost < best.cost:
            best = Layout((upper, lower), cost)
    return best


def fill(
    pieces: Sequence[Atom], rules: CueRules, max_columns: int, *, prefix: str = ""
) -> tuple[str, ...]:
    """As many lines as it takes, each filled. The last resort: it keeps every word.

    A first line without room for the prefix goes without.
    """
    lines: list[str] = []
    start = 0
    for end in range(1, len(pieces) + 1):
        room = max_columns if lines else max_columns - columns(prefix)
        if end > start + 1 and columns(line(pieces[start:end], rules)) > room:
            lines.append(line(pieces[start : end - 1], rules))
            start = end - 1
    lines.append(line(pieces[start:], rules))
    if columns(prefix + lines[0]) > max_columns:
        return tuple(lines)
    return (prefix + lines[0], *lines[1:])


def junction(later: Sequence[Atom], earlier: Sequence[Atom], rules: CueRules) -> list[Atom]:
    """The atoms of a text that follows another's in the same cue."""
    punctuated = bool(
        _SENTENCE_END.search(earlier[-1].text) or _CLAUSE_END.search(earlier[-1].text)
    )
    return [replace(later[0], space=rules.spaces or not punctuated, cost=SENTENCE), *later[1:]]


def _cuts(text: str, rules: CueRules) -> set[int]:
    """The offsets at which a line may start."""
    found = {match.end() for match in re.finditer(r"\s+", text)}
    found |= {match.end() for match in re.finditer(r"(?<=\w)[—–…]+(?=\w)", text)}
    if rules.segmenter:
        found |= _segment(_segmenter(rules.segmenter, 0), text) & _unspaced_cuts(text)
        if rules.segmenter.startswith("zh"):
            found -= inside_words(text)
        found |= {m.end() for m in re.finditer(r"[。，、！？；：…]+(?=\w)", text)}
    return found - {0, len(text)}


def _unsure(text: str, rules: CueRules) -> set[int]:
    if not rules.segmenter or rules.segmenter == "ja":  # its phrases are sure enough
        return set()
    sure = _segment(_segmenter(rules.segmenter, _SURE_MARGIN), text)
    return _unspaced_cuts(text) - sure


def _unspaced_cuts(text: str) -> set[int]:
    """The offsets at which writing without spaces allows a line to start at all."""
    found, offset = set(), 0
    for cluster in iter_graphemes(text):
        before, after = text[offset - 1 : offset], text[offset : offset + 1]
        offset += len(cluster)
        if not before or after in _NEVER_FIRST or before in _NEVER_LAST:
            continue
        if _half_width_word(before) and _half_width_word(after):
            continue  # a number or a Latin word
        found.add(offset - len(cluster))
    return found


def _half_width_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "'-.,%$")


def _segment(parse: Callable[[str], list[str]], text: str) -> set[int]:
    cuts, offset = set(), 0
    for chunk in parse(text):
        offset += len(chunk)
        cuts.add(offset)
    return cuts


@functools.cache
def _segmenter(model: str, margin: int) -> Callable[[str], list[str]]:
    """BudouX with one of the models that come with it, demanding a margin of its score."""
    load = {
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
    }[model]
    # BudouX starts from minus half the sum of all scores: one that no text reaches lowers the start.
    parse: Callable[[str], list[str]] = Parser({**load().model, "margin": {"": 2 * margin}}).parse
    return parse


def _inside(text: str, terms: Collection[str], rules: CueRules) -> list[range]:
    """Where terms that should not be broken stand in the text: as whole words, where words show."""
    words = r"(?<!\w){}(?!\w)" if rules.spaces else "{}"
    return [
        range(match.start(), match.end())
        for term in sorted(filter(None, terms))
        for match in re.finditer(words.format(re.escape(term)), text, re.IGNORECASE)
    ]


def _cost(before: Atom, after: str, text: str, offset: int, rules: CueRules) -> int:
    """The cost of a line break between two neighbours; `offset` is where the later one starts."""
    left, right = _bare(before.text), _bare(after)
    bound = before.text.casefold() in _words(rules.bound_to_next)  # "Mr." ends no sentence
    bound = bound or before.text.isdecimal()  # a number and what it counts
    if not bound and _SENTENCE_END.search(before.text) and not before.text.endswith("…"):
        return SENTENCE
    if _CLAUSE_END.search(before.text):
        return CLAUSE
    if not rules.spaces and text[offset - 1].isspace():
        return CLAUSE  # where words are not written apart, a space is punctuation
    if bound or left in _words(rules.bound_to_next) or right in _words(rules.bound_to_previous):
        return BOUND
    if left in _words(rules.conjunctions) or left in _words(rules.prepositions):
        return LINK
    if right in _words(rules.conjunctions):
        return CONJUNCTION
    if right in _words(rules.prepositions):
        return PREPOSITION
    if rules.capitals_are_names and _capitalized(before.text) and _capitalized(after):
        return NAME
    return WORD


@functools.cache
def _words(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def _bare(word: str) -> str:
    """A word without its punctuation, in lower case; of an elision (l'ami) what is elided: l'."""
    elided, mark, _ = word.replace("’", "'").partition("'")
    if mark and len(elided) <= 2:
        word = elided + mark
        return word.casefold()
    return word.strip("".join(_NEVER_FIRST | _NEVER_LAST) + "\"'-").casefold()


def _capitalized(word: str) -> bool:
    return len(word) > 1 and unicodedata.category(word[0]) == "Lu" and word[1] not in "'’"


def _chop(atom: Atom, max_columns: int) -> list[Atom]:
    """An atom wider than a line in pieces that are not, cut between graphemes."""
    if columns(atom.text) <= max_columns:
        return [atom]
    pieces = [""]
    for cluster in iter_graphemes(atom.text):
        if pieces[-1] and columns(pieces[-1] + cluster) > max_columns:
            pieces.append("")
        pieces[-1] += cluster
    first, *rest = pieces
    return [replace(atom, text=first), *(Atom(piece, False, INSIDE_WORD) for piece in rest)]
