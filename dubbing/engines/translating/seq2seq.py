"""Translation by networks made for it, through transformers: NLLB-200, M2M100, MADLAD-400, OPUS-MT.

They take a sentence and know nothing of glossaries or of lengths. For a term that is missing, other ways
are tried (`attempts.with_terms`); where a line is too long, the shortest of several readings is taken.
Which models there are is in `seq2seq_models.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dubbing.engines.devices import Device, needs_mb
from dubbing.engines.hub import tensors_only
from dubbing.engines.pieces import pieces
from dubbing.engines.ports import EngineInfo, Port, Translation, TranslationRequest
from dubbing.engines.torch_engine import TorchEngine
from dubbing.engines.translating import attempts, text_checks
from dubbing.engines.translating.routes import declared
from dubbing.engines.translating.seq2seq_models import FAMILIES
from dubbing.engines.weights import version_of
from dubbing.errors import Defect
from dubbing.model.language import base

_CODE_VERSION = 3  # of what is done here to a text
_BEAMS = 4
_READINGS = 8  # looked at where a line has to be shorter
_FIRST_BATCH = 64  # sentences; halved where memory runs out
_BUCKET = 8  # tokens: a sentence is padded to a multiple of it, whatever its company
_LONGEST_PIECE_CHARS = 200  # of source text given at once
_MOST_TOKENS = 256  # of one sentence's translation
_ROOM_MB = 2_000  # for a first batch
_SENTENCE = re.compile(r"(?<=[。！？!?…])\s*(?=\S)|(?<=[.])\s+(?=\S)")


class Seq2SeqTranslator(TorchEngine["_Loaded"]):
    """Sentences in batches of one length. Calls from several threads take turns."""

    def __init__(self, family: str, model: str) -> None:
        self._model = FAMILIES[family][model]
        super().__init__(f"{family}:{model}", self._model.hub, _FIRST_BATCH)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.TRANSLATOR,
            revision=f"{self._published().mark} code {_CODE_VERSION} beams {_BEAMS} "
            f"transformers {version_of('transformers')}",
            languages=frozenset(language for pair in self.pairs for language in pair),
            licence=self._model.licence,
            commercial=self._model.commercial,
            distributions=("transformers", "torch", "sentencepiece"),
            lines_at_once=_FIRST_BATCH,
            memory_mb=needs_mb(self._model.parameters_m, _ROOM_MB),
            note=self._model.note,
        )

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return self._model.pairs

    def _load(self, device: Device) -> _Loaded:
        return _load(self.folder, self._name, device)

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        """One translation a request. Raises ValueError for a pair that isn't declared."""
        if declared(self.pairs, source, target) is None:
            raise ValueError(f"{self._name} does not translate {source} to {target}")
        lines = [text_checks.without_directions(request.text) for request in requests]
        texts = attempts.with_terms(
            lambda some: [text for (text,) in self._lines(some, source, target, 1)],
            lines,
            [request.terms for request in requests],
            source,
            target,
        )
        # Once more, in several readings, where it is too long.
        long = [i for i, r in enumerate(requests) if r.max_chars and len(texts[i]) > r.max_chars]
        for i, found in zip(
            long, self._lines([lines[i] for i in long], source, target, _READINGS), strict=True
        ):
            asked = len(text_checks.missing_terms(texts[i], requests[i].terms))
            heeding = [
                t for t in found if len(text_checks.missing_terms(t, requests[i].terms)) <= asked
            ]
            texts[i] = min([*heeding, texts[i]], key=len)
        return [
            _told(request, line, text, source, target)
            for request, line, text in zip(requests, lines, texts, strict=True)
        ]

    def _lines(
        self, lines: Sequence[str], source: str, target: str, readings: int
    ) -> list[list[str]]:
        """Each line in so many readings, the likeliest first. What has no letters stays as it is."""
        codes = self._model.codes
        mark = self._model.mark.format(_code(codes, target))
        parts = [[mark + sentence for sentence in sentences(line)] for line in lines]
        flat = [piece for cut in parts for piece in cut]
        if not flat:
            return [[text_checks.tidy(line, target)] * readings for line in lines]
        loaded = self.network
        if mark:
            loaded.refuse_unknown(mark.strip())
        say = partial(
            loaded.translate,
            source="" if mark else _code(codes, source),
            target="" if mark else _code(codes, target),
            readings=readings,
        )
        said = iter(self._batches.run(flat, loaded.length, say, loaded.device.clear))
        found = []
        for line, cut in zip(lines, parts, strict=True):
            each = [next(said) for _ in cut]
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
madlad = partial(Seq2SeqTranslator, "madlad")
opus_mt = partial(Seq2SeqTranslator, "opus-mt")


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    model: Any
    device: Device

    def length(self, sentence: str) -> int:
        """In tokens, as it will be padded."""
        return -(-len(self.tokenizer(sentence)["input_ids"]) // _BUCKET) * _BUCKET

    def refuse_unknown(self, token: str) -> None:
        """Raises Defect for a language's token that the tokenizer does not know: any language might come of it."""
        if _token(self.tokenizer, token) not in self.tokenizer(token)["input_ids"]:
            raise Defect(f"the tokenizer takes {token} for text")

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


def _load(folder: Path, name: str, device: Device) -> _Loaded:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    # Safetensors can't hold code; checkpoints that are none are read with `weights_only`.
    with tensors_only(folder, name):
        model = AutoModelForSeq2SeqLM.from_pretrained(
            folder, local_files_only=True, dtype=device.dtype, weights_only=True
        )
    return _Loaded(tokenizer, model.to(device.name).eval(), device)


def sentences(line: str) -> list[str]:
    """What of a line can be translated, in pieces that these networks were made for."""
    cut = (
        piece
        for sentence in _SENTENCE.split(line)
        for piece in pieces(sentence, _LONGEST_PIECE_CHARS)
    )
    return [piece for piece in cut if any(map(str.isalpha, piece))]


def _token(tokenizer: Any, code: str) -> int:
    """The token of a language: NLLB names it as the language, M2M100 between marks. Raises Defect if there is none."""
    if hasattr(tokenizer, "get_lang_id"):
        return int(tokenizer.get_lang_id(code))
    token = tokenizer.convert_tokens_to_ids(code)
    if token is None or token == tokenizer.unk_token_id:
        raise Defect(f"the tokenizer knows no token {code}")
    return int(token)


def _code(codes: Mapping[str, str], language: str) -> str:
    """The model's name of a language, that of its variety if it has one; empty for a model of one pair."""
    return codes.get(language) or codes.get(base(language), "")


def _told(
    request: TranslationRequest, line: str, text: str, source: str, target: str
) -> Translation:
    if not any(map(str.isalpha, line)):
        return Translation(text_checks.tidy(line, target) or "…")
    wrong = text_checks.faults(request.text, text, source, target)
    unmet = text_checks.unmet_wishes(text, request.terms, request.max_chars)
    return Translation(text or line, wrong + unmet)
