"""Whether a translation keeps the numbers of its line: the values of both, compared.

cn2an reads Chinese numerals and text2num the words of seven languages; here is only which of them count. A number
is one that the translation has to say: not those of idioms (三心二意, 万一, 十分), of guesses (两三个, 十几), nor "one".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dubbing.engines.translating.number_words import values
from dubbing.formats.chinese_script import simplify
from dubbing.formats.chinese_words import dictionary_words
from dubbing.model.language import base
from dubbing.model.review import ReviewItem, ReviewKind

VERSION = 2  # of the rules here and in `number_words`

_ONES = "一二两三四五六七八九"
_NUMERALS = "零〇幺廿卅十百千万亿" + _ONES
_NUMBER = re.compile(
    rf"(?P<percent>百分之[{_NUMERALS}]+(?:点[{_ONES}零]+)?|百分之\d+(?:\.\d+)?)|(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?)(?P<scale>[千万亿]+)?(?P<tail>[{_ONES}\d](?![{_NUMERALS}\d]))?"
    rf"|(?P<hanzi>[{_NUMERALS}]+)"
)
_SPACED_DIGITS = re.compile(r"(?<=\d) +(?=[^\s\d\x00-\x7f])|(?<=[^\s\d\x00-\x7f]) +(?=\d)")
_SCALES = {"千": 10**3, "万": 10**4, "亿": 10**8}
_MONEY = r"[块元]"
_SMALL = re.compile(
    rf"([{_ONES}\d])毛(?:([{_ONES}\d])分?)?|([{_ONES}\d])角|([{_ONES}]{{1,2}})(?![{_NUMERALS}])"
)
# 一米八五, 两米二: metres, and tenths and hundredths of one.
_METRES = re.compile(rf"(?:米|公尺)([{_ONES}零〇]{{1,2}}|\d{{1,2}})(?![{_NUMERALS}\d几.])")
_FEET = re.compile(
    r"\b(?:feet|foot|ft|inch(?:es)?|pies?|pulgadas?|pés?|polegadas?|pieds?|pouces?|pied[ei]|pollic[ei]|fuß|zoll|"
    r"voet|duim|kaki|inci)\b|\d\s*['′’]\s*\d|フィート|インチ|英尺",
    re.IGNORECASE,
)
_QUARTERS = re.compile(r"([一两二三123])刻钟?")
# What is counted, so that even a small number has to be said. 月 and 星期 have names, 分 is a share or a point.
_COUNTED = re.compile(
    r"(?:多|来|余)?(?:个?(?:小时|钟头|月|星期|礼拜)|[年天日号岁块元毛秒点层楼倍米斤克吨周位名人次遍件套台辆张杯瓶只间栋份票亿万成个]|公里|公斤|分钟|千米)"
)
# 两个 is "both", and "a pair of"; 两年 is two years.
_COUNTED_TWO = re.compile(r"(?:多|来)?(?:个?(?:小时|月|星期)|[年天岁块元倍]|分钟|公里)")
_GUESSED_BEFORE, _GUESSED_AFTER = re.compile(r"[几数上好成]$"), re.compile(r"^[几数]")
_GUESSED = re.compile(rf"[{_ONES}]{{2}}")
_IN_WORDS_OF = re.compile(
    r"^[多来余个年天日号岁块元毛秒点层楼倍米斤克吨周位名人次遍件套台辆张杯瓶只间栋份票成钟小时月公里第之百分折几半]*$"
)
_OFF = re.compile(
    r"\boff\b|discount|rebate|reduc|cheaper|descuent|rebaj|descont|diskon|potongan|rabatt|nachlass|remise|"
    r"réduction|moins|scont|cheaper|less\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is said: where, and the sets of values of which a translation has all of one."""

    start: int
    end: int
    said: str
    ways: tuple[frozenset[float], ...]
    digits: str = ""  # digit by digit: a telephone number, a year
    plain: str = ""  # the same as a translator is least likely to get wrong
    length: bool = False  # in metres, which a translation may turn into feet


