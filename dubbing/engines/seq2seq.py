"""Translation by networks made for it, through transformers: NLLB-200, M2M100, Marian (OPUS-MT).

They take a sentence and know nothing of glossaries or of lengths. A term that is missing is tried again
with the target's word put into the source; where a line is too long, the shortest of several readings is
taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

from dubbing.engines import text_checks
from dubbing.engines.batches import Batches
from dubbing.engines.devices import Device, best_device, needs_mb
from dubbing.engines.hub import HubModel, tensors_only
from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.routes import declared
from dubbing.engines.weights import version_of
from dubbing.errors import Defect

_CODE_VERSION = 1  # of what is done here to a text
_BEAMS = 4
_READINGS = 8  # looked at where a line has to be shorter
_FIRST_BATCH = 64  # sentences; halved where memory runs out
_ROOM_MB = 1_500  # for a first batch
_BUCKET = 8  # tokens: a sentence is padded to a multiple of it, whatever its company
_LONGEST_PIECE_CHARS = 200  # of source text given at once
_MOST_TOKENS = 256  # of one sentence's translation
_SENTENCE = re.compile(r"(?<=[。！？!?…])\s*(?=\S)|(?<=[.])\s+(?=\S)")

# Every language of configs/languages, as FLORES-200 calls them. The first of those with one base is what the
# base alone means.
_FLORES: Mapping[str, str] = {
    "ar": "arb_Arab", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fr": "fra_Latn",
    "id": "ind_Latn", "it": "ita_Latn", "ja": "jpn_Jpan", "ko": "kor_Hang", "pt": "por_Latn",
    "th": "tha_Thai", "vi": "vie_Latn", "zh": "zho_Hans", "zh-Hant": "zho_Hant",
}  # fmt: skip
_M2M: Mapping[str, str] = {
    tag: tag for tag in ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "th", "vi", "zh")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Model:
    hub: HubModel
    licence: str
    commercial: bool
    parameters_m: int  # millions
    codes: Mapping[str, str]  # BCP-47 -> the model's own name of a language; empty: one pair only
    # How good it can be expected to be (chrF / 100), to English, from English, and between others. Nobody has
    # measured it on drama: `tests/benchmarks/bench_translation.py` does where the weights are.
    quality: tuple[float, float, float]
    pair: tuple[str, str] | None = None
    note: str = ""
    pairs: Mapping[tuple[str, str], float] = field(init=False)

    def __post_init__(self) -> None:
        to_english, from_english, between = self.quality
        pairs = {self.pair: to_english} if self.pair else {}
        for source in self.codes:
            for target in self.codes:
                if text_checks.base(source) == text_checks.base(target):
                    continue
                pairs[source, target] = (
                    to_english if target == "en" else from_english if source == "en" else between
                )
        object.__setattr__(self, "pairs", pairs)


_NLLB = {
    "600m": _Model(
        HubModel(
            "facebook/nllb-200-distilled-600M",
            "f8d333a098d19b4fd9a8b18f94170487ad3f821d",
            {
                "config.json": "f9b4081d3d108e9d06532ea8d92b932c04ed3a15ff2f87e6982f8e14db51fbc5",
                "generation_config.json": None,
                "pytorch_model.bin": "c266c2cfd19758b6d09c1fc31ecdf1e485509035f6b51dfe84f1ada83eefcc42",
                "sentencepiece.bpe.model": "14bb8dfb35c0ffdea7bc01e56cea38b9e3d5efcdcb9c251d6b40538e1aab555a",
                "special_tokens_map.json": None,
                "tokenizer.json": "e316b82de11d0f951f370943b3c438311629547285129b0b81dadabd01bca665",
                "tokenizer_config.json": None,
            },
            2_490_000_000,
        ),
        licence="CC-BY-NC-4.0",
        commercial=False,
        parameters_m=615,
        codes=_FLORES,
        quality=(0.52, 0.50, 0.44),
    ),
    "3.3b": _Model(
        HubModel(
            "facebook/nllb-200-3.3B",
            "1a07f7d195896b2114afcb79b7b57ab512e7b43e",
            dict.fromkeys(
                (
                    "config.json", "generation_config.json", "pytorch_model.bin.index.json",
                    "pytorch_model-00001-of-00003.bin", "pytorch_model-00002-of-00003.bin",
                    "pytorch_model-00003-of-00003.bin", "sentencepiece.bpe.model",
                    "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json",
                )
            ),
            17_600_000_000,
        ),
        licence="CC-BY-NC-4.0",
        commercial=False,
        parameters_m=3345,
        codes=_FLORES,
        quality=(0.57, 0.54, 0.48),
    ),
}  # fmt: skip
_M2M100 = {
    "418m": _Model(
        HubModel(
            "facebook/m2m100_418M",
            "55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636",
            {
                "config.json": "df0ae43e4e4b0d7e3c97b7f447857a70ef6b6a2aa1f145cedbcc730d95f67134",
                "generation_config.json": "aed76366507333ddbb8bd49960f23c82fe6446b3319a46a54befdb45324ccf61",
                "pytorch_model.bin": "d907ea45e4e4b9db163382a6674f6218b3c59566fe06d77f4055c208b4e87ed1",
                "sentencepiece.bpe.model": "d8f7c76ed2a5e0822be39f0a4f95a55eb19c78f4593ce609e2edbc2aea4d380a",
                "special_tokens_map.json": "c1a4f86c3874d279ae1b2a05162858db5dd6c61665d84223ed886cbcff08fda6",
                "tokenizer_config.json": None,
                "vocab.json": None,
            },
            1_945_000_000,
        ),
        licence="MIT",
        commercial=True,
        parameters_m=484,
        codes=_M2M,
        quality=(0.46, 0.44, 0.38),
        note="The weakest of them, and the one that may be sold with.",
    ),
}
_OPUS = {
    "zh-en": _Model(
        HubModel(
            "Helsinki-NLP/opus-mt-zh-en",
            "cf109095479db38d6df799875e34039d4938aaa6",
            dict.fromkeys(
                (
                    "config.json", "generation_config.json", "pytorch_model.bin", "source.spm",
                    "target.spm", "tokenizer_config.json", "vocab.json",
                )
            ),
            315_000_000,
        ),
        licence="CC-BY-4.0",
        commercial=True,
        parameters_m=78,
        codes={},
        quality=(0.51, 0.0, 0.0),
        pair=("zh", "en"),
    ),
}  # fmt: skip
FAMILIES: dict[str, dict[str, _Model]] = {
    "nllb": _NLLB,
    "m2m100": _M2M100,
    "opus-mt": _OPUS,
}


class Seq2SeqTranslator:
    """Sentences in batches of one length. Calls from several threads take turns."""

    def __init__(self, family: str, model: str) -> None:
        self._name = f"{family}:{model}"
        self._model = FAMILIES[family][model]
        self._loaded: _Loaded | None = None

    @property
    def hub(self) -> HubModel:
        return self._model.hub

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.TRANSLATOR,
            revision=f"{self.hub.mark} code {_CODE_VERSION} beams {_BEAMS} "
            f"transformers {version_of('transformers')}",
            languages=frozenset(language for pair in self.pairs for language in pair),
            licence=self._model.licence,
            commercial=self._model.commercial,
            distributions=("transformers", "torch", "sentencepiece"),
            memory_mb=needs_mb(self._model.parameters_m, _ROOM_MB),
            note=self._model.note,
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return self._model.pairs

    def __enter__(self) -> Self:
        import torch

        self._loaded = _load(self.hub, self._name)
        self._batches = Batches(_FIRST_BATCH, torch.cuda.OutOfMemoryError)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loaded is not None:
            device = self._loaded.device
            self._loaded = None
            device.clear()

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared."""
        if declared(self.pairs, source, target) is None:
            raise ValueError(f"{self._name} does not translate {source} to {target}")
        lines = [text_checks.without_directions(request.text) for request in requests]
        texts = self._lines(lines, source, target, 1)
        # Once more, with the words put in that are missing.
        again = {}
        for i, (request, (text,)) in enumerate(zip(requests, texts, strict=True)):
            if missing := text_checks.missing_terms(text, request.terms):
                again[i] = lines[i]
                for term in missing:
                    again[i] = again[i].replace(term.source, term.target)
        for i, (text,) in zip(
            again, self._lines([*again.values()], source, target, 1), strict=True
        ):
            fewest = partial(_missing, requests[i])
            texts[i] = [min(texts[i][0], text, key=fewest)]
        # And once more, in several readings, where it is too long.
        long = [i for i, r in enumerate(requests) if r.max_chars and len(texts[i][0]) > r.max_chars]
        for i, found in zip(
            long, self._lines([lines[i] for i in long], source, target, _READINGS), strict=True
        ):
            heeding = [text for text in found if _missing(requests[i], text) == 0] or texts[i]
            texts[i] = [min([*heeding, texts[i][0]], key=len)]
        return [
            _told(request, line, text, source, target)
            for request, line, (text,) in zip(requests, lines, texts, strict=True)
        ]

    def _lines(
        self, lines: Sequence[str], source: str, target: str, readings: int
    ) -> list[list[str]]:
        """Each line in so many readings, the likeliest first. What has no letters stays as it is."""
        parts = [sentences(line) for line in lines]
        flat = [piece for pieces in parts for piece in pieces]
        if not flat:
            return [[text_checks.tidy(line, target)] * readings for line in lines]
        loaded = self._loaded
        if loaded is None:
            raise Defect(f"{self._name} was asked before it was loaded")
        codes = self._model.codes
        say = partial(
            loaded.translate,
            source=_code(codes, source),
            target=_code(codes, target),
            readings=readings,
        )
        said = iter(self._batches.run(flat, loaded.length, say, loaded.device.clear))
        found = []
        for line, pieces in zip(lines, parts, strict=True):
            each = [next(said) for _ in pieces]
            found.append(
                [
                    text_checks.tidy(" ".join(one[reading] for one in each), target)
                    if each
                    else text_checks.tidy(line, target)
                    for reading in range(readings)
                ]
            )
        return found


