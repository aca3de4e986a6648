"""How the pages word times, tempos, people and marks."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from langcodes import Language as LanguageTag

from dubbing.model.dub import BedKind, FitKind
from dubbing.model.report import LineReport
from dubbing.model.time import ms_to_seconds

# Of the style sheet; an eleventh speaker has the first one's, and its name beside it.
COLOURS = 10

_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})

# All of them speak of time alone: whether a line is right, no check can say.
FITS = {
    FitKind.IN_TIME: "it is as long as its utterance, or shorter; says nothing of its words",
    FitKind.BORROWED: "it runs on into the silence after the utterance",
    FitKind.SPED: "spoken faster by the engine",
    FitKind.STRETCHED: "played faster, at the same pitch",
    FitKind.SHORTENED: "a shorter translation is spoken",
    FitKind.FLAGGED: "much faster than natural, or too long all the same: please listen",
}
BEDS = {
    BedKind.STEM: "the producer’s music and effects",
    BedKind.SEPARATED: "the original without its voices",
    BedKind.DUCKED: "the original, turned down where it speaks",
}


def who(line: LineReport) -> str:
    """What the pages call the speaker of a line."""
    return line.label or line.character or line.speaker


def identity(line: LineReport) -> str:
    """Who speaks a line: the same over all episodes where characters are known."""
    return line.character or line.speaker


def colours_of(lines: Iterable[LineReport]) -> dict[str, int]:
    """A colour for each who speaks, by first appearance: the same wherever they appear."""
    identities = dict.fromkeys(map(identity, lines))
    return {one: index % COLOURS for index, one in enumerate(identities)}


def css_class(kind: FitKind) -> str:
    return kind.value.replace(" ", "-")


def direction_of(language: str) -> str:
    """Which way a language (BCP-47) is written, as HTML's `dir` says it."""
    script = LanguageTag.get(language).maximize().script
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


def clock(ms: int) -> str:
    """m:ss, rounded down."""
    minutes, rest_ms = divmod(ms, 60_000)
    return f"{minutes}:{rest_ms // 1000:02d}"


def clock_tenths(ms: int) -> str:
    """m:ss.t, rounded down."""
    return f"{clock(ms)}.{ms % 1000 // 100}"


def seconds(ms: int) -> str:
    return f"{ms_to_seconds(ms):.1f}"


def change(factor: float) -> str:
    """A tempo as a change in percent: +15%."""
    percent = round((factor - 1) * 100)
    return f"{percent:+d}%".replace("-", "−") if percent else "0%"


def signed(number: float) -> str:
    """To one decimal, with a real minus sign."""
    return f"{number:.1f}".replace("-", "−")


def count_of(number: int, what: str) -> str:
    """1 line, 2 lines"""
    return f"{number:,} {what}{'s' * (number != 1)}"


def address(*parts: str) -> str:
    """The relative address of a file."""
    return quote("/".join(parts))