def changed(text: str, translation: str, source: str, target: str) -> tuple[str, ...]:
    """The numbers of a text that its translation does not have, as they are said. Empty where that can't be told."""
    said = values(translation, target)
    if said is None:
        return ()
    missing = []
    for number in numbers(text, source):
        ways = number.ways
        if number.said.endswith("折") and _OFF.search(translation):
            ways = ways[:1]
        if number.length and _FEET.search(translation):
            continue  # Whether six feet one is 一米八五 is not for these rules.
        if not any(said.has(way) for way in ways) and not (
            number.digits and number.digits in said.digits
        ):
            missing.append(number.said)
    return tuple(dict.fromkeys(missing))


def review(text: str, translation: str, source: str, target: str) -> tuple[ReviewItem, ...]:
    """A reason to look at the numbers of a translation, if they are not those of the text."""
    missing = changed(text, translation, source, target)
    if not missing:
        return ()
    return (ReviewItem(ReviewKind.NUMBERS, f"The numbers may differ: {', '.join(missing)}."),)


def in_digits(text: str, source: str) -> str:
    """A text with its numbers in digits, which translators copy; as it is where there are none."""
    if base(source) == "zh":
        text = _close(text)
    for number in sorted(numbers(text, source), key=lambda n: n.start, reverse=True):
        if number.plain:
            text = text[: number.start] + number.plain + text[number.end :]
    return text


def numbers(text: str, language: str) -> list[Number]:
    """The numbers of a text that a translation has to say."""
    if base(language) == "zh":
        return list(_chinese(_close(text)))
    found = values(text, language)
    if found is None:
        return []
    return [
        Number(0, 0, f"{value:g}", (frozenset({value}),))
        for value in sorted(found.plain)
        if value > 10 and value == int(value)
    ]


def _close(text: str) -> str:
    """Chinese in simplified characters, without the spaces that some put around digits."""
    return _SPACED_DIGITS.sub("", simplify(text))


def _chinese(text: str) -> Iterator[Number]:
    tokens = _tokens(text)
    done = 0
    for match in _NUMBER.finditer(text):
        if match.start() < done:
            continue
        number = _read(text, match, tokens)
        if number is not None:
            done = number.end
            yield number


def _read(text: str, match: re.Match[str], tokens: dict[int, str]) -> Number | None:
    start, end = match.span()
    if match["percent"]:
        share = _parsed(match["percent"].removeprefix("百分之"))
        return None if share is None else _percent(start, end, match[0], share)
    before, after = text[:start], text[end:]
    written = match[0]
    hanzi = match["hanzi"] or ""
    if _in_an_idiom(start, end, tokens) or (
        written == "十" and after[:1] == "分" and after[1:2] != "钟"
    ):
        return None
    digits = written if written.isascii() and len(written) > 6 else _digit_by_digit(written)
    if len(digits) >= 3 and digits.isdigit():
        year = float(digits)
        halves = frozenset({float(digits[:2]), float(digits[2:])}) if len(digits) == 4 else None
        read_so = (frozenset({year}), *((halves,) if halves else ()))
        return Number(start, end, written, read_so, digits, digits)
    if after[:1] == "折":
        return _discount(text, start, end)
    if _GUESSED_BEFORE.search(before) or _GUESSED_AFTER.search(after) or _GUESSED.search(hanzi):
        return None
    read = _value(match)
    if read is None or after.startswith("世纪"):
        return None
    value: float = read
    if (scaled := re.match("[多余]([万亿])", after)) is not None:
        value *= _SCALES[scaled[1]]
        end += scaled.end()
        written, after = text[start:end], text[end:]
    if re.match("分之", after) or before.endswith("分之"):
        return None  # 三分之二: two thirds, in words that nothing reads
    if after[:1] in {"%", "％"}:
        return _percent(start, end + 1, written + "%", value)
    if before.endswith("第") and value <= 2:
        return None
    if (metres := _METRES.match(after)) is not None:
        return _length(text, start, end + metres.end(), value, metres[1])
    if value != int(value) and re.match("米|公尺", after):
        lengths = (frozenset({value}), frozenset({float(round(value * 100))}))
        return Number(start, end, written, lengths, plain=f"{value:.12g}", length=True)
    if after[:1] == "点" and before[-1:] != "第":
        return _time_or_decimal(text, start, end, value)
    if re.match(_MONEY, after):
        return _price(text, start, end, value)
    if after[:1] == "成" and value < 10:
        return Number(start, end + 1, written + "成", (frozenset({value * 10}), frozenset({value})))
    counted = (_COUNTED_TWO if value <= 2 else _COUNTED).match(after)
    ordinal = before.endswith("第")
    if value <= 1 or (value <= 10 and not counted and not ordinal):
        return None
    if after[:1] == "月" and value <= 12:
        return None
    if not hanzi.strip("百千万亿") and hanzi:
        return None  # 百年, 千年: a long time
    if value == 10_000 and after[:1] in {"个", "分"}:
        return None  # 一万个不愿意
    ways = [frozenset({value})]
    if value % 10 == 0 and value >= 10 and after[:1] == "年":
        ways.append(frozenset({value / 10}))  # decades
    if after.startswith("年代"):
        ways += [frozenset({1900 + value}), frozenset({2000 + value})]
    return Number(start, end, written, tuple(ways), plain=f"{value:.12g}")


