"""Ways from a language to another through what translators declare, and translation along them.

A route is one hop, or two by way of a pivot language. `BETTER` than declared quality is only what can
be measured on it: see `_quality`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dubbing.engines.ports import Translation, TranslationRequest, Translator, covers
from dubbing.engines.text_checks import base, missing_terms
from dubbing.model.episode import Term

Pairs = Mapping[tuple[str, str], float]

_PIVOT_LOSS = 0.02


@dataclass(frozen=True, slots=True)
class Hop:
    """One translation by one engine, between languages as BCP-47 tags."""

    engine: str  # as profiles write it
    source: str
    target: str


class Translators(Protocol):
    """Loaded translators, by name: `dubbing.engines.registry.Engines` is one."""

    def translator(self, name: str) -> AbstractContextManager[Translator]: ...


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

    A length budget is one of the last hop. Where that one can't keep it, the pivot's text is asked for
    again, as much shorter as the last was too long, and the shorter result is taken.
    """
    if len(route) == 1:
        return _hop(translators, route[0], [_localized(r, route[0].target) for r in requests])
    results = _through_pivot(translators, route, requests, [None] * len(requests))
    return _shortened(translators, route, requests, results)


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
    """How good two hops in a row can be expected to be."""
    return min(first, last) - _PIVOT_LOSS


@dataclass(frozen=True, slots=True)
class _Passed:
    """A line at the end of a route, and what it was in the pivot language."""

    pivot: Translation
    last: Translation


def _through_pivot(
    translators: Translators,
    route: Sequence[Hop],
    requests: Sequence[TranslationRequest],
    pivot_budgets: Sequence[int | None],
) -> list[_Passed]:
    first, last = route
    pivots = _hop(
        translators,
        first,
        [
            TranslationRequest(r.text, r.before, _pivot_terms(r.terms, first, last), budget)
            for r, budget in zip(requests, pivot_budgets, strict=True)
        ],
    )
    finals = _hop(
        translators,
        last,
        [
            TranslationRequest(
                pivot.text, terms=_terms_from_pivot(r.terms, first, last), max_chars=r.max_chars
            )
            for r, pivot in zip(requests, pivots, strict=True)
        ],
    )
    return [_Passed(pivot, final) for pivot, final in zip(pivots, finals, strict=True)]


def _shortened(
    translators: Translators,
    route: Sequence[Hop],
    requests: Sequence[TranslationRequest],
    results: list[_Passed],
) -> list[Translation]:
    too_long = [
        index
        for index, (request, passed) in enumerate(zip(requests, results, strict=True))
        if request.max_chars is not None and len(passed.last.text) > request.max_chars
    ]
    budgets = [
        max(
            1,
            len(results[i].pivot.text) * (requests[i].max_chars or 0) // len(results[i].last.text),
        )
        for i in too_long
    ]
    again = _through_pivot(translators, route, [requests[i] for i in too_long], budgets)
    for index, shorter in zip(too_long, again, strict=True):
        if len(shorter.last.text) < len(results[index].last.text):
            results[index] = shorter
    return [_noted(passed, route, r.terms) for passed, r in zip(results, requests, strict=True)]
