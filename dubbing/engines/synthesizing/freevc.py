"""FreeVC: what somebody says, in the voice of somebody else. Needs torch.

WavLM encodes what is said, a speaker encoder the voice to say it in. The weights are the author's, for 24 kHz. The
code is Coqui's; its own loader would download WavLM unasked and run code to read its layout.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from dubbing.engines.devices import Device, needs_mb, seed_torch
from dubbing.engines.hub import tensors_only
from dubbing.engines.torch_engine import read_checkpoint
from dubbing.errors import Rejected
from dubbing.media import sound
from dubbing.model.audio import Audio

RATE_HZ = 24_000  # of what it says
_HEARD_HZ = 16_000  # of what it hears
_WEIGHTS, _WAVLM, _SPEAKERS = "freevc-24.pth", "WavLM-Large.pt", "speaker_encoder.pt"
# The author's own demo has the weights, and the encoder they were trained with.
_DEMO = (
    "https://huggingface.co/spaces/OlaWod/FreeVC/resolve/b28195b2d09e066e0de3e36ccbf18b7e77bf23c2"
)
MARK = "freevc24@b28195b2d09e"
# File -> SHA-256, and its address.
FILES: dict[str, str | None] = {
    _WEIGHTS: "7b39a86fefbc9ec6e30be8d26ee2a6aa5ffe6d235f6ab15773d01cdf348e5b20",
    _SPEAKERS: "bc7ff82ef75becd495aab2ede3a8220da393a717f178ae9534df355a6173bbca",
    _WAVLM: None,
}
URLS = {
    _WEIGHTS: f"{_DEMO}/checkpoints/freevc-24.pth",
    _SPEAKERS: f"{_DEMO}/speaker_encoder/ckpt/pretrained_bak_5805000.pt",
    _WAVLM: "https://github.com/coqui-ai/TTS/releases/download/v0.13.0_models/WavLM-Large.pt",
}
BYTES = 472_600_000 + 1_262_000_000 + 17_000_000
# Of the network, where it is not as Coqui's code has it: 24 kHz are 480 samples for each of WavLM's 50 frames.
SIZE: dict[str, Any] = {"upsample_rates": [10, 6, 4, 2]}
_LAYERS = re.compile(r"[\d\s()\[\],+*]*")  # of WavLM: [(512, 10, 5)] + [(512, 3, 2)] * 4


def memory_mb() -> int:
    """What it takes: WavLM's 315 million parameters in the device's bits, 40 million in float32, and room to work in."""
    return needs_mb(315, 440)


class Converter:
    """Loaded at once, and for good. Calls must take turns."""

    def __init__(self, folder: Path, engine: str, device: Device) -> None:
        """From the folder that holds its files. Raises Rejected for what is not what was published."""
        from TTS.vc.configs.freevc_config import FreeVCArgs, FreeVCConfig
        from TTS.vc.layers.freevc.speaker_encoder.speaker_encoder import SpeakerEncoder
        from TTS.vc.models import freevc

        def read(file: str) -> Any:
            return read_checkpoint(folder / file, engine)

        class Network(freevc.FreeVC):  # type: ignore[misc]
            def load_pretrained_speaker_encoder(self) -> None:
                with tensors_only(folder / _SPEAKERS, engine):
                    self.enc_spk_ex = SpeakerEncoder(str(folder / _SPEAKERS))

        weights = read(_WEIGHTS)["model"]
        wavlm = _wavlm(read(_WAVLM), folder / _WAVLM)
        _work_in(device.dtype, wavlm.encoder)
        freevc.get_wavlm = lambda: wavlm
        network = Network(FreeVCConfig(model_args=FreeVCArgs(use_spk=True, **SIZE)))
        found = network.load_state_dict(weights, strict=False)
        missing = [k for k in found.missing_keys if not k.startswith(("wavlm.", "enc_spk_ex."))]
        if missing or found.unexpected_keys:
            raise Rejected(
                str(folder / _WEIGHTS),
                found=f"a checkpoint without {', '.join(missing[:3]) or 'nothing'}, and with "
                f"{', '.join(found.unexpected_keys[:3]) or 'nothing'} beside",
                expected="FreeVC's",
                remedy=f"Fetch it again: dub models fetch {engine} --again.",
            )
        self._network = network.eval().to(device.name)
        self._device = device
        self._heard: dict[tuple[str, sound.FileVersion], Any] = {}

    def convert(self, said: Audio, recording: Path) -> Audio:
        """What was said, in the voice of a recording: mono at 24 kHz, as long as before."""
        import torch

        heard = sound.resample(said, _HEARD_HZ).mono().astype(np.float32)
        # Its windows end where the sound does: what is left over would be cut off.
        room = np.concatenate([heard, np.zeros(_HEARD_HZ // 10, np.float32)])
        voice = self._voice(recording)
        seed_torch(hashlib.sha256(heard.tobytes()).hexdigest())
        with torch.inference_mode():
            words = self._network.extract_wavlm_features(
                torch.from_numpy(room).unsqueeze(0).to(self._device.name)
            )
            made = self._network.inference(words, g=voice)[0, 0]
        length = round(len(heard) * RATE_HZ / _HEARD_HZ)
        return Audio.of_mono(np.asarray(made.float().cpu(), np.float32)[:length], RATE_HZ)

    def _voice(self, recording: Path) -> Any:
        key = (str(recording), sound.version_of(recording))
        if key not in self._heard:
            samples = sound.decode(recording, _HEARD_HZ).mono().astype(np.float32)
            self._heard[key] = self._network._extract_target_se([samples]).to(self._device.name)
        return self._heard[key]


def _work_in(dtype: Any, encoder: Any) -> None:
    """Has WavLM's encoder, most of all there is here, work in other bits. It is given float32 and gives float32 as
    before: what makes sound of it needs all the bits."""
    encoder.to(dtype)
    encoder.register_forward_pre_hook(lambda _, given: (given[0].to(dtype), *given[1:]))
    encoder.register_forward_hook(lambda _, __, made: (made[0].float(), *made[1:]))


def _wavlm(checkpoint: Any, path: Path) -> Any:
    from TTS.vc.layers.freevc.wavlm.wavlm import WavLM, WavLMConfig

    config = WavLMConfig(checkpoint["cfg"])
    if not _LAYERS.fullmatch(config.conv_feature_layers):
        raise Rejected(
            str(path),
            found=f"layers described by {config.conv_feature_layers!r}, which would be run",
            expected="a list of numbers",
            remedy="Don't use it.",
        )
    network = WavLM(config)
    network.load_state_dict(checkpoint["model"])
    return network.eval()
