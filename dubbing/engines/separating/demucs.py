"""Demucs: music and effects apart from voices, by the hybrid transformer of Rouard, Massa and Défossez (2023). Needs torch.

It was made to take songs apart into drums, bass, voices and the rest. Voices are taken from it; the bed is
the source without them, so that both add up to the source, and what no part of the network claimed stays in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dubbing.engines.devices import Device
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import EngineInfo, Port, Separation
from dubbing.engines.torch_engine import TorchEngine
from dubbing.engines.weights import version_of
from dubbing.errors import Defect, Rejected
from dubbing.media import sound
from dubbing.model.audio import Audio, Samples

_CODE_VERSION = 1
MODELS = {
    "htdemucs": HubModel(
        "adefossez/HTDemucs",
        "cbc8a9b1a87023b7fd74e7b3412e6321c0eab003",
        {
            "955717e8.safetensors": "d9fa14133cfcc034a6758923bb3a8ca9f8dfd0b582134643bbf83f72c17576dd"
        },
        84_025_440,
    ),
}
_NETWORK = "demucs.htdemucs.HTDemucs"
_VOICES = "vocals"
_CHANNELS = 2
_OVERLAP = 0.25  # of neighbouring stretches, as Demucs itself has it
_STRETCHES_AT_ONCE = 4
_FAINT = 1e-4  # RMS below which nothing is there to be taken apart: -80 dBFS


class DemucsSeparator(TorchEngine[Any]):
    """Takes voices out of a soundtrack, in stretches of some seconds that overlap. Calls take turns.

    In 32 bits on a GPU too: it works on spectra, which half the bits don't hold.
    """

    def __init__(self, model: str = "htdemucs") -> None:
        super().__init__(f"demucs:{model}", MODELS[model], _STRETCHES_AT_ONCE)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.SEPARATOR,
            revision=f"{self._published().mark} code {_CODE_VERSION} demucs {version_of('demucs')}",
            languages=frozenset(),
            # Its author: "not covered by the MIT license, and are provided only for scientific purposes"
            # (facebookresearch/demucs, issue 327). They learned from MUSDB18 among others.
            licence="LicenseRef-Demucs-research-only",
            commercial=False,
            distributions=("demucs", "torch"),
            memory_mb=3_000,
            note="Takes all voices out, those that sing in the music too.",
        )

    def _load(self, device: Device) -> Any:
        (file,) = self._published().files
        model = _read(self.folder / file, self._name)
        if model.audio_channels != _CHANNELS or _VOICES not in model.sources:
            raise Defect(f"{self._name} has no voices in stereo: {model.sources}")
        return model.to(device.name).eval()

    def separate(self, audio: Audio) -> Separation | None:
        """Voices, and all else. Raises Defect for sound that is not stereo."""
        network = self.network
        if audio.channels != _CHANNELS:
            raise Defect(f"{self._name} was given {audio.channels} channels, not {_CHANNELS}")
        heard = sound.resample(audio, network.samplerate).samples
        middle = heard.mean(axis=1)
        spread = float(middle.std()) if len(middle) else 0.0
        if spread < _FAINT:
            return Separation(Audio.silence(audio.frames, _CHANNELS, audio.rate_hz), audio)
        centre = float(middle.mean())
        # Scaled as a whole, as in training: stretches of their own would be as loud as each other.
        voices = self._voices((heard - centre) / spread) * spread
        speech = _as_long(
            sound.resample(Audio(voices, network.samplerate), audio.rate_hz), audio.frames
        )
        return Separation(speech, Audio(audio.samples - speech.samples, audio.rate_hz))

    def _voices(self, heard: Samples) -> Samples:
        """The voices in scaled sound at the network's rate, float32 of shape (frames, 2) in and out."""
        import torch

        network, device = self.network, self.device
        size = int(network.samplerate * network.segment)
        voices = network.sources.index(_VOICES)

        def separated(starts: list[int]) -> list[Samples]:
            stretches = np.zeros((len(starts), _CHANNELS, size), np.float32)
            for stretch, start in zip(stretches, starts, strict=True):
                part = heard[start : start + size]
                stretch[:, : len(part)] = part.T
            with torch.inference_mode():
                made = network(torch.from_numpy(stretches).to(device.name))[:, voices]
            return [one.T for one in made.float().cpu().numpy()]

        total = np.zeros_like(heard)
        weights = np.zeros((len(heard), 1), np.float32)
        # Whatever lies in the middle of a stretch is known best.
        rising = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1))
        weight = (rising / rising.max()).astype(np.float32)[:, np.newaxis]
        starts = stretch_starts(len(heard), size)
        # A few at a time, so that an episode of an hour takes no more memory than its own sound.
        for first in range(0, len(starts), _STRETCHES_AT_ONCE):
            some = starts[first : first + _STRETCHES_AT_ONCE]
            made = self._batches.run(some, lambda _: size, separated, device.clear)
            for start, one in zip(some, made, strict=True):
                part = slice(start, start + size)
                length = len(total[part])
                total[part] += (one * weight)[:length]
                weights[part] += weight[:length]
        return total / weights


def stretch_starts(frames: int, size: int) -> list[int]:
    """The first frames of stretches of `size` that cover all `frames`, each overlapping the next by a quarter or
    more; the last one ends where the sound does."""
    stride = max(1, round(size * (1 - _OVERLAP)))
    last = max(0, frames - size)
    return [*range(0, last, stride), last]


def _as_long(audio: Audio, frames: int) -> Audio:
    """Sound of as many frames: resampling there and back may have lost one or found one."""
    fitted = np.zeros((frames, audio.channels), np.float32)
    fitted[: audio.frames] = audio.samples[:frames]
    return Audio(fitted, audio.rate_hz)


def _read(path: Path, engine: str) -> Any:
    """The network in a file of tensors. Its class stands in the file, and demucs would make any class that does.

    Raises Rejected for another one.
    """
    from demucs.hf import load_safetensors_model
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as file:
        described = file.metadata() or {}
    if described.get("klass") != _NETWORK or "structure" in described:
        raise Rejected(
            str(path),
            found=f"a file that would run code when it is read: {described.get('klass')}",
            expected=f"the tensors of a {_NETWORK} and nothing else",
            remedy=f"Don't use it; fetch the model again: dub models fetch {engine} --again.",
        )
    return load_safetensors_model(path)
