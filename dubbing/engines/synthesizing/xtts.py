"""XTTS-v2 by Coqui: a person's voice from a few seconds of it, in seventeen languages. Needs torch.

A network samples the codes of the sound one after the other, so the same text sounds a little different each time.
To make a take the same whenever it is made, and whatever is spoken beside it, each text draws from a generator of
its own, seeded from what is to be said. Sampling takes nearly all the time, and would leave a GPU idle for most of it,
so texts that several threads ask for are sampled together.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dubbing.engines import devices
from dubbing.engines.batches import Together
from dubbing.engines.devices import Device
from dubbing.engines.hub import HubModel
from dubbing.engines.pieces import pieces
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.synthesizing import spoken
from dubbing.engines.torch_engine import TorchEngine, read_checkpoint
from dubbing.engines.weights import version_of
from dubbing.errors import Defect, Rejected
from dubbing.media import sound
from dubbing.model.audio import Audio

_CODE_VERSION = 3
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
_HEARD_HZ = 22_050  # of recordings, as in training
_HEARD_S, _HEARD_AT_ONCE_S = 12, 4  # of a recording, for how it is said; for the timbre, thirty
_TIMBRE_S = 30
_AT_ONCE = 16
_KEPT = 64  # texts: whatever is to be said again at another speed was said just before


@dataclass(frozen=True, slots=True, eq=False)
class _Voice:
    """What the model knows of a voice."""

    name: str
    version: sound.FileVersion | None  # of its recording; None of the model's own
    manner: Any  # how it says things: float32 of shape (1, 32, 1024)
    timbre: Any  # float32 of shape (1, 512, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A text that is short enough to be said in one breath."""

    text: str
    language: str  # as the model's own tokenizer calls it
    tokens: Any  # int32 of shape (1, tokens)
    voice: _Voice

    @property
    def key(self) -> tuple[str, str, str, sound.FileVersion | None]:
        return self.text, self.language, self.voice.name, self.voice.version


