"""faster-whisper: Whisper on CTranslate2. The base model on a CPU, with 8-bit weights; the large ones on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import metadata
from typing import Any, Self

import numpy as np

from dubbing.engines.batches import Batches
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.transcribing import agreement, hearing
from dubbing.engines.transcribing.agreement import Hypothesis
from dubbing.engines.transcribing.hearing import BASE, BEAM_SIZE, MEL_FRAMES
from dubbing.engines.transcribing.tokens import Token
from dubbing.engines.transcribing.verdicts import Heard
from dubbing.errors import Rejected
from dubbing.model.audio import Audio, Samples
from dubbing.model.speech import Hearing

PACKAGED = "base"  # whose weights come as packages
# The others are a hub's.
HUB = {
    "large-v3": HubModel(
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        {
            "config.json": "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
            "model.bin": "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
            "preprocessor_config.json": "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
            "tokenizer.json": "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
            "vocabulary.json": None,
        },
        3_091_000_000,
    ),
    "turbo": HubModel(
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        {
            "config.json": None,
            "model.bin": "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
            "preprocessor_config.json": None,
            "tokenizer.json": None,
            "vocabulary.json": None,
        },
        1_621_000_000,
    ),
}
MODELS = (PACKAGED, *HUB)
_CODE = ("faster-whisper", "ctranslate2", "opencc-python-reimplemented")
_COMPUTE = "int8"
_MAX_TOKENS = 448  # of a Whisper's answer, prompt included
_STRETCHES_AT_ONCE = 16  # on a GPU, at first; on a CPU one keeps all cores busy


# Measured for the base model; of the others two bytes for each of 1,543 and 809 million parameters, as much
# again as five beams took in it, and what sixteen stretches at once took beyond one on a GPU.
_MEMORY_MB = {"base": 400, "large-v3": 8_400, "turbo": 4_900}


class FasterWhisper:
    """Transcribes with faster-whisper. May be called from several threads.

    Raises Rejected for a model that it has not.
    """

    def __init__(self, model: str = PACKAGED, *, threads: int = 0) -> None:
        """`threads` is how many cores one call takes; 0 leaves it to CTranslate2."""
        if model not in MODELS:
            raise Rejected(
                "transcriber",
                found=f"'faster-whisper:{model}'",
                expected=" or ".join(f"'faster-whisper:{name}'" for name in MODELS),
                remedy="Name one of these models.",
            )
        self._name = model
        self._threads = threads
        self._model: Any = None
        self._batches: Batches | None = None

    @property
    def hub(self) -> HubModel | None:
        return HUB.get(self._name)

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(f"{name} {_version(name)}" for name in _CODE)
        weights = (
            f"{BASE['model.bin'].sha256[:12]} {_COMPUTE}" if self.hub is None else self.hub.mark
        )
        return EngineInfo(
            name=f"faster-whisper:{self._name}",
            port=Port.TRANSCRIBER,
            revision=f"{weights} beam {BEAM_SIZE} hearing {hearing.VERSION} "
            f"agreement {agreement.VERSION} {versions}",
            languages=hearing.LANGUAGES,
            licence="MIT",
            commercial=True,
            distributions=hearing.BASE_DISTRIBUTIONS if self.hub is None else _CODE,
            memory_mb=_MEMORY_MB[self._name],
        )

    def __enter__(self) -> Self:
        import ctranslate2
        from faster_whisper import WhisperModel

        if self.hub is None:
            folder = {file.path().parent for file in BASE.values()}.pop()
        else:
            folder = self.hub.path(self.info.name)
        # What the base model hears is the same on every machine.
        on_gpu = self.hub is not None and ctranslate2.get_cuda_device_count() > 0
        self._model = WhisperModel(
            str(folder),
            device="cuda" if on_gpu else "cpu",
            compute_type="float16" if on_gpu else _COMPUTE,
            cpu_threads=self._threads,
            local_files_only=True,
        )
        self._batches = Batches(_STRETCHES_AT_ONCE) if on_gpu else None
        return self

    def __exit__(self, *error: object) -> None:
        self._model = None

    def transcribe(self, speech: Audio, language: str) -> Hearing:
        return hearing.transcribe(speech, language, self._hear)

    def _hear(self, sounds: Sequence[Samples], language: str) -> list[Heard]:
        if self._batches is None:
            return [heard for one in sounds for heard in self._hear_together([one], language)]
        hear = partial(self._hear_together, language=language)
        return self._batches.run(sounds, lambda _: MEL_FRAMES, hear)

    def _hear_together(self, sounds: Sequence[Samples], language: str) -> list[Heard]:
        """One pass of beam search without timestamp tokens, then the words aligned to the sound.

        `WhisperModel.transcribe` isn't used: it goes on from the last word it timed, and so hears the
        end of a stretch twice, and falls back on random sampling.
        """
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer

        model = self._model
        tokenizer = Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
        )
        features = [
            model.feature_extractor(np.ascontiguousarray(sound))[..., :-1] for sound in sounds
        ]
        encoded = model.encode(np.stack([pad_or_trim(one) for one in features]))
        results = model.model.generate(
            encoded,
            [model.get_prompt(tokenizer, [], without_timestamps=True)] * len(sounds),
            beam_size=BEAM_SIZE,
            num_hypotheses=BEAM_SIZE,
            max_length=_MAX_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=sorted(
                {
                    *tokenizer.non_speech_tokens,
                    tokenizer.transcribe,
                    tokenizer.translate,
                    tokenizer.sot,
                    tokenizer.sot_prev,
                    tokenizer.sot_lm,
                    tokenizer.no_speech,
                }
            ),
        )
        languages = [found[0] for found in model.model.detect_language(encoded)]
        tokens = [[t for t in r.sequences_ids[0] if t < tokenizer.eot] for r in results]
        frames = [one.shape[-1] for one in features]
        aligned = model.find_alignment(tokenizer, tokens, encoded, frames)
        return [
            Heard(
                tokens=tuple(
                    Token(w["word"], float(w["start"]), float(w["end"]), confidence)
                    for w, confidence in zip(
                        words, _confidences(words, result, tokenizer), strict=True
                    )
                ),
                # CTranslate2 divides by the number of tokens, Whisper by one more: the end counts too.
                mean_log_probability=result.scores[0] * len(said) / (len(said) + 1),
                no_speech_probability=result.no_speech_prob,
                language=likeliest.strip("<|>"),
                language_probability=probability,
            )
            for result, said, words, (likeliest, probability) in zip(
                results, tokens, aligned, languages, strict=True
            )
        ]


def _confidences(words: Sequence[Any], result: Any, tokenizer: Any) -> list[float]:
    """How sure it is that each of the aligned words of a result's first hypothesis was said."""
    hypotheses = [
        Hypothesis(tokenizer.decode([t for t in ids if t < tokenizer.eot]), score * len(ids))
        for ids, score in zip(result.sequences_ids, result.scores, strict=True)
    ]
    said = [(str(word["word"]), float(word["probability"])) for word in words]
    return agreement.confidences(said, hypotheses)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"  # `info` can be read of an engine that is not installed
