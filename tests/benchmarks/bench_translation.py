"""What translations are worth, by route, and what each part of the prompt is worth.

    python tests/benchmarks/bench_translation.py [--parts news,drama,prompts] [--lines 10] [--targets en,es,pt-BR]

news     chrF on FLORES-200 of every hop and route: what engines declare as their `pairs`, times 100
drama    chrF on `drama.toml` along the routes the product takes, and what the checks found
prompts  chrF of English and Spanish drama lines with parts of the prompt left out or added, and how
         many lines can be made to fit a length

chrF is sacrebleu's, 0 to 100. A model of this size is no judge of drama: read the lines too (--show).
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sacrebleu

from dubbing.engines.ports import Translation, TranslationRequest, Translator
from dubbing.engines.translating import text_checks, translation_prompt
from dubbing.engines.translating.bergamot import BergamotTranslator
from dubbing.engines.translating.llama import Llama
from dubbing.engines.translating.llama_translator import MODEL, LlamaTranslator
from dubbing.engines.translating.routes import Hop, best_route, terms_of, translate_along
from dubbing.model.episode import Term
from dubbing.model.language import base

FLORES = Path(__file__).resolve().parents[3] / "shared" / "flores"
DRAMA = Path(__file__).with_name("drama.toml")
NEWS_TARGETS = ("en", "es", "pt-BR", "id", "it", "vi", "fr", "de", "ja", "ko", "th", "ar")
DRAMA_TARGETS = ("en", "pt-BR", "es-419")
SOURCE, PIVOT = "zh", "en"
LLAMA, BERGAMOT = "llama:qwen2.5-coder-1.5b", "bergamot:base"


class Loaded:
    """The translators of a route."""

    def __init__(self, engines: Mapping[str, Translator]) -> None:
        self.engines = engines

    @contextmanager
    def translator(self, name: str) -> Iterator[Translator]:
        yield self.engines[name]


@dataclass(frozen=True, slots=True)
class Line:
    before: tuple[str, ...]
    references: Mapping[str, str]
    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        return self.references[SOURCE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", default="news,drama,prompts")
    parser.add_argument("--lines", type=int, default=10, help="of news, at most 200")
    parser.add_argument("--targets", default="", help="of news and drama")
    parser.add_argument("--show", action="store_true", help="print the lines of the drama")
    options = parser.parse_args()
    parts = options.parts.split(",")
    targets = options.targets.split(",") if options.targets else None

    with ExitStack() as stack:
        if "news" in parts or "drama" in parts:
            asked = {pair: 0.0 for t in NEWS_TARGETS for pair in ((SOURCE, t), (PIVOT, t))}
            engines: dict[str, Translator] = {
                LLAMA: stack.enter_context(LlamaTranslator(pairs=asked)),
                BERGAMOT: stack.enter_context(BergamotTranslator()),
            }
            if "news" in parts:
                news(Loaded(engines), targets or NEWS_TARGETS, options.lines)
            if "drama" in parts:
                drama(Loaded(engines), targets or DRAMA_TARGETS, show=options.show)
    if "prompts" in parts:
        with Llama(MODEL.path()) as llama:
            prompts(llama)
            shortening(llama)


def news(loaded: Loaded, targets: Sequence[str], count: int) -> None:
    if not FLORES.is_dir():
        print("news: no FLORES beside the checkout", file=sys.stderr)
        return
    print(f"news: chrF on the {count} shortest lines of FLORES-200")
    for target in targets:
        direct = [(Hop(LLAMA, SOURCE, target),)]
        others: list[tuple[Hop, ...]] = []
        if target != PIVOT:
            others = [(Hop(LLAMA, PIVOT, target),)]
            others += [(Hop(LLAMA, SOURCE, PIVOT), Hop(LLAMA, PIVOT, target))]
        if target == "pt-BR":
            others += [(Hop(BERGAMOT, PIVOT, target),)]
            others += [(Hop(LLAMA, SOURCE, PIVOT), Hop(BERGAMOT, PIVOT, target))]
        for route in direct + others:
            requests = [TranslationRequest(text) for text in flores(route[0].source, count)]
            started_s = time.perf_counter()
            found = translate_along(loaded, route, requests)
            each_s = (time.perf_counter() - started_s) / count
            value = chrf([t.text for t in found], flores(target, count))
            print(f"  {way(route):40} {value:5.1f}   {each_s:.2f} s a line", flush=True)


def drama(loaded: Loaded, targets: Sequence[str], *, show: bool) -> None:
    declared = {
        LLAMA: LlamaTranslator().pairs,
        BERGAMOT: BergamotTranslator().pairs,
    }
    for target in targets:
        lines = scenes(target)
        routes = [(Hop(LLAMA, SOURCE, target),)]
        if target != PIVOT:
            routes += [(Hop(LLAMA, SOURCE, PIVOT), Hop(LLAMA, PIVOT, target))]
        if target == "pt-BR":
            routes += [(Hop(LLAMA, SOURCE, PIVOT), Hop(BERGAMOT, PIVOT, target))]
        for route in routes:
            requests = [TranslationRequest(line.text, terms=line.terms) for line in lines]
            started_s = time.perf_counter()
            found = translate_along(loaded, route, requests)
            each_s = (time.perf_counter() - started_s) / len(lines)
            chosen = "chosen" if route == best_route(declared, SOURCE, target) else ""
            print(
                f"drama: {way(route):40} {score(found, lines, target)}, {each_s:.2f} s a line {chosen}",
                flush=True,
            )
            if show:
                for line, translation in zip(lines, found, strict=True):
                    print(f"    {line.text}  {translation.text}  {'; '.join(translation.notes)}")


def prompts(llama: Llama) -> None:
    """Answers as they come, asked for once and not mended, along the parts of the prompt."""
    for target in ("en", "es-419"):
        lines = scenes(target)
        for name, examples, terms, before, grammar in (
            ("instruction alone", False, False, 0, False),
            ("examples", True, False, 0, False),
            ("examples, glossary", True, True, 0, False),
            ("examples, glossary, grammar", True, True, 0, True),
            ("examples, glossary, grammar, two lines before", True, True, 2, True),
        ):
            prefix = translation_prompt.conversation(SOURCE, target)
            found: list[Translation] = []
            for line in lines:
                question = translation_prompt.question(line.text, line.terms if terms else ())
                if before and line.before:
                    context = "\n".join(line.before[-before:])
                    question = f"[after these lines:\n{context}]\n{question}"
                answer = llama.answer(
                    prefix if examples else prefix[:1],
                    question,
                    max_tokens=80,
                    grammar=translation_prompt.grammar(target) if grammar else "",
                )
                wrong = text_checks.faults(line.text, answer.text, SOURCE, target)
                found.append(Translation(answer.text, wrong))
            print(f"prompts: {target:7} {name:46} {score(found, lines, target)}", flush=True)


def shortening(llama: Llama) -> None:
    """How many lines can be said in three quarters of their characters, told a length or by example."""
    for target in DRAMA_TARGETS:
        kept = {"told": 0, "by example": 0}
        lines = [line for line in scenes(target) if len(line.text) >= 8]
        for line in lines:
            prefix = translation_prompt.conversation(SOURCE, target)
            question = translation_prompt.question(line.text, terms_of(line.terms, target))
            full = llama.answer(prefix, question, max_tokens=80).text
            max_chars = len(full) * 3 // 4
            told = f"[at most {max_chars} characters]\n{question}"
            answer = llama.answer(prefix, told, max_tokens=80).text
            kept["told"] += len(answer) <= max_chars
            examples = translation_prompt.shortening(target)
            answer = llama.answer(examples, full, max_tokens=80).text
            kept["by example"] += len(answer) <= max_chars
        for name, count in kept.items():
            print(f"shortening: {target:7} {name:12} {count} of {len(lines)} lines", flush=True)


def score(found: Sequence[Translation], lines: Sequence[Line], target: str) -> str:
    value = chrf([t.text for t in found], [line.references[target] for line in lines])
    wrong = sum(bool(t.notes) for t in found)
    foreign = sum(bool(text_checks.foreign_letters(t.text, target)) for t in found)
    missing = sum(
        bool(text_checks.missing_terms(t.text, terms_of(line.terms, target)))
        for t, line in zip(found, lines, strict=True)
    )
    return (
        f"chrF {value:.1f}; of {len(lines)} lines {wrong} noted, {foreign} with Chinese left, "
        f"{missing} without their terms"
    )


def scenes(target: str) -> list[Line]:
    """The drama's lines, each with those before it in its scene."""
    document = tomllib.loads(DRAMA.read_text("utf-8"))
    glossary = [
        Term(source, target, targets[target]) for source, targets in document["terms"].items()
    ]
    glossary += [
        Term(source, PIVOT, targets[PIVOT])
        for source, targets in document["terms"].items()
        if target != PIVOT
    ]
    found: list[Line] = []
    for scene in document["scenes"]:
        texts = [line[SOURCE] for line in scene["lines"]]
        for number, line in enumerate(scene["lines"]):
            terms = tuple(term for term in glossary if term.source in line[SOURCE])
            found.append(Line(tuple(texts[:number]), line, terms))
    return found


def flores(language: str, count: int) -> list[str]:
    """The lines whose Chinese is shortest: nearest to what people say."""
    texts = {
        tag: (FLORES / f"flores-test-200.{base(tag)}").read_text("utf-8").splitlines()
        for tag in (SOURCE, language)
    }
    order = sorted(range(len(texts[SOURCE])), key=lambda i: (len(texts[SOURCE][i]), i))
    return [texts[language][i] for i in order[:count]]


def chrf(found: Sequence[str], references: Sequence[str]) -> float:
    return float(sacrebleu.corpus_chrf(list(found), [list(references)]).score)


def way(route: Sequence[Hop]) -> str:
    first = route[0].source
    return first + "".join(f" -{hop.engine.partition(':')[0]}-> {hop.target}" for hop in route)


if __name__ == "__main__":
    main()
