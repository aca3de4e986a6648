"""faster-whisper: Whisper on CTranslate2, with 8-bit weights on a CPU."""

from __future__ import annotations

from importlib import metadata
from types import TracebackType
from typing import Any, Self

import numpy as np

from dubbing.engines import hearing
from dubbing.engines.hearing import BASE, BEAM_SIZE, Heard, Token
from dubbing.engines.ports import EngineInfo, Port
from dubbing.errors import Rejected
from dubbing.model.audio import Audio, Samples
from dubbing.model.speech import Word

MODELS = ("base",)  # whose weights come as packages
_CODE = ("faster-whisper", "ctranslate2", "opencc-python-reimplemented")
_COMPUTE = "int8"
_MAX_TOKENS = 448  # of a Whisper's answer, prompt included


class FasterWhisper:
    """Transcribes with faster-whisper. May be called from several threads.

    Raises Rejected for a model whose weights there are no packages of.
    """

    def __init__(self, model: str = "base", *, threads: int = 0) -> None:
        """`threads` is how many cores one call takes; 0 leaves it to CTranslate2."""
        if model not in MODELS:
            raise Rejected(
                "transcriber",
                found=f"'faster-whisper:{model}'",
                expected=" or ".join(f"'faster-whisper:{name}'" for name in MODELS),
                remedy="Name a model whose weights are packaged.",
            )
        self._name = model
        self._threads = threads
        self._model: Any = None

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(f"{name} {_version(name)}" for name in _CODE)
        return EngineInfo(
            name=f"faster-whisper:{self._name}",
            port=Port.TRANSCRIBER,
            revision=f"{BASE['model.bin'].sha256[:12]} {_COMPUTE} beam {BEAM_SIZE} "
            f"hearing {hearing.VERSION} {versions}",
            languages=hearing.LANGUAGES,
            licence="MIT",
            commercial=True,
            distributions=hearing.BASE_DISTRIBUTIONS,
        )

    def __enter__(self) -> Self:
        from faster_whisper import WhisperModel

        folder = {file.path().parent for file in BASE.values()}.pop()
        self._model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type=_COMPUTE,
            cpu_threads=self._threads,
            local_files_only=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._model = None

    def transcribe(self, speech: Audio, language: str) -> tuple[Word, ...]:
        return hearing.transcribe(speech, language, self._hear)

    def _hear(self, samples: Samples, language: str) -> Heard:
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
        features = model.feature_extractor(np.ascontiguousarray(samples))[..., :-1]
        encoded = model.encode(pad_or_trim(features))
        result = model.model.generate(
            encoded,
            [model.get_prompt(tokenizer, [], without_timestamps=True)],
            beam_size=BEAM_SIZE,
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
        )[0]
        tokens = [t for t in result.sequences_ids[0] if t < tokenizer.eot]
        (aligned,) = model.find_alignment(tokenizer, [tokens], encoded, features.shape[-1])
        return Heard(
            tokens=tuple(
                Token(
                    one["word"], float(one["start"]), float(one["end"]), float(one["probability"])
                )
                for one in aligned
            ),
            # CTranslate2 divides by the number of tokens, Whisper by one more: the end counts too.
            mean_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
        )


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"  # `info` can be read of an engine that is not installed
