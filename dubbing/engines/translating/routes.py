"""Ways from a language to another through what translators declare, and translation along them.

A route is one hop, or two by way of a pivot language.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.translating.glossary import held
from dubbing.engines.translating.text_checks import unmet_wishes
from dubbing.model.episode import Term
from dubbing.model.language import base

Pairs = Mapping[tuple[str, str], float]

# What a good translation scores against another one: chrF counts every other wording as an error.
_GOOD = 0.64


@dataclass(frozen=True, slots=True)
class Hop:
    """One translation by one engine, between languages as BCP-47 tags."""

    engine: str  # as profiles write it
    source: str
    target: str


class Translates(Protocol):
    """The one thing that a route asks of a translator."""

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]: ...


class Translators(Protocol):
    """Loaded translators, by name: `dubbing.engines.registry.Engines` is one."""

    def translator(self, name: str) -> AbstractContextManager[Translates]: ...


def declared(pairs: Pairs, source: str, target: str) -> float | None:
    """How good an engine says it is from a BCP-47 tag to another; None if it declares no such pair.

    A pair of base languages serves all their varieties (`es` serves `es-419`), a pair of a variety
    serves only that one, and goes before its base language.
    """
    for pair in ((source, target), (source, base(target)), (base(source), target)):
        if pair in pairs:
            return pairs[pair]
    return pairs.get((base(source), base(target)))


def best_route(
    translators: Mapping[str, Pairs], source: str, target: str
) -> tuple[Hop, ...] | None:
    """The route of the best quality to expect, of one hop or two; None if there is none.

    `translators` are the pairs that engines declare, by engine name. Of routes as good as each other
    the shorter one is taken, then the engine that comes first, then the pivot that comes first in the
    alphabet.
    """
    if base(source) == base(target):
        return None
    best: tuple[float, tuple[Hop, ...]] | None = None
    for quality, route in _routes(translators, source, target):
        if best is None or quality > best[0]:
            best = quality, route
    return None if best is None else best[1]


def translate_along(
    translators: Translators, route: Sequence[Hop], requests: Sequence[TranslationRequest]
) -> list[Translation]:
    """One translation a request, in order, through every hop of a route.

    A request's terms may be of any language: each hop is given those of its own target. What has no
    entry in the pivot language goes through it as it shall be in the end, since most terms are names.
    A term that only stands inside a longer one is none of the line's.

    A length budget is one of the last hop. Where that one can't keep it, the pivot's text is asked for
    again, as much shorter as the last was too long, and the shorter result is taken.
    """
    requests = [dataclasses.replace(r, terms=held(r.text, r.terms)) for r in requests]
    if len(route) == 1:
        return _direct(translators, route[0], requests)
    passed = _pass(translators, route, requests, [None] * len(requests))
    too_long = [i for i, passage in enumerate(passed) if passage.budget() is not None]
    again = _pass(
        translators,
        route,
        [requests[i] for i in too_long],
        [passed[i].budget() for i in too_long],
    )
    for i, shorter in zip(too_long, again, strict=True):
        if len(shorter.final.text) < len(passed[i].final.text):
            passed[i] = shorter
    return [passage.translation() for passage in passed]


def _routes(
    translators: Mapping[str, Pairs], source: str, target: str
) -> Iterator[tuple[float, tuple[Hop, ...]]]:
    """All routes and how good each can be expected to be; those that win ties come first."""
    for name, pairs in translators.items():
        quality = declared(pairs, source, target)
        if quality is not None:
            yield quality, (Hop(name, source, target),)
    pivots = {to for pairs in translators.values() for _, to in pairs}
    for pivot in sorted(p for p in pivots if base(p) not in {base(source), base(target)}):
        for first, first_pairs in translators.items():
            to_pivot = declared(first_pairs, source, pivot)
            for last, last_pairs in translators.items():
                from_pivot = declared(last_pairs, pivot, target)
                if to_pivot is not None and from_pivot is not None:
                    quality = _through(to_pivot, from_pivot)
                    yield quality, (Hop(first, source, pivot), Hop(last, pivot, target))


def _through(first: float, last: float) -> float:
    """How good two hops in a row can be expected to be: each keeps its share of what is good.

    Measured against what came of real routes by `tests/benchmarks/bench_translation.py`.
    """
    return min(first, last, first * last / _GOOD)


def _hop(
    translators: Translators, hop: Hop, requests: Sequence[TranslationRequest]
) -> list[Translation]:
    if not requests:
        return []
    with translators.translator(hop.engine) as engine:
        return engine.translate(requests, hop.source, hop.target)


def _direct(
    translators: Translators, hop: Hop, requests: Sequence[TranslationRequest]
) -> list[Translation]:
    own = [dataclasses.replace(r, terms=terms_of(r.terms, hop.target)) for r in requests]
    return _hop(translators, hop, own)


@dataclass(frozen=True, slots=True)
class _Passage:
    """A line on its way through a pivot language."""

    to_pivot: TranslationRequest
    from_pivot: TranslationRequest
    pivot: Translation
    final: Translation

    def budget(self) -> int | None:
        """What the pivot may be long for the end to be short enough; None if it is already."""
        max_chars, chars = self.from_pivot.max_chars, len(self.final.text)
        if max_chars is None or chars <= max_chars:
            return None
        return max(1, len(self.pivot.text) * max_chars // chars)

    def translation(self) -> Translation:
        """The end, with the notes of both hops but those on the pivot that the last hop took up."""
        unmet = unmet_wishes(self.pivot.text, self.to_pivot.terms, self.to_pivot.max_chars)
        of_pivot = tuple(note for note in self.pivot.notes if note not in unmet)
        told = [t.confidence for t in (self.pivot, self.final) if t.confidence is not None]
        return Translation(self.final.text, of_pivot + self.final.notes, min(told, default=None))


def _pass(
    translators: Translators,
    route: Sequence[Hop],
    requests: Sequence[TranslationRequest],
    pivot_budgets: Sequence[int | None],
) -> list[_Passage]:
    """Lines taken through two hops. `pivot_budgets` are in characters, one a request."""
    first, last = route
    to_pivot = [
        TranslationRequest(r.text, _terms_to_pivot(r.terms, first, last), budget, r.scene)
        for r, budget in zip(requests, pivot_budgets, strict=True)
    ]
    pivots = _hop(translators, first, to_pivot)
    from_pivot = [
        TranslationRequest(
            pivot.text, terms=_terms_from_pivot(r.terms, first, last), max_chars=r.max_chars
        )
        for r, pivot in zip(requests, pivots, strict=True)
    ]
    finals = _hop(translators, last, from_pivot)
    return list(map(_Passage, to_pivot, from_pivot, pivots, finals))


def terms_of(terms: Sequence[Term], language: str) -> tuple[Term, ...]:
    """The terms for a target (BCP-47), one a source: its own, else those of its base language."""
    chosen = {term.source: term for term in terms if term.language == base(language)}
    chosen |= {term.source: term for term in terms if term.language == language}
    return tuple(chosen.values())


def _terms_to_pivot(terms: Sequence[Term], first: Hop, last: Hop) -> tuple[Term, ...]:
    final = {t.source: t for t in terms_of(terms, last.target)}
    pivot = {t.source: t for t in terms_of(terms, first.target)}
    return tuple((final | pivot).values())


def _terms_from_pivot(terms: Sequence[Term], first: Hop, last: Hop) -> tuple[Term, ...]:
    pivot = {t.source: t.target for t in terms_of(terms, first.target)}
    return tuple(
        dataclasses.replace(t, source=pivot.get(t.source, t.target))
        for t in terms_of(terms, last.target)
    )
