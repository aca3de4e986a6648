"""Terms of a glossary in a line: which of them it holds, and what can be done where one was not heeded.

Pure, and the same for every engine: each asks its model in its own way first. What is done to a text here
leaves a sentence a sentence, or is not done.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import langcodes

from dubbing.engines.translating.text_checks import missing_terms
from dubbing.formats.chinese_script import simplify
from dubbing.model.episode import Term
from dubbing.model.language import base

# How alike two spellings of a name are (0 to 1), letters alone: Shen Yan and Chen Yan, but not Lin Wan and
# Li Mei.
_ALIKE = 0.75
# How far apart langcodes may have two tags: es-MX and es-419 are at 1 to 4, es-419 and es-ES at 5, id and ms at 14.
_VARIETIES, _ONE_LANGUAGE = 4, 9
_FEWEST_LETTERS = 4  # shorter names are too much like any other word
_WORD = re.compile(r"[^\W\d_]+(?:['’-](?!s\b)[^\W\d_]+)*")
# Words that agree with the noun after them: another noun can't take its place.
_AGREEING: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "de": "der die das den dem des ein eine einen einem einer eines kein keine mein meine meinen meiner "
        "dein deine deinen deiner sein seine seinen seiner ihr ihre ihren ihrer unser unsere dieser diese dieses",
        "en": "a an",
        "es": "el la los las un una unos unas del al este esta ese esa aquel aquella nuestro nuestra",
        "fr": "le la un une du au ce cet cette mon ma ton ta son sa",
        "it": "il lo la i gli le un uno una del dello della al allo alla nel nello nella dal dallo dalla sul "
        "sullo sulla questo questa quel quello quella mio mia tuo tua suo sua nostro nostra vostro vostra",
        "pt": "o a os as um uma do da dos das no na nos nas ao à aos às pelo pela este esta esse essa aquele "
        "aquela deste desta desse dessa neste nesta nesse nessa meu minha teu tua seu sua nosso nossa",
    }.items()
}
_BEFORE = re.compile(r"([^\W\d_]+['’]?)\s*$")
# Names that networks copy as they are, of a man and of a woman.
_STAND_INS = {"a": ("Karen", "Helen", "Susan"), "": ("Kevin", "Derek", "Brian")}
_SENTENCE_START = re.compile(r"(?:^|[.!?…。！？])[\s\"“«¡¿-]*$")


def terms_for(terms: Iterable[Term], language: str) -> tuple[Term, ...]:
    """The terms that hold for a language (BCP-47): of each source, those of its nearest variety.

    `es` holds for es-419 and zh-Hant for zh-TW; es-ES does not hold for es-419, nor pt-PT for pt-BR.
    """
    nearest: dict[str, tuple[int, Term]] = {}
    for term in terms:
        source = simplify(term.source).casefold()
        apart = langcodes.tag_distance(language, term.language)
        limit = _VARIETIES if _names_territory(language, term.language) else _ONE_LANGUAGE
        if apart <= limit and (source not in nearest or apart < nearest[source][0]):
            nearest[source] = apart, term
    return tuple(term for _, term in nearest.values())


def _names_territory(*languages: str) -> bool:
    return all(langcodes.get(language).territory for language in languages)


def held(text: str, terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms that stand in a source text, but for those that only stand inside a longer one.

    顾家 is not asked for where 顾家老宅 is said. Simplified and traditional characters are the same here.
    """
    terms = tuple(terms)
    text = simplify(text)
    taken: list[tuple[int, int]] = []
    kept: set[str] = set()
    sources = {simplify(term.source) for term in terms}
    for source in sorted(sources, key=lambda s: (-len(s), s)):
        for match in re.finditer(re.escape(source), text, re.IGNORECASE) if source else ():
            if not any(start <= match.start() and match.end() <= end for start, end in taken):
                taken.append(match.span())
                kept.add(source)
    return tuple(term for term in terms if simplify(term.source) in kept)


def put_in(line: str, terms: Sequence[Term]) -> str:
    """A source line with the target's words in the place of its own: most models copy what they don't know."""
    targets = {term.source.casefold(): term.target for term in terms}
    if not targets:
        return line
    longest_first = sorted(targets, key=len, reverse=True)
    pattern = "|".join(_whole(source) for source in longest_first)

    def target_of(match: re.Match[str]) -> str:
        return _begun(targets[match[0].casefold()], line[: match.start()])

    return re.sub(pattern, target_of, line, flags=re.IGNORECASE)


