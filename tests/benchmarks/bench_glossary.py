"""How often a glossary is kept: its 50 terms, in the lines of `glossary.toml`.

    python tests/benchmarks/bench_glossary.py [--targets en,pt-BR,es-419] [--lines 30] [--show]
    python tests/benchmarks/bench_glossary.py --translator openai:qwen2.5-coder-1.5b --lines 30

An endpoint is the one that DUBBING_OPENAI_BASE_URL names; without it, one is started with the embedded model.
For each target, along the route that the profile takes: how many of the places where a line holds a term
have it as asked, with the glossary and, to compare, without. `noted` are lines that say what is wrong with
them; `spoilt` those that have Chinese left, or are not a line at all.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import endpoints

from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.translating import text_checks
from dubbing.engines.translating.routes import best_route, terms_of, translate_along
from dubbing.model.episode import Term
from dubbing.planning.config import load_profile

GLOSSARY = Path(__file__).with_name("glossary.toml")
SOURCE = "zh"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--targets", default="en,pt-BR,es-419")
    parser.add_argument("--profile", default="local")
    parser.add_argument("--translator", default="", help="this one alone, instead of the profile's")
    parser.add_argument("--given", default="with,without", help="the glossary, or nothing")
    parser.add_argument("--lines", type=int, default=0, help="as many, from all over; 0: all")
    parser.add_argument("--show", action="store_true", help="print the lines without their terms")
    options = parser.parse_args()

    glossary, lines = read()
    if options.lines:
        lines = lines[:: max(1, len(lines) // options.lines)]
    names = (
        (options.translator,) if options.translator else load_profile(options.profile).translators
    )
    with ExitStack() as stack:
        if options.translator.startswith("openai:") and "DUBBING_OPENAI_BASE_URL" not in os.environ:
            os.environ["DUBBING_OPENAI_BASE_URL"] = stack.enter_context(endpoints.qwen())
        engines = stack.enter_context(Engines())
        pairs = {name: engines.pairs(name) for name in names}
        for target in options.targets.split(","):
            route = best_route(pairs, SOURCE, target)
            if route is None:
                parser.error(f"no route to {target}")
            way = SOURCE + "".join(
                f" -{hop.engine.partition(':')[0]}-> {hop.target}" for hop in route
            )
            wanted = [terms_of(terms_in(line, glossary), target) for line in lines]
            for name in options.given.split(","):
                given = glossary if name == "with" else ()
                requests = [TranslationRequest(line, terms_in(line, given)) for line in lines]
                started_s = time.perf_counter()
                found = translate_along(engines, route, requests)
                each_s = (time.perf_counter() - started_s) / len(lines)
                print(
                    f"{way:32} {name:8} {score(lines, found, wanted, target)}, {each_s:.2f} s a line",
                    flush=True,
                )
                if options.show and given:
                    show(lines, found, wanted)


def read() -> tuple[tuple[Term, ...], list[str]]:
    document = tomllib.loads(GLOSSARY.read_text("utf-8"))
    lines = document.pop("series")["lines"]
    return tuple(
        Term(source, language, target)
        for kind in document.values()
        for source, targets in kind.items()
        for language, target in targets.items()
    ), lines


def terms_in(line: str, glossary: Sequence[Term]) -> tuple[Term, ...]:
    """The terms of a line; of two that overlap, the longer one."""
    found = [term for term in glossary if term.source in line]
    return tuple(
        term
        for term in found
        if not any(term.source != other.source and term.source in other.source for other in found)
    )


def score(
    lines: Sequence[str],
    found: Sequence[Translation],
    wanted: Sequence[Sequence[Term]],
    target: str,
) -> str:
    places = sum(map(len, wanted))
    missing = sum(
        len(text_checks.missing_terms(translation.text, terms))
        for translation, terms in zip(found, wanted, strict=True)
    )
    spoilt = sum(
        bool(text_checks.faults(line, translation.text, SOURCE, target))
        for line, translation in zip(lines, found, strict=True)
    )
    return (
        f"{100 * (places - missing) / places:5.1f} % of {places} places; of {len(lines)} lines "
        f"{sum(bool(t.notes) for t in found)} noted, {spoilt} spoilt"
    )


def show(
    lines: Sequence[str], found: Sequence[Translation], wanted: Sequence[Sequence[Term]]
) -> None:
    for line, translation, terms in zip(lines, found, wanted, strict=True):
        if missing := text_checks.missing_terms(translation.text, terms):
            asked = ", ".join(term.target for term in missing)
            print(f"    {line}  {translation.text}  [{asked}]")


if __name__ == "__main__":
    main()
