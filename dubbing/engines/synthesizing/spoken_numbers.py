"""Numbers as people say them in a language: prices, percentages, times, dates, ordinals, telephone numbers.

num2words has the numbers of eleven languages and cn2an those of Chinese; the names of units and months are here,
since what else has them (babel) is ten times the size of both. A language that isn't here is left as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from dubbing.model.language import base

# Of num2words; pt-PT counts as pt.
_CODES: Mapping[str, str] = {
    "de": "de", "en": "en", "es": "es", "fr": "fr", "id": "id", "it": "it", "ja": "ja", "ko": "ko", "pt": "pt_BR",
    "th": "th", "vi": "vi",
}  # fmt: skip
_SPACELESS = frozenset({"ja", "th"})


@dataclass(frozen=True, slots=True)
class _Words:
    """What a language says with a number; {} is the number, {h} and {m} are hours and minutes."""

    percent: str
    money: Mapping[str, tuple[str, str]]  # sign -> of one, of several
    clock: tuple[str, str]  # on the hour, and not
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    months: Sequence[str] = ()
    date: str = ""  # {d}, {month} and {y}


def _money(dollar: str, euro: str, yuan: str, pound: str) -> Mapping[str, tuple[str, str]]:
    """Names of money, each as one/several."""
    named = zip("$€¥£", (dollar, euro, yuan, pound), strict=True)
    return {sign: _pair(names) for sign, names in named} | {"￥": _pair(yuan)}


def _units(**names: str) -> Mapping[str, tuple[str, str]]:
    return {unit.replace("deg", "°"): _pair(name) for unit, name in names.items()}


def _months(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _pair(names: str) -> tuple[str, str]:
    one, _, several = names.partition("/")
    return one, several or one


_LANGUAGES: Mapping[str, _Words] = {
    "en": _Words(
        "{} percent", _money("dollar/dollars", "euro/euros", "yuan", "pound/pounds"), ("{h} o'clock", "{h} {m}"),
        _units(km="kilometer/kilometers", m="meter/meters", cm="centimeter/centimeters", kg="kilogram/kilograms",
               g="gram/grams", degC="degree Celsius/degrees Celsius"),
        _months("January February March April May June July August September October November December"),
        "{month} {d}, {y}",
    ),
    "es": _Words(
        "{} por ciento", _money("dólar/dólares", "euro/euros", "yuan/yuanes", "libra/libras"), ("{h} en punto", "{h} y {m}"),
        _units(km="kilómetro/kilómetros", m="metro/metros", cm="centímetro/centímetros", kg="kilo/kilos", g="gramo/gramos",
               degC="grado/grados"),
        _months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        "{d} de {month} de {y}",
    ),
    "pt": _Words(
        "{} por cento", _money("dólar/dólares", "euro/euros", "yuan/yuans", "libra/libras"), ("{h} em ponto", "{h} e {m}"),
        _units(km="quilômetro/quilômetros", m="metro/metros", cm="centímetro/centímetros", kg="quilo/quilos",
               g="grama/gramas", degC="grau/graus"),
        _months("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        "{d} de {month} de {y}",
    ),
    "fr": _Words(
        "{} pour cent", _money("dollar/dollars", "euro/euros", "yuan/yuans", "livre/livres"), ("{h} heures", "{h} heures {m}"),
        _units(km="kilomètre/kilomètres", m="mètre/mètres", cm="centimètre/centimètres", kg="kilo/kilos", g="gramme/grammes",
               degC="degré/degrés"),
        _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        "{d} {month} {y}",
    ),
    "de": _Words(
        "{} Prozent", _money("Dollar", "Euro", "Yuan", "Pfund"), ("{h} Uhr", "{h} Uhr {m}"),
        _units(km="Kilometer", m="Meter", cm="Zentimeter", kg="Kilo", g="Gramm", degC="Grad"),
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        "{d} {month} {y}",
    ),
    "it": _Words(
        "{} per cento", _money("dollaro/dollari", "euro", "yuan", "sterlina/sterline"), ("{h} in punto", "{h} e {m}"),
        _units(km="chilometro/chilometri", m="metro/metri", cm="centimetro/centimetri", kg="chilo/chili", g="grammo/grammi",
               degC="grado/gradi"),
        _months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        "{d} {month} {y}",
    ),
    "id": _Words(
        "{} persen", _money("dolar", "euro", "yuan", "pound"), ("{h}", "{h} lewat {m} menit"),
        _units(km="kilometer", m="meter", cm="sentimeter", kg="kilogram", g="gram", degC="derajat"),
        _months("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"),
        "{d} {month} {y}",
    ),
    "vi": _Words("{} phần trăm", _money("đô la", "euro", "nhân dân tệ", "bảng Anh"), ("{h} giờ", "{h} giờ {m}")),
    "th": _Words("{}เปอร์เซ็นต์", _money("ดอลลาร์", "ยูโร", "หยวน", "ปอนด์"), ("{h}นาฬิกา", "{h}นาฬิกา{m}นาที")),
    "ja": _Words("{}パーセント", _money("ドル", "ユーロ", "元", "ポンド"), ("{h}時", "{h}時{m}分")),
    "ko": _Words("{} 퍼센트", _money("달러", "유로", "위안", "파운드"), ("{h}시", "{h}시 {m}분")),
}  # fmt: skip

_NUMBER = r"[0-9]+(?:[.,\u00a0\u202f][0-9]{3})*(?:[.,][0-9]+)?"
_APART = r"(?<![0-9A-Za-zÀ-ɏ.,:])"  # what is not part of a word, as in A380
_ENDS = r"(?![0-9A-Za-zÀ-ɏ]|[.,:][0-9])"
_PHONE = re.compile(
    rf"(?:\+[ ]?)?{_APART}(?:[0-9]{{7,}}|[0-9]{{2,4}}(?:[ -][0-9]{{3,4}}){{2,}}){_ENDS}"
)
_DIGITS = re.compile(rf"{_APART}0[0-9]+{_ENDS}")
_DATE = re.compile(
    rf"{_APART}(?:(?P<y>[12][0-9]{{3}})[-/.](?P<m>[0-9]{{1,2}})[-/.](?P<d>[0-9]{{1,2}})"
    rf"|(?P<a>[0-9]{{1,2}})[/.-](?P<b>[0-9]{{1,2}})[/.-](?P<y2>[12][0-9]{{3}})){_ENDS}"
)
_CLOCK = re.compile(rf"{_APART}(2[0-3]|[01]?[0-9])(?::|(?<=[0-9])h)([0-5][0-9]){_ENDS}")
_MONEY = re.compile(
    rf"(?:(?:US|R)?([$€¥￥£])\s?({_NUMBER})|{_APART}({_NUMBER})\s?([$€¥￥£]))(?![0-9])"
)
_SPACED = re.compile(rf"{_APART}[0-9]{{1,3}}(?: [0-9]{{3}})+(?![0-9])")  # 1 299, but in English
_RUPIAH = re.compile(rf"\bRp\.?\s?({_NUMBER})")
_PERCENT = re.compile(rf"{_APART}({_NUMBER})\s?[%％]")
_UNIT = re.compile(rf"{_APART}({_NUMBER})\s?(km|cm|kg|°C|m|g)(?![\w²³/])")
_ORDINALS: Mapping[str, str] = {
    "en": r"(?:st|nd|rd|th)\b", "es": r"\.?[ºª]", "pt": r"\.?[ºª]", "it": r"\.?[ºª°]", "fr": r"(?:ers?|[eè]re|e|ème|nde?)\b",
    "de": r"\.(?=\s(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember))",
}  # fmt: skip
_PLAIN = re.compile(rf"{_APART}({_NUMBER}){_ENDS}")
_MONTH_AND_DAY = re.compile(
    r"\b((?:January|February|March|April|May|June|July|August|September|October|November|December)\s)"
    r"([0-9]{1,2})(?![0-9A-Za-z])"
)
_MOST_DIGITS = 12  # more are nobody's quantity


def in_words(text: str, language: str) -> str:
    """A text of a language (BCP-47) with its numbers in words; as it is where nobody knows them."""
    if not any("0" <= character <= "9" for character in text):
        return text
    code = base(language)
    if code == "zh":
        return _in_chinese(text)
    if code not in _LANGUAGES:
        return text
    return _Speaker(code, "pt" if language == "pt-PT" else _CODES[code], _LANGUAGES[code]).speak(
        text
    )


@dataclass(frozen=True, slots=True)
class _Speaker:
    language: str
    code: str  # of num2words
    words: _Words

    def speak(self, text: str) -> str:
        ordinal = _ORDINALS.get(self.language)
        steps: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
            (_DATE, self._date),
            (_PHONE, lambda m: self._digits(m[0])),
            (_CLOCK, self._clock),
            (_RUPIAH, lambda m: f"{self.number(m[1])} rupiah" if self.language == "id" else m[0]),
            (_MONEY, self._money),
            (_PERCENT, lambda m: self.words.percent.format(self.number(m[1]))),
            (_UNIT, self._unit),
        ]
        if self.language != "en":
            steps.insert(2, (_SPACED, lambda m: m[0].replace(" ", "")))
        if ordinal:
            steps.append((re.compile(rf"{_APART}([0-9]{{1,4}}){ordinal}"), self._ordinal))
        if self.language == "en":
            steps.append((_MONTH_AND_DAY, lambda m: m[1] + self._said(int(m[2]), "ordinal")))
        steps += [(_DIGITS, lambda m: self._digits(m[0])), (_PLAIN, self._plain)]
        for pattern, said in steps:
            text = pattern.sub(said, text)
        return text

    def number(self, written: str, *, before_a_noun: bool = False) -> str:
        value = self._value(written)
        if len(re.sub(r"[^0-9]", "", written)) > _MOST_DIGITS:
            return self._digits(written)
        said = self._said(value)
        if before_a_noun and self.language == "es":
            said = re.sub(r"veintiuno$", "veintiún", said)
            said = re.sub(r"\buno$", "un", said)
        if before_a_noun and self.language == "de" and said == "eins":
            return "ein"
        return said

    def _said(self, value: Decimal | int, to: str = "cardinal") -> str:
        from num2words import num2words

        exact = int(value) if value == int(value) else value
        return str(num2words(exact, lang=self.code, to=to)).replace(",", "")

    def _value(self, written: str) -> Decimal:
        """35,621.78 and 35.621,78: the last mark is the decimal one, unless three digits follow."""
        parts = re.split(r"[.,\u00a0\u202f]", written)
        marks = re.findall(r"[.,\u00a0\u202f]", written)
        if not marks:
            return Decimal(written)
        of_decimals = marks[-1] in ".," and (
            len(parts[-1]) != 3
            or (len(set(marks)) > 1 and marks.count(marks[-1]) == 1)
            or (self.language == "en" and marks == ["."])
            or parts[0] == "0"
        )
        if not of_decimals:
            return Decimal("".join(parts))
        return Decimal("".join(parts[:-1]) + "." + parts[-1])

    def _digits(self, written: str) -> str:
        """Digit by digit, with a breath between its groups."""
        groups = [group for group in re.split(r"[^0-9]+", written) if group]
        if len(groups) == 1 and len(groups[0]) >= 7:
            whole = groups[0]
            groups = [whole[:3], *(whole[i : i + 4] for i in range(3, len(whole), 4))]
        space = "" if self.language in _SPACELESS else " "
        return ", ".join(space.join(self._said(int(digit)) for digit in group) for group in groups)

    def _plain(self, match: re.Match[str]) -> str:
        written, after = match[1], match.string[match.end() :]
        if self.language == "en" and re.fullmatch(r"(?:1[1-9]|20)[0-9]{2}", written):
            counted = re.match(r"\s(?:yuan|dollars?|euros?|people|times|days|of)\b", after)
            if not counted:
                return self._said(int(written), "year")
        return self.number(written, before_a_noun=bool(re.match(r"\s[^\W\d_]", after)))

    def _ordinal(self, match: re.Match[str]) -> str:
        said = self._said(int(match[1]), "ordinal")
        if match[0].endswith("ª") and said.endswith("o"):
            return re.sub(r"o\b", "a", said)
        if self.language == "fr" and match[1] == "1" and match[0].endswith(("re", "ère")):
            return "première"
        return f"{said}n" if self.language == "de" else said

    def _clock(self, match: re.Match[str]) -> str:
        hours, minutes = int(match[1]), int(match[2])
        on_the_hour, otherwise = self.words.clock
        hour = self._said(hours)
        if self.language in {"es", "it", "pt", "fr"} and hours in {1, 21}:
            hour = re.sub(
                r"uno$|um$|un$",
                "una"
                if self.language in {"es", "it"}
                else "uma"
                if self.language == "pt"
                else "une",
                hour,
            )
        if self.language == "pt" and hours in {2, 22}:
            hour = re.sub(r"dois$", "duas", hour)
        minute = self._said(minutes)
        if self.language == "en" and 0 < minutes < 10:
            minute = f"oh {minute}"
        if (
            self.language == "en"
            and not minutes
            and re.match(r"\s?[ap]\.?m", match.string[match.end() :], re.I)
        ):
            return hour
        return (otherwise if minutes else on_the_hour).format(h=hour, m=minute)

    def _money(self, match: re.Match[str]) -> str:
        sign, written = (match[1], match[2]) if match[1] else (match[4], match[3])
        one, several = self.words.money[sign]
        if match[0].startswith("R$") and self.language == "pt":
            one, several = "real", "reais"
        name = one if self._value(written) == 1 else several
        space = "" if self.language in _SPACELESS else " "
        return f"{self.number(written, before_a_noun=True)}{space}{name}"

    def _unit(self, match: re.Match[str]) -> str:
        names = self.words.units.get(match[2])
        if names is None:
            return match[0]
        name = names[0] if self._value(match[1]) == 1 else names[1]
        return f"{self.number(match[1], before_a_noun=True)} {name}"

    def _date(self, match: re.Match[str]) -> str:
        if match["y"]:
            year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
        else:
            first, second, year = int(match["a"]), int(match["b"]), int(match["y2"])
            american = self.language == "en" and first <= 12
            month, day = (first, second) if american else (second, first)
        if not (1 <= month <= 12 and 1 <= day <= 31) or not self.words.months:
            return match[0]
        said = (
            self._said(day, "ordinal")
            if self.language in {"en", "de"}
            or (day == 1 and self.language in {"es", "fr", "it", "pt"})
            else self._said(day)
        )
        if self.language == "de":
            said += "r"
        named_year = self._said(year, "year") if self.language in {"en", "de"} else self._said(year)
        return self.words.date.format(d=said, month=self.words.months[month - 1], y=named_year)


def _in_chinese(text: str) -> str:
    """Dates, percentages and numbers by cn2an; telephone numbers digit by digit."""
    import cn2an

    text = _PHONE.sub(
        lambda m: "".join("零一二三四五六七八九"[int(d)] for d in m[0] if d.isdigit()), text
    )
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    return str(cn2an.transform(text, "an2cn"))