nllb = partial(Seq2SeqTranslator, "nllb")
m2m100 = partial(Seq2SeqTranslator, "m2m100")
opus_mt = partial(Seq2SeqTranslator, "opus-mt")


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    model: Any
    device: Device

    def length(self, sentence: str) -> int:
        """In tokens, as it will be padded."""
        return -(-len(self.tokenizer(sentence)["input_ids"]) // _BUCKET) * _BUCKET

    def translate(
        self, sentences: list[str], *, source: str, target: str, readings: int
    ) -> list[list[str]]:
        import torch

        options: dict[str, Any] = {}
        if source:
            self.tokenizer.src_lang = source
            options["forced_bos_token_id"] = _token(self.tokenizer, target)
        given = self.tokenizer(
            sentences, return_tensors="pt", padding=True, pad_to_multiple_of=_BUCKET
        )
        given = given.to(self.device.name)
        with torch.inference_mode():
            made = self.model.generate(
                **given,
                **options,
                num_beams=max(_BEAMS, readings),
                num_return_sequences=readings,
                max_new_tokens=min(_MOST_TOKENS, 2 * given["input_ids"].shape[1] + 16),
                do_sample=False,
            )
        texts = self.tokenizer.batch_decode(made, skip_special_tokens=True)
        return [texts[i : i + readings] for i in range(0, len(texts), readings)]


def _load(hub: HubModel, name: str) -> _Loaded:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = hub.path(name)
    device = best_device()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    # Safetensors can't hold code; checkpoints that are none are read with `weights_only`.
    with tensors_only(folder, name):
        model = AutoModelForSeq2SeqLM.from_pretrained(
            folder, local_files_only=True, dtype=device.dtype, weights_only=True
        )
    return _Loaded(tokenizer, model.to(device.name).eval(), device)


def sentences(line: str) -> list[str]:
    """What of a line can be translated, in pieces that these networks were made for."""
    pieces = (
        piece
        for sentence in _SENTENCE.split(line)
        for piece in text_checks.pieces(sentence, _LONGEST_PIECE_CHARS)
    )
    return [piece for piece in pieces if any(map(str.isalpha, piece))]


def _token(tokenizer: Any, code: str) -> int:
    """The token that begins a text in a language: NLLB names it as the language, M2M100 between marks."""
    if hasattr(tokenizer, "get_lang_id"):
        return int(tokenizer.get_lang_id(code))
    return int(tokenizer.convert_tokens_to_ids(code))


def _code(codes: Mapping[str, str], language: str) -> str:
    """The model's name of a language, that of its variety if it has one; empty for a model of one pair."""
    return codes.get(language) or codes.get(text_checks.base(language), "")


def _missing(request: TranslationRequest, text: str) -> int:
    return len(text_checks.missing_terms(text, request.terms))


def _told(
    request: TranslationRequest, line: str, text: str, source: str, target: str
) -> Translation:
    if not any(map(str.isalpha, line)):
        return Translation(text_checks.tidy(line, target) or "…")
    wrong = text_checks.faults(request.text, text, source, target)
    unmet = text_checks.unmet_wishes(text, request.terms, request.max_chars)
    return Translation(text or line, wrong + unmet)