def _percent(start: int, end: int, said: str, value: float) -> Number | None:
    if value == 100:
        return None  # 百分之百: surely
    ways = [frozenset({value}), frozenset({value / 100})]
    if value > 100 or value % 10 == 0:
        ways.append(frozenset({value / 10, 10.0}))  # nine in ten
    return Number(start, end, said, tuple(ways), plain=f"{value:g}%")


def _discount(text: str, start: int, end: int) -> Number | None:
    """打八折 is 20 % off, or 80 % of the price: where a translation speaks of a discount, the former alone."""
    written = text[start:end]
    digits = _digit_by_digit(written) or (written if written.isdigit() else "")
    if not digits or len(digits) > 2:
        return None
    paid = float(digits) * (10 if len(digits) == 1 else 1)
    ways = (frozenset({100 - paid}), frozenset({paid}), frozenset({paid / 10}))
    if paid == 50:
        ways = (frozenset({50.0}), frozenset({0.5}), frozenset({0.5}))
    first = start - 1 if text[:start].endswith("打") else start
    return Number(first, end + 1, f"{written}折", ways, plain=f"便宜{100 - paid:g}%")


def _time_or_decimal(text: str, start: int, end: int, value: float) -> Number | None:
    """三点半, 三点二十, and 三点五, which may be 3.5."""
    after = text[end + 1 :]
    times = (
        [frozenset({value}), frozenset({value + 12})]
        if value <= 12
        else [frozenset({value}), frozenset({value - 12})]
    )
    quarters = _QUARTERS.match(after)
    if quarters is not None:
        minutes = 15 * (_parsed(quarters[1]) or 0)
        stop = end + 1 + quarters.end()
        return Number(start, stop, text[start:stop], _clock(times, minutes))
    found = re.match(rf"[{_NUMERALS}\d]+", after)
    if found is None:
        if value <= 1 and not after.startswith(("半", "钟", "整")):
            return None  # 一点: a little
        return Number(start, end + 1, text[start : end + 1], tuple(times))
    more = _parsed(found[0])
    if more is None:
        return None
    stop = end + 1 + found.end()
    fraction = "".join(
        str("零一二三四五六七八九".find(c.replace("两", "二").replace("〇", "零")))
        for c in found[0]
    )
    ways = [*_clock(times, more)]
    if found[0].isdigit() or all(c in "零〇" + _ONES for c in found[0]):
        tail = found[0] if found[0].isdigit() else fraction
        ways.append(frozenset({float(f"{value:.0f}.{tail}")}))
    return Number(start, stop, text[start:stop], tuple(ways))


