"""pyannote: diarization that hears people talk over each other (Bredin, 2023; Landini and others, 2022). Needs torch.

One network says which of up to three people speak in each window of 10 s, another makes their voiceprints; similar
voiceprints are one person. The library's telemetry, on by default, is turned off.
"""

from __future__ import annotations

import importlib
import inspect
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dubbing.engines.devices import Device
from dubbing.engines.diarizing.voiceprints import named
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.torch_engine import TorchEngine, read_checkpoint
from dubbing.engines.weights import version_of
from dubbing.errors import Rejected
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Diarization, Turn
from dubbing.model.time import Span, seconds_to_ms

_CODE_VERSION = 1
_SEGMENTATION, _EMBEDDING = "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin"
MODELS = {
    "community-1": HubModel(
        "pyannote/speaker-diarization-community-1",
        "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee",
        {
            _SEGMENTATION: "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
            _EMBEDDING: "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
            "plda/plda.npz": "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
            "plda/xvec_transform.npz": "325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
        },
        32_821_000,
    ),
}
# As the model's own configuration has them.
_PARAMETERS = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
}
_BATCH = 32
# Of what its networks may be: their classes stand in the checkpoints, by name.
_NETWORKS = {
    _SEGMENTATION: ("pyannote.audio.models.segmentation.PyanNet", "PyanNet"),
    _EMBEDDING: ("pyannote.audio.models.embedding.wespeaker", "WeSpeakerResNet34"),
}
# Two voiceprints of this network that are less alike are two people's. Not measured on series yet: pyannote takes
# neighbouring seconds of one voice for the same from 0.75 to 0.82 on; other episodes have other rooms and other music.
SAME_PERSON = 0.5
_SHORTEST_MS = 100  # no word is shorter; what is left of a rounded frame is no turn
_LEAST_HEARD = (
    SPEECH_RATE_HZ  # of a voice, in samples, to know it by: what is shorter is said again and again
)


class PyannoteDiarizer(TorchEngine[Any]):
    """Diarizes with pyannote.audio; turns may overlap. Calls from several threads take turns."""

    same_person = SAME_PERSON

    def __init__(self, model: str = "community-1") -> None:
        super().__init__(f"pyannote:{model}", MODELS[model])
        self._lock = threading.Lock()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.DIARIZER,
            revision=f"{self._published().mark} code {_CODE_VERSION} pyannote.audio {version_of('pyannote.audio')}",
            languages=frozenset(),
            licence="CC-BY-4.0",
            commercial=True,
            distributions=("pyannote.audio", "torch", "torchaudio"),
            memory_mb=1_600,
            note="Its makers ask for a name and an address before it can be fetched; name them where you publish.",
        )

    def _load(self, device: Device) -> Any:
        folder = self.folder
        import torch
        from pyannote.audio.core.plda import PLDA
        from pyannote.audio.pipelines import SpeakerDiarization
        from pyannote.audio.telemetry.metrics import set_telemetry_metrics

        set_telemetry_metrics(False)
        pipeline = SpeakerDiarization(
            segmentation=_network(folder, _SEGMENTATION, self._name),
            embedding=_network(folder, _EMBEDDING, self._name),
            plda=PLDA(folder / "plda/xvec_transform.npz", folder / "plda/plda.npz"),
            embedding_exclude_overlap=True,
            segmentation_batch_size=_BATCH,
            embedding_batch_size=_BATCH,
        )
        pipeline.instantiate(_PARAMETERS)
        return pipeline.to(torch.device(device.name))

    def diarize(self, speech: Audio) -> Diarization:
        import torch

        pipeline = self.network
        if speech.duration_ms < _SHORTEST_MS:
            return Diarization((), ())
        mono = np.ascontiguousarray(speech.mono())
        heard = {
            "waveform": torch.from_numpy(mono)[np.newaxis],
            "sample_rate": speech.rate_hz,
            "uri": "speech",
        }
        with self._lock:
            with warnings.catch_warnings():
                # Where nobody says enough to be known by, it takes the mean of nothing.
                warnings.filterwarnings(
                    "ignore", "Mean of empty slice|invalid value", RuntimeWarning
                )
                found = pipeline(heard)
            turns = turns_of(found.speaker_diarization, speech.duration_ms)
            embeddings = {
                speaker: self._embedding(
                    np.concatenate(
                        [speech.cut(t.span).mono() for t in turns if t.speaker == speaker]
                    )
                )
                for speaker in dict.fromkeys(turn.speaker for turn in turns)
            }
        return named(turns, speech, embeddings)

    def _embedding(self, spoken: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How all that somebody says sounds, of shape (256,)."""
        import torch

        times = -(-_LEAST_HEARD // len(spoken))
        made = self.network._embedding(torch.from_numpy(np.tile(spoken, times))[None, None])
        return np.asarray(made[0], np.float32)


def turns_of(annotation: Any, duration_ms: int) -> list[Turn]:
    """pyannote's turns, in order and inside the sound; those too short to be a word are left out."""
    turns = []
    for segment, _, speaker in annotation.itertracks(yield_label=True):
        start_ms = seconds_to_ms(max(0.0, segment.start))
        end_ms = min(duration_ms, seconds_to_ms(max(0.0, segment.end)))
        if end_ms - start_ms >= _SHORTEST_MS:
            turns.append(Turn(str(speaker), Span(start_ms, end_ms)))
    return sorted(turns, key=lambda turn: (turn.span.start_ms, turn.span.end_ms, turn.speaker))


def _network(folder: Path, file: str, engine: str) -> Any:
    """A network of the model, read with `weights_only`: pyannote's own way runs whatever a checkpoint holds.

    Raises Rejected for a checkpoint that would run code, or is of another network.
    """
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.torch_version import TorchVersion

    path = folder / file
    # Besides tensors it holds what the network is for, and with which torch it was made.
    known = [Specifications, Problem, Resolution, TorchVersion]
    checkpoint = read_checkpoint(path, engine, known)
    found = checkpoint["pyannote.audio"]["architecture"]["class"]
    module, name = _NETWORKS[file]
    missing: list[str] = []
    if found == name:
        kind = getattr(importlib.import_module(module), name)
        settings = inspect.signature(kind).parameters
        network = kind(**{k: v for k, v in checkpoint["hyper_parameters"].items() if k in settings})
        network.on_load_checkpoint(checkpoint)  # lays the layers that depend on what it is for
        # What it was trained against may be in there too, and is not needed.
        missing = network.load_state_dict(checkpoint["state_dict"], strict=False).missing_keys
    if found != name or missing:
        raise Rejected(
            str(path),
            found=f"a network of the kind {found}"
            + f" without {', '.join(missing)}" * bool(missing),
            expected=f"a whole {name}",
            remedy=f"Fetch the model again: dub models fetch {engine} --again.",
        )
    return network.eval()
