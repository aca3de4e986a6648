"""XTTS-v2 by Coqui: a person's voice from a few seconds of it, in seventeen languages. Needs torch.

It reads aloud by chance: the same text is said a little otherwise each time. So that a take is the same
whenever it is made, chance begins anew at each line, from what is to be said.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Self

import numpy as np

from dubbing.engines import spoken, text_checks
from dubbing.engines.devices import Device, begin_chance, best_device
from dubbing.engines.hub import HubModel, tensors_only
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.weights import version_of
from dubbing.errors import Defect, Rejected
from dubbing.model.audio import Audio

_CODE_VERSION = 1
MODELS: dict[str, HubModel] = {
    "v2": HubModel(
        "coqui/XTTS-v2",
        "6c2b0d75eae4b7047358e3b6bd9325f857d43f77",
        dict.fromkeys(("config.json", "model.pth", "vocab.json", "speakers_xtts.pth")),
        1_880_000_000,
    ),
}
_LANGUAGES = frozenset(
    "ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh".split()  # noqa: SIM905
)
_RATE_HZ = 24_000
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0
_NOTHING_MS = 200  # the silence that stands for a text without words
_LONGEST_PIECE_CHARS = 150  # XTTS runs out of breath, and of tokens, in longer ones


class XttsSynthesizer:
    """Speaks with the voice of a recording, or with one of the model's own speakers by name.

    What it hears in a recording is computed once and kept. Calls from several threads take turns.
    """

    def __init__(self, model: str = "v2") -> None:
        self._name = f"xtts:{model}"
        self._hub = MODELS[model]
        self._model: Any = None
        self._device: Device | None = None
        self._heard: dict[tuple[str, int, int], tuple[Any, Any]] = {}
        self._lock = threading.Lock()  # chance is the process's, and begins anew at each line

    @property
    def hub(self) -> HubModel:
        return self._hub

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.SYNTHESIZER,
            revision=f"{self.hub.mark} code {_CODE_VERSION} coqui-tts {version_of('coqui-tts')}",
            languages=_LANGUAGES,
            licence="LicenseRef-CPML",
            commercial=False,
            distributions=("coqui-tts", "torch", "torchaudio"),
            clones=True,
            memory_mb=2_700,  # 467 million parameters in float32, and room to work in
            note="Clones a voice from a few seconds of it: voices need the consent of who they are.",
        )

    def __enter__(self) -> Self:
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts

        folder = self.hub.path(self._name)
        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        model = Xtts(config)
        # Its own way writes older checkpoints anew in place, which are then not what was pinned.
        model._load_checkpoint = _weights_of
        with tensors_only(folder / "model.pth", self._name):
            model.load_checkpoint(config, checkpoint_dir=folder, eval=True)
        self._device = best_device()
        self._model = model.to(self._device.name)
        return self

    def __exit__(self, *error: object) -> None:
        self._model = None
        self._heard = {}
        if self._device is not None:
            self._device.clear()

    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        """The text spoken: mono at 24 kHz. A text without words gives 200 ms of silence.

        `voice` is the path of a recording of at least three seconds, or the name of one of the model's own
        speakers. Raises Rejected for a language or a voice there isn't, ValueError for a speed below 0.5 or
        above 2.
        """
        if not _MIN_SPEED <= speed <= _MAX_SPEED:
            raise ValueError(f"speed {speed} is not between {_MIN_SPEED} and {_MAX_SPEED}")
        base = language.split("-")[0]
        if base not in _LANGUAGES:
            raise Rejected(
                "language",
                found=repr(language),
                expected=f"one that {self._name} speaks: {', '.join(sorted(_LANGUAGES))}",
                remedy="Name another synthesizer in the profile for this language.",
            )
        if self._model is None:
            raise Defect(f"{self._name} was asked before it was loaded")
        with self._lock:
            heard = self._voice(voice)
            words = spoken.spoken(text, language)
            if not words:
                return Audio.silence(_RATE_HZ * _NOTHING_MS // 1000, 1, _RATE_HZ)
            pieces = [
                self._say(piece, base, voice, heard, speed)
                for piece in text_checks.pieces(words, _LONGEST_PIECE_CHARS)
            ]
        samples = np.clip(np.concatenate(pieces), -1.0, 1.0).astype(np.float32)
        return Audio.of_mono(samples, _RATE_HZ)

    def _say(
        self, text: str, language: str, voice: str, heard: tuple[Any, Any], speed: float
    ) -> Any:
        import torch

        begin_chance(f"{text}\0{language}\0{Path(voice).name}")
        code = "zh-cn" if language == "zh" else language
        config = self._model.config
        with torch.inference_mode():
            made = self._model.inference(
                text,
                code,
                *heard,
                temperature=config.temperature,
                length_penalty=config.length_penalty,
                repetition_penalty=float(config.repetition_penalty),
                top_k=config.top_k,
                top_p=config.top_p,
                speed=speed,
            )
        return np.asarray(made["wav"], np.float32)

    def _voice(self, voice: str) -> tuple[Any, Any]:
        """What the model knows of a voice: heard in its recording, or its own speaker's."""
        speakers = self._model.speaker_manager.speakers
        if voice in speakers:
            return tuple(speakers[voice].values())
        recording = Path(voice)
        if not voice or not recording.is_file():
            raise Rejected(
                "voice",
                found=repr(voice),
                expected=f"a recording, or one of {', '.join(sorted(speakers)) or 'no speakers'}",
                remedy="Choose a voice of the bank: dub voices list shows them.",
            )
        # A recording that was exchanged is heard anew.
        status = recording.stat()
        key = (voice, status.st_mtime_ns, status.st_size)
        if key not in self._heard:
            self._heard[key] = self._model.get_conditioning_latents(
                audio_path=[voice], gpt_cond_len=12, gpt_cond_chunk_len=4
            )
        return self._heard[key]


def _weights_of(path: Path) -> Any:
    """The tensors of a checkpoint, read without running anything in it."""
    import torch
    from TTS.tts.configs.shared_configs import BaseDatasetConfig
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    # The published checkpoint holds its configuration too: these classes hold data, and are let in by name.
    moved = (XttsArgs, XttsAudioConfig)
    known: list[Any] = [XttsConfig, BaseDatasetConfig, *moved]
    known += [(kind, f"TTS.tts.models.xtts.{kind.__name__}") for kind in moved]
    with torch.serialization.safe_globals(known):
        return torch.load(path, map_location="cpu", weights_only=True)["model"]
