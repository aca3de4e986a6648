"""Asks again until the answer is a usable line that keeps its glossary: for chat models, and for networks that take no instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dubbing.engines.translating import glossary
from dubbing.engines.translating.text_checks import faults, missing_terms
from dubbing.model.episode import Term


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a model said, tidied, and what is wrong with it."""

    text: str
    faults: tuple[str, ...]  # that make it no translation at all
    unmet: tuple[str, ...]  # wishes that it does not heed
    confidence: float | None = None  # 0 to 1, the model's own

    @property
    def wrong(self) -> tuple[str, ...]:
        return self.faults + self.unmet


def best_of(
    ask: Callable[[str, tuple[str, ...]], Candidate], line: str, terms: Sequence[Term]
) -> Candidate:
    """The best of what `ask` says to a line, told what was wrong with the answer before.

    Where a term is missing even then, the line is asked for with the target's words put into it.
    """
    tried = [ask(line, ())]
    if tried[0].wrong:
        tried.append(ask(line, tried[0].wrong))
    if all(candidate.unmet for candidate in tried):
        tried.append(ask(glossary.put_in(line, terms), ()))
    # A broken line is worse than a term that is missing; of two alike the shorter one is better.
    return min(tried, key=lambda c: (len(c.faults), len(c.unmet), len(c.text)))


def with_terms(
    say: Callable[[Sequence[str]], Sequence[str]],
    lines: Sequence[str],
    terms: Sequence[Sequence[Term]],
    source: str,
    target: str,
) -> list[str]:
    """What a network says to lines, with as many of the terms of each as can be had without spoiling it.

    It can't be told of terms, so ways around that are tried in turn, on the lines that still miss one:
    what it says for the term alone gives way to the term; the target's words are put into the line, those
    that are missing or all; a name that any network copies stands in for the term. A line that heeds no
    more than the one before, or is less of a line, is not taken. `source` and `target` are BCP-47 tags.
    """
    best = [glossary.mended(text, own) for text, own in zip(say(lines), terms, strict=True)]

    def lacking() -> dict[int, list[Term]]:
        missed = {i: missing_terms(text, terms[i]) for i, text in enumerate(best)}
        return {i: missing for i, missing in missed.items() if missing}

    def wrong(i: int, text: str) -> tuple[int, int]:
        broken = faults(lines[i], text, source, target)
        return len(broken), len(missing_terms(text, terms[i]))

    def offer(i: int, text: str) -> None:
        text = glossary.mended(text, terms[i])
        if wrong(i, text) < wrong(i, best[i]):
            best[i] = text

    alone = sorted({term.source for missing in lacking().values() for term in missing})
    said_alone = dict(zip(alone, say(alone), strict=True))
    for i, missing in lacking().items():
        for term in missing:
            said = said_alone[term.source].strip(" .!?…")
            if len(said) > 2 or not said.isascii():  # else it may stand there for something else
                offer(i, glossary.exchanged(best[i], said, term.target, target) or best[i])

    for all_of_them in (False, True):
        missed = lacking()
        asked = [
            glossary.put_in(lines[i], terms[i] if all_of_them else missing)
            for i, missing in missed.items()
        ]
        for i, text in zip(missed, say(asked), strict=True):
            offer(i, text)

    missed = lacking()
    names = {i: glossary.stand_ins(lines[i], missing) for i, missing in missed.items()}
    asked = [
        glossary.put_in(lines[i], [replace(t, target=names[i].get(t, t.target)) for t in terms[i]])
        for i in missed
    ]
    for i, text in zip(missed, say(asked), strict=True):
        for term, name in names[i].items():
            text = glossary.exchanged(text, name, term.target, target) or text
        if not any(name in text for name in names[i].values()):
            offer(i, text)
    return best