def _clock(hours: Sequence[frozenset[float]], minutes: float) -> tuple[frozenset[float], ...]:
    """The ways to say so many minutes past an hour: 3:45, 15:45, and a quarter to four."""
    to = [frozenset({hour % 12 + 1, 60 - minutes}) for way in hours for hour in way]
    return (*(way | {minutes} for way in hours), *to)


def _length(text: str, start: int, stop: int, metres: float, tail: str) -> Number:
    """一米八五 is 1.85 metres, 185 centimetres, or one metre eighty-five."""
    digits = tail if tail.isdigit() and tail.isascii() else _digit_by_digit(tail)
    centimetres = int(digits.ljust(2, "0"))
    whole = round(metres + centimetres / 100, 2)
    ways = (
        frozenset({whole}),
        frozenset({round(whole * 100)}),
        frozenset({metres, float(centimetres)}),
    )
    return Number(start, stop, text[start:stop], ways, plain=f"{whole:g}米", length=True)


def _price(text: str, start: int, end: int, value: float) -> Number | None:
    """两百块, 三块五, 三万五千六百二十一块七毛八: 35,621.78, or so many yuan and 78 cents."""
    end += 1
    if text[end : end + 1] == "钱":
        end += 1
    found = _SMALL.match(text, end)
    if found is None:
        if value <= 1:
            return None
        return Number(
            start, end, text[start:end], (frozenset({value}),), plain=f"{_grouped(value)}元"
        )
    tenths, hundredths = (
        found[1] or found[3] or (found[4] or "")[:1],
        found[2] or (found[4] or "")[1:2],
    )
    cents = 10 * (_parsed(tenths) or 0) + (_parsed(hundredths) or 0 if hundredths else 0)
    whole = round(value + cents / 100, 2)
    ways = (
        frozenset({whole}),
        frozenset({value, cents}),
        frozenset({value, cents // 10, cents % 10} - {0.0}),
    )
    return Number(start, found.end(), text[start : found.end()], ways, plain=f"{_grouped(whole)}元")


def _grouped(value: float) -> str:
    return f"{value:,.2f}".removesuffix(".00")


def _value(match: re.Match[str]) -> float | None:
    if match["hanzi"]:
        return _parsed(match["hanzi"])
    value = float(match["digits"].replace(",", ""))
    scale = 1
    for character in match["scale"] or "":
        scale *= _SCALES[character]
    value *= scale
    if match["tail"]:
        if scale == 1:
            return value
        value += (_parsed(match["tail"]) or 0) * scale / 10
    return round(value, 4)


def _parsed(written: str) -> float | None:
    """The value of Chinese numerals or digits; None for what is none."""
    import cn2an

    try:
        return float(cn2an.cn2an(written.replace("廿", "二十").replace("卅", "三十"), "smart"))
    except (ValueError, TypeError):
        return None


def _digit_by_digit(written: str) -> str:
    """二零二六 is 2026, 幺三八 138; empty for what is not said so."""
    plain = [
        str("零一二三四五六七八九".find({"〇": "零", "幺": "一", "两": "二"}.get(c, c)))
        for c in written
    ]
    return "".join(plain) if "-1" not in plain else ""


def _tokens(text: str) -> dict[int, str]:
    """Offset of each character -> the word of the dictionary around it, and where that begins."""
    found: dict[int, str] = {}
    position = 0
    for word in dictionary_words(text):
        for index in range(len(word)):
            found[position + index] = word
        position += len(word)
    return found


def _in_an_idiom(start: int, end: int, tokens: dict[int, str]) -> bool:
    """Whether a number is part of a longer word that is no number: 三心二意, 万一, 百货."""
    for offset in (start, end - 1):
        word = tokens.get(offset, "")
        rest = re.sub(rf"[{_NUMERALS}\d.,%％]", "", word)
        if len(word) > end - start and rest and not _IN_WORDS_OF.match(rest):
            return True
    word = tokens.get(start, "")
    # 千万别, 万万没想到: a word of numerals alone that counts nothing.
    return word in {
        "千万",
        "万万",
        "百万",
        "一一",
        "十分",
        "万千",
        "三三两两",
    } and end - start == len(word)
