"""Pure checks of a translation by its characters, for every translator.

They can't tell whether a line is right, only whether it is a line at all: in the target's script, as
long as could be expected, without what a chatty model says about its own work.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from dubbing.model.episode import Term
from dubbing.model.language import base

# Base language -> the scripts it is written in, as Unicode's character names begin; Latin letters may
# stand in any text (names, brands). A language that isn't here is written in Latin letters.
_SCRIPTS: Mapping[str, frozenset[str]] = {
    "ar": frozenset({"ARABIC"}),
    "hi": frozenset({"DEVANAGARI"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"HANGUL"}),
    "ru": frozenset({"CYRILLIC"}),
    "th": frozenset({"THAI"}),
    "zh": frozenset({"CJK"}),
}
_LATIN = frozenset({"LATIN"})
# Half-width Katakana is named HALFWIDTH KATAKANA LETTER A.
_WIDTHS = frozenset({"FULLWIDTH", "HALFWIDTH"})

# Characters that say the same thing, against Chinese: counted in 200 aligned lines of FLORES-200.
_LENGTHS: Mapping[str, float] = {
    "ar": 2.6, "de": 3.4, "en": 2.9, "es": 3.5, "fr": 3.4, "hi": 2.9, "id": 3.2, "it": 3.5,
    "ja": 1.3, "ko": 1.5, "pt": 3.2, "ru": 3.2, "th": 2.9, "tr": 3.0, "vi": 3.1, "zh": 1.0,
}  # fmt: skip
_FARTHEST_FROM_EXPECTED = 4.0
_SPARE_CHARS = 12  # so that a line of one word isn't measured by its length

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』", "'": "'", "‘": "’"}
_FULL_WIDTH_MARKS = str.maketrans(
    {"，": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ", "、": ", ", "（": " (",
     "）": ") ", "“": '"', "”": '"', "‘": "'", "’": "'", "～": "~", "\u3000": " "}
)  # fmt: skip
_ELLIPSIS = re.compile(r"(?:…|\.{3})[….]*|。{2,}")
_SPACED_MARK = re.compile(r"\s+([,.!?;:)])")
_SPACED_MARK_FRENCH = re.compile(r"\s+([,.)])")  # the others have a space before them
# What isn't said: stage directions and subtitle markup, on either side of a translation.
_MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}|\[[^\[\]]*\]|【[^【】]*】|[♪♫♬]|^\s*[-–—]\s+")
_DIRECTION = re.compile(r"\([^()]*\)|（[^（）]*）")

# A sentence of Spanish that ends with ? or !, without the quotes and dashes before it.
_CLOSED_SENTENCE = re.compile(
    r"(?P<before>[\s\"“«(—–…-]*)(?P<sentence>(?:[^.!?…]|\.(?=[^\s]))+)(?P<marks>[!?]+)"
)
_ASKING_CLAUSE = re.compile(
    r"[,;:]\s+(?=(?:(?:y|pero|o|a|de|en|con|por|para|desde|hasta|entonces)\s+){0,2}"
    r"(?:qué|quién(?:es)?|cómo|cuándo|d[óo]nde|adónde|cuál(?:es)?|cuánt[oa]s?)\b|(?:verdad|no|sí|cierto|eh)$)",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"""
    \b(?:here(?:'s|\ is)|this\ is|the\ following\ is)\ (?:the|a|my|your)\ (?:\w+\ )?(?:translat|version)
    | \btranslat(?:ed|ion|es|e)\b.{0,30}(?::|\bis\b|\binto\b)
    | \(?\bnote(?:s)?\s*:
    | \bas\ an?\ (?:ai|language\ model)\b
    | ^\s*(?:sure|certainly|of\ course)[,!.]?\ (?:here|i\ can)
    | \bi(?:'m|\ am)\ sorry,?\ (?:but\ )?(?:as|i\ can(?:'t|not))\ .{0,20}(?:translat|assist|an?\ ai)
    | \b(?:original|source|chinese)\ (?:text|line|sentence)\b
    | \bliteral(?:ly)?\s*:
    | ```|->|→|=>
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LABEL = re.compile(
    r"^\s*(?:translation|translated|english|spanish|portuguese|subtitle|line|answer|output)"
    r"(?:\s*\([^()]*\))?\s*[:：]\s*",
    re.IGNORECASE,
)

# What a noun ends in besides: plurals and cases of the languages in Latin letters.
_LATIN_LETTER = "[a-zß-ɏḀ-ỿ]"  # folded
_ENDING = rf"(?:e?s|e?n|nya)?(?!{_LATIN_LETTER})"


def scripts(language: str) -> frozenset[str]:
    """The scripts a language (BCP-47) is written in, as Unicode's character names begin."""
    return _SCRIPTS.get(base(language), _LATIN)


def is_latin(language: str) -> bool:
    """Whether a language (BCP-47) is written in Latin letters."""
    return scripts(language) == _LATIN


def without_directions(text: str) -> str:
    """A source line without markup and stage directions; as it was if nothing else is in it."""
    bare = " ".join(_DIRECTION.sub(" ", _MARKUP.sub(" ", text)).split())
    return bare if any(character.isalnum() for character in bare) else " ".join(text.split())


def tidy(text: str, target: str) -> str:
    """A translation on one line, without labels, markup and quotes around it.

    Full-width marks become the target's own where it is not written with them.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    text = _ELLIPSIS.sub("…", _LABEL.sub("", _MARKUP.sub(" ", text)))
    if base(target) not in {"zh", "ja"}:
        spaced_mark = _SPACED_MARK_FRENCH if base(target) == "fr" else _SPACED_MARK
        text = spaced_mark.sub(r"\1", " ".join(text.translate(_FULL_WIDTH_MARKS).split()))
    text = " ".join(text.split())
    if base(target) == "es":
        text = _opened(text)
    while len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _opened(text: str) -> str:
    """Spanish that opens what it closes: ¿ and ¡ at the start of the sentence, or of the clause that asks."""

    def opened(match: re.Match[str]) -> str:
        before, sentence, marks = match["before"], match["sentence"], match["marks"]
        opening = "¿" if "?" in marks else "¡"
        if opening in sentence:
            return match[0]
        asks = list(_ASKING_CLAUSE.finditer(sentence)) if opening == "¿" else []
        start = asks[-1].end() if asks else 0
        return f"{before}{sentence[:start]}{opening}{sentence[start:]}{marks}"

    return _CLOSED_SENTENCE.sub(opened, text)


def foreign_letters(text: str, target: str) -> str:
    """The letters of a text that the target is not written with, in order; Latin ones are let pass."""
    allowed = scripts(target) | _LATIN
    return "".join(c for c, script in _letters(text) if script not in allowed)


def in_script(text: str, target: str) -> bool:
    """Whether at least half of a text's letters are the target's own; a text without any is not.

    Japanese that goes on for more than ten letters has kana among them, or it is Chinese.
    """
    found = [script for _, script in _letters(text)]
    own = sum(script in scripts(target) for script in found)
    if base(target) == "ja" and len(found) > 10 and not {"HIRAGANA", "KATAKANA"} & set(found):
        return False
    return bool(found) and 2 * own >= len(found)


def chatter(text: str) -> str | None:
    """What a model says about its translation instead of translating, if it does."""
    found = _CHATTER.search(text)
    return found[0].strip() if found else None


def expected_chars(text: str, source: str, target: str) -> float:
    """How long a translation of a text may be expected to be, in characters."""
    own, other = _LENGTHS.get(base(source), 3.3), _LENGTHS.get(base(target), 3.3)
    return len(text) * other / own


def runs_on(text: str, translation: str, source: str, target: str) -> bool:
    """Whether a translation is so long that most of it must be invented."""
    expected = expected_chars(text, source, target)
    return len(translation) > _FARTHEST_FROM_EXPECTED * expected + _SPARE_CHARS


def missing_terms(translation: str, terms: Iterable[Term]) -> list[Term]:
    """The glossary entries whose target is not in a translation, capitals aside.

    It stands there as a word of its own: Lin Wan is not in Lin Wanwan, but a cousin is in cousins.
    """
    folded = _folded(translation)
    return [term for term in terms if not re.search(_as_word(_folded(term.target)), folded)]


def unmet_wishes(
    translation: str, terms: Iterable[Term], max_chars: int | None = None
) -> tuple[str, ...]:
    """What a translation doesn't heed of what was asked for, in words for a reader (and for a model)."""
    unmet = [f"{t.source} is not rendered as {t.target}" for t in missing_terms(translation, terms)]
    if max_chars is not None and len(translation) > max_chars:
        unmet.append(f"over {max_chars} characters")
    return tuple(unmet)


def faults(text: str, translation: str, source: str, target: str) -> tuple[str, ...]:
    """What makes a translation none at all, in words for a reader (and for a model)."""
    if not translation:
        return ("nothing said",)
    found: list[str] = []
    if not in_script(translation, target):
        found.append("not in the right script")
    foreign = foreign_letters(translation, target)
    if foreign:
        found.append(f"left untranslated: {foreign}")
    said = chatter(translation)
    if said and not chatter(text):
        found.append(f"talk about the translation: {said}")
    if runs_on(text, translation, source, target):
        found.append("much longer than what is said")
    return tuple(found)


def _as_word(term: str) -> str:
    """A pattern of a folded term, in any number and case; anywhere where words are not set apart."""
    first, last = unicodedata.name(term[:1], ""), unicodedata.name(term[-1:], "")
    before = f"(?<!{_LATIN_LETTER})" if first.startswith("LATIN") else ""
    after = _ENDING if last.startswith("LATIN") else ""
    return before + re.escape(term) + after


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """Each letter and its script. Marks, digits and punctuation belong to none."""
    for character in text:
        if character.isalpha():
            words = unicodedata.name(character, "").split()
            script = next((word for word in words if word not in _WIDTHS), "")
            yield character, script.split("-")[0]
