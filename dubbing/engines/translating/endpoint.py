"""Translation by a chat model behind an HTTP endpoint that speaks OpenAI's language: vLLM, llama.cpp, a cloud.

The profile names the model (`openai:qwen3-32b`), the environment its address. Each line is a request of its
own, with its scene in it. Several run at once, so that a server can batch them; none depends on the others.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from dubbing.engines.pieces import pieces
from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.translating import attempts, glossary, scene_prompt, text_checks
from dubbing.engines.translating.attempts import Candidate
from dubbing.engines.translating.chinese_names import romanized
from dubbing.engines.translating.routes import declared
from dubbing.errors import Defect, Rejected, Transient
from dubbing.model.episode import Term

# An estimate for large models, which nobody has measured here: good enough that a line goes directly and
# not by way of English. `tests/benchmarks/bench_glossary.py --translator` measures one's terms.
_QUALITY = 0.58
_LANGUAGES = ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "th", "vi", "zh")
_PAIRS: Mapping[tuple[str, str], float] = dict.fromkeys(permutations(_LANGUAGES, 2), _QUALITY)
_LINES_AT_ONCE = 32  # so that no connection waits long for the others
_RETRIES = 3  # of a request, by the client: after half a second, then twice as long, or as told
_SHORTENINGS = 2
_LONGEST_PIECE_CHARS = 200  # of source text given at once
# Tokens for an answer: for each character that is expected, and beyond; and for one that was cut off before.
_ROOM = ((0.5, 64), (1.0, 128))


class _Answer(msgspec.Struct):
    line: str


@dataclass(frozen=True, slots=True)
class _Settings:
    """Of the endpoint, from the environment. Only a digest of its address is ever written down."""

    base_url: str
    key: str
    commercial: bool
    connections: int
    timeout_s: float

    @classmethod
    def load(cls) -> _Settings:
        """Raises Rejected for what can't be used."""
        base_url = os.environ.get("DUBBING_OPENAI_BASE_URL", "").rstrip("/")
        if urlsplit(base_url).scheme not in {"http", "https"}:
            raise Rejected(
                "DUBBING_OPENAI_BASE_URL",
                found="something else" if base_url else "nothing",
                expected="the address of an OpenAI-compatible endpoint, such as http://gpu1:8000/v1",
                remedy="Set it in the environment, for every process of the service.",
            )
        return cls(
            base_url=base_url,
            key=os.environ.get("DUBBING_OPENAI_KEY", "none"),
            commercial=_may_be_sold_with(),
            connections=round(_number("DUBBING_OPENAI_CONNECTIONS", 8, least=1)),
            timeout_s=_number("DUBBING_OPENAI_TIMEOUT_S", 120, least=0.001),
        )