def exchanged(text: str, said: str, wanted: str, language: str) -> str | None:
    """A text with `wanted` in the place of `said`, wherever that stands; None if it doesn't, or can't be.

    It can't after an article that agrees with what it stands before, unless both begin with the same noun.
    """
    found = list(re.finditer(_whole(said), text, re.IGNORECASE)) if said else []
    same_noun = said.casefold().split()[:1] == wanted.casefold().split()[:1]
    for match in reversed(found):
        before = _BEFORE.search(text[: match.start()])
        word = before[1].casefold() if before else ""
        agrees = word in _AGREEING.get(base(language), ()) or word.endswith(("'", "’"))
        if agrees and not same_noun:
            return None
        text = text[: match.start()] + _begun(wanted, text[: match.start()]) + text[match.end() :]
    return text if found else None


def stand_ins(line: str, terms: Sequence[Term]) -> dict[Term, str]:
    """A name for each term, of its gender as far as its first word shows it, that is not in the line."""
    taken = " ".join([line, *(term.target for term in terms)]).casefold()
    chosen: dict[Term, str] = {}
    for term in terms:
        gender = "a" if term.target.casefold().split()[:1][0].endswith(("a", "ã")) else ""
        free = (
            name
            for name in _STAND_INS[gender]
            if name.casefold() not in taken and name not in chosen.values()
        )
        if name := next(free, None):
            chosen[term] = name
    return chosen


def mended(
    text: str, terms: Sequence[Term], sounds: Callable[[str], str] = lambda _source: ""
) -> str:
    """A translation whose names are written as the glossary has them, where they were written nearly so.

    A name that is missing takes the place of the words that are most like it (Chen Yan, Yan Shen,
    ShenYan for Shen Yan), if they are capitalized like a name and no other term's. `sounds` gives what the
    source word sounds like in Latin letters, which is what a model writes that doesn't know the term.
    """
    for term in missing_terms(text, terms):
        if not _is_name(term.target):
            continue
        spellings = [_letters(term.target), _letters(sounds(term.source))]
        others = [other.target for other in terms if other is not term]
        best = max(_likenesses(text, spellings, others), default=(0.0, 0, 0))
        if best[0] >= _ALIKE:
            _, start, end = best
            text = text[:start] + term.target + text[end:]
    return text


def _likenesses(
    text: str, spellings: Sequence[str], others: Sequence[str]
) -> Iterator[tuple[float, int, int]]:
    """How much like a name the words of a text are that could be one, and where they stand."""
    taken = [
        match.span()
        for other in others
        for match in re.finditer(re.escape(other), text, re.IGNORECASE)
    ]
    words = list(_WORD.finditer(text))
    for first, start in enumerate(words):
        for last in words[first : first + 3]:
            found = text[start.start() : last.end()]
            if not _is_name(found) or any(
                start.start() < end and begin < last.end() for begin, end in taken
            ):
                continue
            letters = _letters(found)
            turned = _letters(" ".join(reversed(found.split())))
            for spelling in spellings:
                if min(len(spelling), len(letters)) >= _FEWEST_LETTERS:
                    alike = max(_alike(spelling, letters), _alike(spelling, turned))
                    yield alike, start.start(), last.end()


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _is_name(text: str) -> bool:
    """Whether each word begins with a capital: only names are spelled in many ways."""
    words = _WORD.findall(text)
    return bool(words) and all(word[0].isupper() for word in words)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFD", text).casefold()
    return "".join(character for character in plain if character.isascii() and character.isalpha())


def _whole(source: str) -> str:
    """A pattern of a source term: whole words in languages that have them."""
    pattern = re.escape(source)
    if source[0].isascii() and source[0].isalnum():
        pattern = rf"(?<!\w){pattern}"
    if source[-1].isascii() and source[-1].isalnum():
        pattern = rf"{pattern}(?!\w)"
    return pattern


def _begun(target: str, before: str) -> str:
    """A term with a capital if a sentence begins with it."""
    return target[0].upper() + target[1:] if _SENTENCE_START.search(before) else target
