"""Words made of a transcriber's tokens, at their places inside of the speech."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dubbing.engines.transcribing.stretches import Stretch
from dubbing.formats.chinese_script import simplify
from dubbing.model.speech import Word
from dubbing.model.time import Span, seconds_to_ms

# One Word is one character in these, since nothing marks where a word ends.
SPACELESS = frozenset({"zh", "ja"})

# A first or last word this near to the edge of the speech is moved to it; a farther one stays.
_LATE_MS = 600

_FULL_WIDTH = str.maketrans({",": "，", "?": "？", "!": "！", ":": "：", ";": "；"})
_OPENING = frozenset("\"“‘'([{「『（《〈【¿¡«$€£¥￥")
# Marks that are a part of a number or of a word where both sides are digits, or letters: 35,621.78, 8:30, don't
_INSIDE_NUMBERS = frozenset(".,:/-")
_INSIDE_WORDS = frozenset("'’-.&")


@dataclass(frozen=True, slots=True)
class Token:
    """The least that a transcriber has a time for: some letters with the space before them."""

    text: str
    start_s: float  # from the start of the sound that was given to it
    end_s: float
    probability: float  # 0 to 1


def spoken_characters(text: str) -> str:
    """The letters, digits and hanzi of a text, in lower case: what takes time to say."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def words_of(tokens: Sequence[Token], stretch: Stretch, language: str) -> list[Word]:
    """Words in order, apart, and inside the parts of a stretch of speech, which they fill to both ends.

    In Chinese and Japanese a word is one character; letters and digits in a row stay together. Marks stay
    with the word before them, opening ones with the word after. Chinese is simplified.
    """
    spaceless = language in SPACELESS
    if language == "zh":
        tokens = _simplified(tokens)
    units = _by_character(tokens) if spaceless else _by_space(tokens)
    units = _with_marks(units, spaceless=spaceless)
    timed = [
        (
            unit,
            stretch.sound.start_ms + seconds_to_ms(unit.start_s),
            stretch.sound.start_ms + seconds_to_ms(unit.end_s),
        )
        for unit in units
    ]
    words: list[Word] = []
    remaining = list(stretch.parts)
    groups: list[tuple[Span, list[tuple[Token, int, int]]]] = []
    for one in timed:
        # Parts before the last one that has a word are over: words keep their order.
        remaining = remaining[_nearest(remaining, one[1], one[2]) :]
        if groups and groups[-1][0] == remaining[0]:
            groups[-1][1].append(one)
        else:
            groups.append((remaining[0], [one]))
    for part, inside in groups:
        words += _within(part, inside)
    return words


def _nearest(parts: Sequence[Span], start_ms: int, end_ms: int) -> int:
    """The number of the part that a word shares most time with, or is the least away from."""

    def closeness(index: int) -> int:
        part = parts[index]
        return min(part.end_ms, end_ms) - max(part.start_ms, start_ms)

    return max(range(len(parts)), key=closeness)


def _within(part: Span, timed: Sequence[tuple[Token, int, int]]) -> list[Word]:
    """Words moved into a part of speech. What is heard to begin and end there are the first and last."""
    words: list[Word] = []
    edge_ms = part.start_ms
    for index, (unit, start_ms, end_ms) in enumerate(timed):
        if index == 0 and start_ms < part.start_ms + _LATE_MS:
            start_ms = part.start_ms
        if index == len(timed) - 1 and end_ms > part.end_ms - _LATE_MS:
            end_ms = part.end_ms
        start_ms = min(max(start_ms, edge_ms), part.end_ms)
        edge_ms = min(max(end_ms, start_ms), part.end_ms)
        confidence = round(min(max(unit.probability, 0.0), 1.0), 4)
        words.append(Word(unit.text, Span(start_ms, edge_ms), confidence))
    return words


def _by_space(tokens: Iterable[Token]) -> list[Token]:
    """Tokens joined into words: each space starts one."""
    words: list[Token] = []
    for token in tokens:
        if words and not token.text.startswith(" "):
            words[-1] = _joined(words[-1], token)
        else:
            words.append(token)
    return [replace(word, text=word.text.strip()) for word in words if word.text.strip()]


def _by_character(tokens: Iterable[Token]) -> list[Token]:
    """Tokens split into characters, which share the token's time; numbers and runs of letters stay whole.

    A space is kept between two runs of letters only, at the front of the second.
    """
    characters = [one for token in tokens for one in _characters(token)]
    words: list[Token] = []
    spaced = joined = False
    for index, one in enumerate(characters):
        if one.text.isspace():
            spaced, joined = True, False
            continue
        following = characters[index + 1].text if index + 1 < len(characters) else ""
        last = words[-1].text[-1] if words else ""
        inside = _is_inside(last, one.text, following) and not spaced
        if joined or (not spaced and _is_letter(last) and _is_letter(one.text)) or inside:
            words[-1] = _joined(words[-1], one)
        elif spaced and _is_letter(last) and _is_letter(one.text):
            words.append(replace(one, text=" " + one.text))
        else:
            words.append(one)
        spaced, joined = False, inside
    return words


def _characters(token: Token) -> list[Token]:
    step_s = (token.end_s - token.start_s) / max(1, len(token.text))
    return [
        Token(
            character,
            token.start_s + index * step_s,
            token.start_s + (index + 1) * step_s,
            token.probability,
        )
        for index, character in enumerate(token.text)
    ]


def _is_inside(before: str, mark: str, after: str) -> bool:
    """Whether a mark is a part of the number or the word around it: 35,621.78, 8:30, don't."""
    if before.isdecimal() and after.isdecimal():
        return mark in _INSIDE_NUMBERS
    return _is_letter(before) and _is_letter(after) and mark in _INSIDE_WORDS


def _with_marks(words: Iterable[Token], *, spaceless: bool) -> list[Token]:
    """Marks joined to the word before them, opening marks and those at the very start to the one after."""
    joined: list[Token] = []
    waiting: Token | None = None
    for word in words:
        if not spoken_characters(word.text):
            mark = replace(word, text=word.text.translate(_FULL_WIDTH)) if spaceless else word
            if joined and mark.text not in _OPENING:
                joined[-1] = replace(joined[-1], text=joined[-1].text + mark.text)
            elif mark.text in _OPENING:
                waiting = mark
            continue
        if waiting is not None:
            word = replace(word, text=waiting.text + word.text)
            waiting = None
        joined.append(word)
    return joined


def _joined(first: Token, second: Token) -> Token:
    return Token(
        first.text + second.text,
        first.start_s,
        second.end_s,
        min(first.probability, second.probability),
    )


def _is_letter(character: str) -> bool:
    """Letters and digits of scripts that are written with spaces."""
    return character.isalnum() and unicodedata.name(character, "").startswith(("LATIN", "DIGIT"))


def _simplified(tokens: Sequence[Token]) -> list[Token]:
    """The tokens in simplified characters; converted as one text, since some depend on their neighbours."""
    whole = "".join(token.text for token in tokens)
    simple = simplify(whole)
    if len(simple) != len(whole):
        return [replace(token, text=simplify(token.text)) for token in tokens]
    position = 0
    converted: list[Token] = []
    for token in tokens:
        converted.append(replace(token, text=simple[position : position + len(token.text)]))
        position += len(token.text)
    return converted
