"""The values of the numbers in a text, in digits and in words.

text2num knows the words of English, Spanish, Portuguese, French, German, Italian and Dutch; those of Indonesian are
put together here from what num2words says, since no library reads them. cn2an reads those of Japanese and Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from dubbing.model.language import base

_TEXT2NUM = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
_HANZI = frozenset({"ja", "zh"})
# Words that are numbers to a reader, in languages in Latin letters (an ending is left open).
_OTHERS: tuple[tuple[str, tuple[float, ...]], ...] = (
    (r"half|halv|medi[ao]|mei[ao]|metade|mitad|moiti[eé]|demi|halb|hälfte|mezz[ao]|metà|setengah|separuh", (0.5, 30, 50, 6)),
    (r"quarter|cuarto|quarto|quart|viertel|seperempat", (0.25, 15, 25, 3)),
    (r"dozen|docena|dúzia|douzaine|dutzend|dozzin|lusin", (12,)),
    (r"vingtaine|veint|ventin", (20,)),
    (r"decad|décad|décenni|jahrzehnt|decenni|dasawarsa|dekade", (10, 20, 30, 40, 50)),
    (r"centur|siglo|século|siècle|jahrhundert|secol|abad", (100,)),
    (r"week|seman|semaine|woche|settiman|minggu", (7,)),
    (r"noon|midday|mediodía|meio-dia|midi|mittag|mezzogiorno|tengah hari", (12,)),
    (r"midnight|medianoche|meia-noite|minuit|mitternacht|mezzanotte|tengah malam", (0, 12)),
    (r"twice|doubl|doble|dobro|duas vezes|deux|doppel|doppi|kali lipat|couple|pair|both|par de|ambos|beide|sepasang", (2,)),
    (r"tripl|thrice|dreifach|trio|terci|terceir|tercer|troisi|dritt|terz", (3,)),
    (r"segund|secon|deuxi|zweit|kedua", (2,)),
    (r"cuart[oa]s?\b|quart[oa]\b|viert", (4,)),
    (r"quint[oa]", (5,)),
    (r"sext[oa]", (6,)),
)  # fmt: skip
_OTHER_WORDS = [(re.compile(rf"(?<![a-zà-ÿ])(?:{words})", re.I), found) for words, found in _OTHERS]
_DIGITS = re.compile(r"\d+(?:[.,:'’\u00a0\u202f]\d+)*")
_SCALES: Mapping[str, float] = {
    "thousand": 1e3, "mil": 1e3, "mille": 1e3, "mila": 1e3, "tausend": 1e3, "ribu": 1e3, "k": 1e3,
    "million": 1e6, "millón": 1e6, "millones": 1e6, "milhão": 1e6, "milhões": 1e6, "millions": 1e6, "millionen": 1e6,
    "milione": 1e6, "milioni": 1e6, "juta": 1e6, "m": 1e6, "billion": 1e9, "billions": 1e9, "miliar": 1e9, "bilhões": 1e9, "bilhão": 1e9,
    "milliards": 1e9, "milliarden": 1e9, "miliardi": 1e9, "千": 1e3, "万": 1e4, "亿": 1e8, "億": 1e8, "萬": 1e4,
    "hundred": 1e2, "nghìn": 1e3, "ngàn": 1e3, "triệu": 1e6, "tỷ": 1e9, "만": 1e4, "억": 1e8, "천": 1e3,
    "1000": 1e3, "1000000": 1e6, "1000000000": 1e9, "100": 1e2,
}  # fmt: skip
_SCALED = re.compile(rf"({_DIGITS.pattern})[\s-]*([^\W_]+)")
# Two and a half million, dois milhões e meio, half a million, with the numbers in digits.
_AND_A_HALF = r"(?:and a half|y medi[oa]|e mei[oa]|et demie?|e mezz[oa]|und eine? halbe?|einhalb|en (?:1|een) half|setengah)"
_A_HALF = (
    r"(?:half an?|medi[oa]|mei[oa]|(?:un |1 )?demi|mezzo|(?:eine )?halbe|(?:een |1 )?half|setengah)"
)
_SCALE_WORD = (
    "(" + "|".join(sorted((s for s in _SCALES if len(s) > 2), key=len, reverse=True)) + ")"
)
_HALVES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\d.,])(?P<count>\d{{1,3}})\s+{_AND_A_HALF}\s*{_SCALE_WORD}\b",
        rf"(?<![\d.,])(?P<count>\d{{1,3}})[\s-]+{_SCALE_WORD}\s+{_AND_A_HALF}\b",
        rf"(?<![\d.,])(?P<count>\d{{1,3}})(000(?:000)*)\s+{_AND_A_HALF}\b",
        rf"\b(?P<count>){_A_HALF}[\s-]+{_SCALE_WORD}\b",
    )
)
_GERMAN_HALF = re.compile(r"([a-zäöüß]+?)(?:und)?einhalb(tausend)?\b", re.IGNORECASE)
_DUTCH_HALF = re.compile(r"\b([a-z]+?)(?:ë|e)nhalf\b", re.IGNORECASE)
_HANZI_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万億亿萬]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What numbers a text says."""

    plain: frozenset[float]  # the numbers themselves
    readings: frozenset[float]  # and all that they may stand for: 1.299 is 1299 too
    digits: str  # all digits in a row

    def has(self, numbers: frozenset[float]) -> bool:
        return all(any(abs(number - one) < 0.005 for one in self.readings) for number in numbers)


