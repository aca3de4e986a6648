"""SenseVoice by Alibaba (2024): Mandarin, and some languages beside it, heard in one pass. On a CPU, without torch.

It says all of a stretch at once instead of word after word, so it can't loop, and costs a fraction of a large
Whisper. What it was exported to is run by onnxruntime itself: what usually runs it tells no confidences.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dubbing.engines.hub import HubModel
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.transcribing import hearing
from dubbing.engines.transcribing.tokens import Token
from dubbing.engines.transcribing.verdicts import Heard
from dubbing.engines.weights import version_of
from dubbing.errors import Defect, Rejected
from dubbing.model.audio import SPEECH_RATE_HZ, Audio, Samples
from dubbing.model.speech import Hearing

_MODEL, _TOKENS = "model.int8.onnx", "tokens.txt"
MODELS = {
    "small": HubModel(
        "csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17",
        "2365baeacb507f821a0c8120fcee3d484dba7a07",
        {
            _MODEL: "c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
            _TOKENS: "f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
        },
        239_550_000,
    ),
}
# It hears Cantonese too, which is written without spaces, but not yet cut into words here.
LANGUAGES = frozenset({"zh", "en", "ja", "ko"})
_CODE_VERSION = 1
_CODE = ("onnxruntime", "faster-whisper", "opencc-python-reimplemented")

_BLANK = 0
_ABOUT = (
    4  # what it says first: the language, the mood, what kind of sound it is, how it writes numbers
)
_NO_SPEECH = "<|nospeech|>"  # for a language
_SPACE = "\u2581"  # at the start of a word of letters

# Features as Kaldi makes them: 25 ms every 10 ms in 80 bands, seven frames in one every six.
_FRAME, _HOP, _FFT, _BANDS = 400, 160, 512, 80
_PREEMPHASIS = 0.97
_LOWEST_HZ = 20.0
_STACK, _STRIDE = 7, 6
_STEP_S = _STRIDE * _HOP / SPEECH_RATE_HZ
# It says where something is heard most clearly, not when it ends: a syllable is over then, or at the next one.
_LONGEST_TOKEN_S = 0.3

Frames = npt.NDArray[np.float32]


class SenseVoice:
    """Transcribes with SenseVoice. May be called from several threads."""

    def __init__(self, model: str = "small", *, threads: int = 0) -> None:
        """`threads` is how many cores one call takes; 0 leaves it to onnxruntime."""
        self._name = f"sensevoice:{model}"
        self._hub = MODELS[model]
        self._threads = threads
        self._session: Any = None
        self._described: dict[str, str] = {}
        self._tokens: tuple[str, ...] = ()

    @property
    def hub(self) -> HubModel:
        return self._hub

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(f"{name} {version_of(name)}" for name in _CODE)
        return EngineInfo(
            name=self._name,
            port=Port.TRANSCRIBER,
            revision=f"{self.hub.mark} code {_CODE_VERSION} hearing {hearing.VERSION} {versions}",
            languages=LANGUAGES,
            # FunASR's own terms; whether weights under them may be sold with, its makers were asked and did not say.
            licence="LicenseRef-FunASR-Model-1.1",
            commercial=False,
            distributions=_CODE,
            memory_mb=600,
            note="Hears Mandarin, English, Japanese and Korean, quickly, on a CPU too.",
        )

    def __enter__(self) -> Self:
        import onnxruntime

        folder = self.hub.path(self._name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        usable = ("CUDAExecutionProvider", "CPUExecutionProvider")
        there = onnxruntime.get_available_providers()
        self._session = onnxruntime.InferenceSession(
            str(folder / _MODEL), options, providers=[one for one in usable if one in there]
        )
        self._described = self._session.get_modelmeta().custom_metadata_map
        self._tokens = _tokens(folder / _TOKENS)
        return self

    def __exit__(self, *error: object) -> None:
        self._session = None

    def transcribe(self, speech: Audio, language: str) -> Hearing:
        base = language.split("-")[0].lower()
        if base not in LANGUAGES:
            raise Rejected(
                "source language",
                found=repr(language),
                expected=f"one that {self._name} hears: {', '.join(sorted(LANGUAGES))}",
                remedy="Name another transcriber in the profile.",
            )
        return hearing.transcribe(
            speech, base, lambda sounds, of: [self._hear(one, of) for one in sounds]
        )

    def _hear(self, samples: Samples, language: str) -> Heard:
        if self._session is None:
            raise Defect(f"{self._name} was asked before it was loaded")
        about = self._described
        shift, scale = (_numbers(about[name]) for name in ("neg_mean", "inv_stddev"))
        heard = (stacked(bands(samples)) + shift) * scale
        (logits,) = self._session.run(
            ["logits"],
            {
                "x": heard[np.newaxis].astype(np.float32),
                "x_length": np.array([len(heard)], np.int32),
                "language": np.array([int(about[f"lang_{language}"])], np.int32),
                # Numbers as digits, and marks between sentences.
                "text_norm": np.array([int(about["with_itn"])], np.int32),
            },
        )
        logs = _log_softmax(logits[0].astype(np.float64))
        tokens = spelled(logs[_ABOUT:], self._tokens)
        said = [math.log(max(token.probability, 1e-9)) for token in tokens]
        silent = self._tokens.index(_NO_SPEECH) if _NO_SPEECH in self._tokens else None
        return Heard(
            tokens=tokens,
            mean_log_probability=sum(said) / len(said) if said else -math.inf,
            no_speech_probability=0.0 if silent is None else math.exp(logs[0, silent]),
        )


def spelled(logs: npt.NDArray[np.float64], names: tuple[str, ...]) -> tuple[Token, ...]:
    """The tokens that are likeliest at each step of 60 ms, repeats and blanks left out (CTC, Graves 2006).

    `logs` are log probabilities of shape (steps, tokens). A token starts where it is first the likeliest, and is as
    probable as where it is most.
    """
    best = logs.argmax(axis=1)
    starts = [
        i for i in range(len(best)) if best[i] != _BLANK and (i == 0 or best[i] != best[i - 1])
    ]
    tokens: list[Token] = []
    for start, following in itertools.pairwise([*starts, len(best)]):
        name = names[best[start]]
        if name.startswith("<"):
            continue  # of what it says beside the words
        run = start
        while run < following and best[run] == best[start]:
            run += 1
        tokens.append(
            Token(
                name.replace(_SPACE, " "),
                start * _STEP_S,
                min(following * _STEP_S, start * _STEP_S + _LONGEST_TOKEN_S),
                math.exp(logs[start:run, best[start]].max()),
            )
        )
    return tuple(tokens)


def bands(samples: Samples) -> Frames:
    """Log energies as Kaldi's `fbank` makes them with a Hamming window: float32 of shape (frames, 80), every 10 ms.

    `samples` is float32 of shape (frames,) at 16 kHz; what is shorter than seven frames is filled up with silence.
    """
    least = _FRAME + (_STACK - 1) * _HOP
    padded = np.pad(samples, (0, max(0, least - len(samples)))).astype(np.float64) * 32768
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft((frames - _PREEMPHASIS * before) * np.hamming(_FRAME), _FFT)) ** 2
    energies = power[:, : _FFT // 2] @ _mel_filters().T
    return np.log(np.maximum(energies, np.finfo(np.float32).eps)).astype(np.float32)


def stacked(frames: Frames) -> Frames:
    """Seven frames side by side in each, every six: shape (steps, 560)."""
    windows = np.lib.stride_tricks.sliding_window_view(frames, _STACK, axis=0)[::_STRIDE]
    return np.ascontiguousarray(windows.transpose(0, 2, 1)).reshape(len(windows), -1)


@cache
def _mel_filters() -> npt.NDArray[np.float64]:
    """Kaldi's triangles, which are straight in mel: shape (80, 256)."""

    def mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.asarray(1127.0 * np.log1p(np.asarray(hz, np.float64) / 700.0))

    corners = np.linspace(mel(_LOWEST_HZ), mel(SPEECH_RATE_HZ / 2), _BANDS + 2)
    bins = mel(np.arange(_FFT // 2) * SPEECH_RATE_HZ / _FFT)
    low, centre, high = (corners[i : i + _BANDS, np.newaxis] for i in range(3))
    return np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))


def _log_softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


@cache
def _numbers(text: str) -> Frames:
    return np.array([float(one) for one in text.split(",")], np.float32)


def _tokens(path: Path) -> tuple[str, ...]:
    """The tokens by their numbers; each line of the file is one and its number."""
    numbered = [line.rsplit(" ", 1) for line in path.read_text("utf-8").splitlines() if line]
    names = {int(number): name for name, number in numbered}
    return tuple(names[number] for number in range(len(names)))