class XttsSynthesizer(TorchEngine[Any]):
    """Speaks with the voice of a recording, or with one of the model's own speakers by name.

    What it hears in a recording is computed once and kept. What several threads ask for at once is done together.
    It works in 32 bits on a GPU too: with half of them, the odds of a code depend on what is chosen for beside it,
    and so would each take.
    """

    def __init__(self, model: str = "v2") -> None:
        super().__init__(f"xtts:{model}", MODELS[model], _AT_ONCE)
        self._together = Together(self._chosen)
        self._lock = threading.Lock()  # of what is kept
        self._voices: dict[tuple[str, sound.FileVersion | None], _Voice] = {}
        self._said: OrderedDict[tuple[str, str, str, sound.FileVersion | None], Any] = OrderedDict()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.SYNTHESIZER,
            revision=f"{self._published().mark} code {_CODE_VERSION} coqui-tts {version_of('coqui-tts')}",
            languages=_LANGUAGES,
            licence="LicenseRef-CPML",
            commercial=False,
            distributions=("coqui-tts", "torch", "torchaudio"),
            clones=True,
            together=_AT_ONCE,
            memory_mb=5_000,  # 467 million parameters in float32, and room for sixteen texts
            note="Clones a voice from a few seconds of it: voices need the consent of who they are.",
        )

    def _load(self, device: Device) -> Any:
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts

        folder = self.folder
        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        model = Xtts(config)
        # Its own way writes older checkpoints anew in place, which are then not what was pinned.
        model._load_checkpoint = partial(_weights_of, self._name)
        model.load_checkpoint(config, checkpoint_dir=folder, eval=True)
        return model.to(device.name)

    def _forget(self) -> None:
        self._voices.clear()
        self._said.clear()

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
        known = self._voice(voice)
        words = spoken.spoken(text, language)
        if not words:
            return Audio.silence(_RATE_HZ * _NOTHING_MS // 1000, 1, _RATE_HZ)
        code = "zh-cn" if base == "zh" else base
        chosen = self._together.run(
            [self._piece(piece, code, known) for piece in pieces(words, _LONGEST_PIECE_CHARS)]
        )
        said = np.concatenate([self._sound(one, known, speed) for one in chosen])
        return Audio.of_mono(np.clip(said, -1.0, 1.0).astype(np.float32), _RATE_HZ)

    def _voice(self, voice: str) -> _Voice:
        """A recording's voice, or one of the model's own speakers."""
        speakers = self.network.speaker_manager.speakers
        recording = Path(voice)
        if voice not in speakers and not (voice and recording.is_file()):
            raise Rejected(
                "voice",
                found=repr(voice),
                expected=f"a recording, or one of {', '.join(sorted(speakers)) or 'no speakers'}",
                remedy="Choose a voice of the bank: dub voices list shows them.",
            )
        version = None if voice in speakers else sound.version_of(recording)
        with self._lock:
            if (voice, version) not in self._voices:
                manner, timbre = (
                    speakers[voice].values() if voice in speakers else self._hear(recording)
                )
                device = self.network.device
                self._voices[voice, version] = _Voice(
                    voice, version, manner.to(device), timbre.to(device)
                )
            return self._voices[voice, version]

    def _hear(self, recording: Path) -> tuple[Any, Any]:
        import torch

        samples = sound.decode(recording, _HEARD_HZ).mono()[: _TIMBRE_S * _HEARD_HZ]
        heard = torch.from_numpy(np.ascontiguousarray(samples, np.float32))[np.newaxis]
        heard = heard.to(self.network.device)
        manner = self.network.get_gpt_cond_latents(heard, _HEARD_HZ, _HEARD_S, _HEARD_AT_ONCE_S)
        return manner, self.network.get_speaker_embedding(heard, _HEARD_HZ)

    def _piece(self, text: str, language: str, voice: _Voice) -> _Piece:
        import torch

        with self._lock:
            tokens = self.network.tokenizer.encode(text.strip().lower(), lang=language)
        if len(tokens) >= self.network.args.gpt_max_text_tokens:
            raise Defect(f"{self._name} can't say {text!r} in one breath: {len(tokens)} tokens")
        ids = torch.tensor([tokens], dtype=torch.int32, device=self.network.device)
        return _Piece(text, language, ids, voice)

    def _chosen(self, pieces: list[_Piece]) -> list[Any]:
        """How each piece is said, whether it was before or is chosen now. Called by one thread at a time."""
        new = {piece.key: piece for piece in pieces if piece.key not in self._said}
        # Of any lengths: what shorter ones are padded with is masked.
        made = self._batches.run(list(new.values()), lambda _: 0, self._choose, self.device.clear)
        self._said.update(zip(new, made, strict=True))
        chosen = [self._said[piece.key] for piece in pieces]
        for piece in pieces:
            self._said.move_to_end(piece.key)
        while len(self._said) > _KEPT:
            self._said.popitem(last=False)
        return chosen

    def _choose(self, pieces: list[_Piece]) -> list[Any]:
        """What the codes of each piece mean, which the model makes sound of: float32 of shape (1, codes, 1024)."""
        import torch
        from transformers import (
            LogitsProcessorList,
            TemperatureLogitsWarper,
            TopKLogitsWarper,
            TopPLogitsWarper,
        )

        gpt, config = self.network.gpt, self.network.config
        draws = _Draws([f"{p.text}\0{p.language}\0{Path(p.voice.name).name}" for p in pieces])
        with torch.inference_mode():
            begun = []
            for piece in pieces:
                gpt.compute_embeddings(piece.voice.manner, piece.tokens)
                begun.append(gpt.gpt_inference.cached_prefix_emb[0])
            # All end where the codes begin; what is before the shorter ones is not looked at.
            prefixes = torch.nn.utils.rnn.pad_sequence(begun, True, padding_side="left")
            gpt.gpt_inference.store_prefix_emb(prefixes)
            count, longest = prefixes.shape[:2]
            ids = prefixes.new_ones((count, longest + 1), dtype=torch.long)
            ids[:, -1] = gpt.start_audio_token
            seen = torch.ones_like(ids)
            for row, one in enumerate(begun):
                seen[row, : longest - len(one)] = 0
            codes = gpt.gpt_inference.generate(
                ids,
                attention_mask=seen,
                bos_token_id=gpt.start_audio_token,
                pad_token_id=gpt.stop_audio_token,
                eos_token_id=gpt.stop_audio_token,
                max_length=longest + 1 + gpt.max_gen_mel_tokens,
                do_sample=False,  # not from one generator for all
                repetition_penalty=float(config.repetition_penalty),
                logits_processor=LogitsProcessorList(
                    [
                        TemperatureLogitsWarper(config.temperature),
                        TopKLogitsWarper(config.top_k),
                        TopPLogitsWarper(config.top_p),
                        draws,
                    ]
                ),
            )[:, longest + 1 :]
            return [self._meant(p, row) for p, row in zip(pieces, codes, strict=True)]

    def _meant(self, piece: _Piece, codes: Any) -> Any:
        """What a piece's codes mean, up to where it stops. It is worked out anew from the codes alone, so that not a
        bit of it comes from what was chosen beside it."""
        import torch

        gpt = self.network.gpt
        stops = (codes == gpt.stop_audio_token).nonzero()
        codes = codes[: int(stops[0]) + 1] if len(stops) else codes
        return gpt(
            piece.tokens,
            torch.tensor([piece.tokens.shape[1]], device=codes.device),
            codes[np.newaxis],
            torch.tensor([len(codes) * gpt.code_stride_len], device=codes.device),
            cond_latents=piece.voice.manner,
            return_latent=True,
        )

    def _sound(self, chosen: Any, voice: _Voice, speed: float) -> npt.NDArray[np.float32]:
        """What was chosen, in a voice and at a speed: mono at 24 kHz."""
        import torch

        with torch.inference_mode():
            if speed != 1.0:
                chosen = torch.nn.functional.interpolate(
                    chosen.transpose(1, 2), scale_factor=1.0 / speed, mode="linear"
                ).transpose(1, 2)
            made = self.network.hifigan_decoder(chosen, g=voice.timbre)
        return np.asarray(made.flatten().cpu(), np.float32)


class _Draws:
    """Has generation, which takes the likeliest code, draw codes by their odds, each text from a generator of its own:
    the largest of log odds with Gumbel noise is such a draw (Maddison, Tarlow and Minka, 2014)."""

    def __init__(self, said: list[str]) -> None:
        self._said = said
        self._generators: list[Any] = []

    def __call__(self, _ids: Any, scores: Any) -> Any:
        import torch

        if not self._generators:
            self._generators = [devices.generator(said, scores.device) for said in self._said]
        noise = torch.stack(
            [
                torch.empty_like(row).exponential_(generator=generator)
                for row, generator in zip(scores, self._generators, strict=True)
            ]
        )
        return scores - noise.log()


def _weights_of(engine: str, path: Path) -> Any:
    """The tensors of a checkpoint, read without running anything in it."""
    from TTS.tts.configs.shared_configs import BaseDatasetConfig
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    # The published checkpoint holds its configuration too: these classes hold data, and are let in by name.
    moved = (XttsArgs, XttsAudioConfig)
    known: list[Any] = [XttsConfig, BaseDatasetConfig, *moved]
    known += [(kind, f"TTS.tts.models.xtts.{kind.__name__}") for kind in moved]
    return read_checkpoint(Path(path), engine, known)["model"]