@lru_cache(maxsize=4096)
def values(text: str, language: str) -> Said | None:
    """The values in a text of a language (BCP-47); None where nothing reads its words and it has no digits."""
    code = base(language)
    if code in _TEXT2NUM:
        text = _by_text2num(text, code)
    elif code == "id":
        text = _indonesian(text)
    elif code not in _HANZI and not any(c.isdigit() for c in text):
        return None
    if code not in _HANZI:
        text = _with_halves(text)
    plain: set[float] = set()
    readings: set[float] = set()
    for match in _DIGITS.finditer(text):
        found = set(_readings(match[0]))
        readings |= found
        plain |= found if len(found) == 1 else set()
    for match in re.finditer(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)", text):
        readings.add(float(match[0].replace(" ", "")))
    for match in _SCALED.finditer(text):
        scale = _SCALES.get(match[2].casefold())
        readings |= {one * scale for one in _readings(match[1])} if scale else set()
    for first, second in re.findall(r"(\d\d)[\s-](\d\d)(?!\d)", text):
        readings.add(float(first + second))  # 20 26
    for pattern, more in _OTHER_WORDS if code not in _HANZI else ():
        readings |= set(more) if pattern.search(text) else set()
    if code in _HANZI:
        readings |= set(_by_cn2an(text))
    return Said(frozenset(plain), frozenset(readings), "".join(c for c in text if c.isdigit()))


def _with_halves(text: str) -> str:
    """2 and a half 1000000, 2000000 e meio -> 2500000; half a 1000000 -> 500000."""
    for pattern in _HALVES:
        text = pattern.sub(_half_of, text)
    return text


def _half_of(match: re.Match[str]) -> str:
    scale = match[2].casefold()
    worth = 10 ** len(scale) if scale.strip("0") == "" else _SCALES[scale]
    return f"{(int(match['count'] or 0) + 0.5) * worth:.0f}"


def _readings(written: str) -> Iterator[float]:
    """35,621.78 and 35.621,78 are the same; 1.299 may be either; 3:30 and 138-0013 are several."""
    parts = re.split(r"[.,:'’\u00a0\u202f]", written)
    if len(parts) == 1:
        yield float(written)
        return
    *whole, last = parts
    if all(len(part) == 3 for part in parts[1:]):
        yield float("".join(parts))
    if ":" not in written and len(whole[1:]) == sum(len(part) == 3 for part in whole[1:]):
        yield float("".join(whole) + "." + last)
    if len(parts) == 2:
        yield float(parts[0])
        yield float(parts[1])


def _by_text2num(text: str, code: str) -> str:
    from text_to_num import alpha2digit

    if code == "es":
        text = re.sub(r"veintiún\b", "veintiuno", text, flags=re.IGNORECASE)
        text = re.sub(r"\bprimer[oa]?\b", "1", text, flags=re.IGNORECASE)
    if code == "de":
        text = re.sub(r"\banderthalb", "eineinhalb", text, flags=re.IGNORECASE)
        text = _GERMAN_HALF.sub(r"\1 einhalb \2", text)
    if code == "nl":
        text = re.sub(r"\banderhalf\b", "een en een half", text, flags=re.IGNORECASE)
        text = _DUTCH_HALF.sub(r"\1 en een half", text)
    # It takes "one" and "second" for numbers only above a threshold.
    return str(alpha2digit(text.replace("-", " ") if code == "en" else text, code, 0.0))


def _by_cn2an(text: str) -> Iterator[float]:
    import cn2an

    for match in _HANZI_NUMBER.finditer(text.replace("億", "亿").replace("萬", "万")):
        try:
            yield float(cn2an.cn2an(match[0], "smart"))
        except ValueError:
            continue


@cache
def _indonesian_words() -> Mapping[str, int]:
    from num2words import num2words

    return {num2words(n, lang="id"): n for n in (*range(1, 12), 100, 1000)}


def _indonesian(text: str) -> str:
    """Indonesian with its number words in digits: tiga puluh lima ribu -> 35000."""
    ones = _indonesian_words()
    scales = {"belas": 0, "puluh": 10, "ratus": 100, "ribu": 1000, "juta": 10**6, "miliar": 10**9}
    out: list[str] = []
    total = group = unit = 0
    open_ = False
    for word in re.findall(r"\w+|\W+", text):
        said = word.casefold()
        said = said if said in ones else said.removeprefix("ke")  # kedua: the second
        if said in ones:
            group, unit, open_ = group + unit, ones[said], True
        elif said in scales and open_:
            scale = scales[said]
            if said == "belas":
                unit += 10
            elif scale <= 100:
                unit *= scale
            else:
                total, group, unit = total + (group + unit) * scale, 0, 0
        elif word.isspace() and open_:
            continue
        else:
            if open_:
                out.append(f" {total + group + unit} ")
                total = group = unit = 0
                open_ = False
            out.append(word)
    if open_:
        out.append(f" {total + group + unit}")
    return re.sub(r"(\d+) +koma +(\d+)", r"\1.\2", "".join(out))
