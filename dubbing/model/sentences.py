"""Lines that are parts of one sentence, and are translated as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dubbing.model.language import SPACELESS, base
from dubbing.model.speech import Utterance

_LONGEST_MS = 12_000  # small translators leave out parts of what is longer


@dataclass(frozen=True, slots=True)
class Sentence:
    """The lines of one sentence, in order; most have one."""

    lines: tuple[Utterance, ...]
    whole: Utterance  # all of them as one, with the number of the first

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(line.number for line in self.lines)


def sentences(utterances: Iterable[Utterance], language: str) -> list[Sentence]:
    """All utterances, each in one sentence; `language` is the transcript's."""
    grouped: list[list[Utterance]] = []
    for one in utterances:
        goes_on = (
            one.continues
            and grouped
            and grouped[-1][-1].number == one.number - 1
            and (grouped[-1][-1].speaker, grouped[-1][-1].language) == (one.speaker, one.language)
            and grouped[-1][0].span.join(one.span).duration_ms <= _LONGEST_MS
        )
        if goes_on:
            grouped[-1].append(one)
        else:
            grouped.append([one])
    return [Sentence(tuple(lines), _whole(lines, language)) for lines in grouped]


def alone(line: Utterance) -> Sentence:
    return Sentence((line,), line)


def _whole(lines: list[Utterance], language: str) -> Utterance:
    first, last = lines[0], lines[-1]
    space = "" if base(first.language or language) in SPACELESS else " "
    return replace(
        first,
        span=first.span.join(last.span),
        text=space.join(line.text for line in lines),
        words=tuple(word for line in lines for word in line.words),
    )