class EndpointTranslator:
    """Any model of an endpoint, by its name there. Calls from several threads share its connections.

    An endpoint does not say which weights are behind a name: give another model another name, or what was
    translated by the one before is taken for its own.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._client: Any = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=f"openai:{self._model}",
            port=Port.TRANSLATOR,
            revision=f"{self._model} at {_identity()} prompt {scene_prompt.VERSION}",
            languages=frozenset(_LANGUAGES),
            licence="LicenseRef-endpoint",
            commercial=_may_be_sold_with(),
            distributions=("openai", "pypinyin"),
            lines_at_once=_LINES_AT_ONCE,
            reads_scenes=True,
            note="Whatever model DUBBING_OPENAI_BASE_URL serves under this name. Its lines are sent there. "
            "DUBBING_OPENAI_COMMERCIAL=1 says that its terms allow what it is used for.",
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        """All of them, as good as each other. Raises Rejected where no endpoint is set."""
        _Settings.load()
        return _PAIRS

    def __enter__(self) -> Self:
        import openai

        settings = _Settings.load()
        self._client = openai.OpenAI(
            base_url=settings.base_url,
            api_key=settings.key,
            timeout=settings.timeout_s,
            max_retries=_RETRIES,
        )
        self._pool = ThreadPoolExecutor(settings.connections, "endpoint")
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._client is not None:
            self._client.close()
        self._pool = self._client = None

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared, Rejected for what
        the endpoint refuses, Transient if it does not answer."""
        if declared(_PAIRS, source, target) is None:
            raise ValueError(f"{self.info.name} does not translate {source} to {target}")
        if self._pool is None:
            raise Defect(f"{self.info.name} was asked before it was loaded")
        return list(self._pool.map(lambda one: self._line(one, source, target), requests))

    def _line(self, request: TranslationRequest, source: str, target: str) -> Translation:
        text = text_checks.without_directions(request.text)
        if not any(character.isalpha() for character in text):
            return Translation(text_checks.tidy(text, target) or "…")

        def ask(line: str, faults: tuple[str, ...]) -> Candidate:
            said = [
                self._ask(
                    scene_prompt.instruction(source, target),
                    scene_prompt.question(piece, request.terms, request.scene, faults),
                    text_checks.expected_chars(piece, source, target),
                )
                for piece in pieces(line, _LONGEST_PIECE_CHARS)
            ]
            told = text_checks.tidy(" ".join(filter(None, said)), target)
            told = glossary.mended(told, request.terms, romanized)
            broken = text_checks.faults(text, told, source, target)
            return Candidate(
                told,
                faults=(*broken, "cut off") if None in said else broken,
                unmet=text_checks.unmet_wishes(told, request.terms),
            )

        best = attempts.best_of(ask, text, request.terms)
        if request.max_chars is None or len(best.text) <= request.max_chars:
            return Translation(best.text or romanized(text), best.wrong)
        short = self._shortened(best.text, request.max_chars, request.terms, target)
        unmet = text_checks.unmet_wishes(short, request.terms, request.max_chars)
        return Translation(short, best.faults + unmet)

    def _shortened(self, text: str, max_chars: int, terms: Sequence[Term], target: str) -> str:
        """A line in fewer words, and in fewer again if that isn't enough; none of its terms is lost."""
        missing = text_checks.missing_terms(text, terms)
        kept = [term for term in terms if term not in missing]
        for _ in range(_SHORTENINGS):
            said = self._ask(
                scene_prompt.shortening(target),
                scene_prompt.too_long(text, max_chars, kept),
                len(text),
            )
            shorter = text_checks.tidy(said or "", target)
            if (
                said is None
                or len(shorter) >= len(text)
                or text_checks.faults(text, shorter, target, target)
                or text_checks.missing_terms(shorter, kept)
            ):
                break
            text = shorter
            if len(text) <= max_chars:
                break
        return text

    def _ask(self, instruction: str, question: str, expected_chars: float) -> str | None:
        """The line in the model's answer, asked once more if there is none in it; then None."""
        messages = [
            {"role": "system", "content": instruction},
            {"role": "user", "content": question},
        ]
        for a_character, beyond in _ROOM:
            answer = self._complete(messages, round(a_character * expected_chars) + beyond)
            try:
                return msgspec.json.decode(answer, type=_Answer).line
            except (msgspec.DecodeError, UnicodeEncodeError):
                continue
        return None

    def _complete(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> str:
        """What the model answers at temperature 0; empty if it was cut off."""
        import openai

        if self._client is None:
            raise Defect(f"{self.info.name} was asked before it was loaded")
        try:
            made = self._client.chat.completions.create(
                model=self._model,
                messages=messages,
                response_format=scene_prompt.ANSWER,
                temperature=0.0,
                seed=0,
                max_completion_tokens=max_tokens,
            )
        except openai.APIStatusError as error:
            raise self._refusal(error.status_code, error.message) from None
        except openai.OpenAIError as error:
            # It names neither the address nor the key, and its cause is not kept: that may.
            raise Transient(f"{self.info.name}: {type(error).__name__}: {error}") from None
        choice = made.choices[0] if made.choices else None
        if choice is None or choice.finish_reason == "length":
            return ""
        return str(choice.message.content or "")

    def _refusal(self, status: int, message: str) -> Rejected | Transient:
        said = " ".join(message.split())[:200]
        if status in {401, 403}:
            return Rejected(
                "DUBBING_OPENAI_KEY",
                found=f"a key that the endpoint refuses ({status})",
                expected=f"one that may use {self._model}",
                remedy="Set it in the environment.",
            )
        if status in {404, 405}:
            return Rejected(
                f"profile, {Port.TRANSLATOR}",
                found=f"{self.info.name}, which is not at DUBBING_OPENAI_BASE_URL ({status})",
                expected="a model that the endpoint serves, at an address that ends like /v1",
                remedy="Name one in the profile, or correct the address.",
            )
        if status in {408, 409, 425, 429} or status >= 500:
            return Transient(f"{self.info.name}: the endpoint answered {status}: {said}")
        return Rejected(
            self.info.name,
            found=f"the endpoint's answer {status}: {said}",
            expected="chat completions with structured output (response_format json_schema)",
            remedy="Serve a model that has them, with room for 4096 tokens or more.",
        )


def _identity() -> str:
    """What tells an endpoint from any other: a digest of its address, without what opens it."""
    url = urlsplit(os.environ.get("DUBBING_OPENAI_BASE_URL", "").rstrip("/"))
    place = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return hashlib.sha256(place.encode()).hexdigest()[:12] if url.netloc else "no endpoint"


def _may_be_sold_with() -> bool:
    """Nobody here knows the terms of a model behind an address: whoever set it up has to say so."""
    return os.environ.get("DUBBING_OPENAI_COMMERCIAL", "") == "1"


def _number(name: str, default: float, *, least: float) -> float:
    given = os.environ.get(name) or str(default)
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not least <= value < 1e6:
        raise Rejected(
            name,
            found=repr(given),
            expected=f"a number from {least:g} on",
            remedy="Correct it in the environment.",
        )
    return value
