"""openai-whisper: the reference that the fast transcriber is tested against. Needs torch.

The base model runs on the very weights of `faster_whisper`, in 32 bits: they are converted once into a
checkpoint of its own kind, which stays in the cache. The large ones run on those that OpenAI publishes, in
the 16 bits that they are published in where there is a GPU.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from dubbing.engines.batches import Batches
from dubbing.engines.devices import Device
from dubbing.engines.hub import HubModel, tensors_only
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.torch_engine import TorchEngine
from dubbing.engines.transcribing import hearing
from dubbing.engines.transcribing.hearing import BASE, BEAM_SIZE, MEL_FRAMES
from dubbing.engines.transcribing.tokens import Token
from dubbing.engines.transcribing.verdicts import Heard
from dubbing.errors import Defect, Rejected
from dubbing.model.audio import Audio, Samples
from dubbing.model.speech import Hearing

PACKAGED = "base"  # whose weights come as packages


def _published(file: str, sha256: str, size: int) -> HubModel:
    """A checkpoint where OpenAI publishes it: its address names its digest."""
    address = f"https://openaipublic.azureedge.net/main/whisper/models/{sha256}/{file}"
    return HubModel(
        f"openai-whisper/{file.removesuffix('.pt')}", sha256, {file: sha256}, size, {file: address}
    )


HUB = {
    "large-v3": _published(
        "large-v3.pt",
        "e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb",
        3_087_000_000,
    ),
    "turbo": _published(
        "large-v3-turbo.pt",
        "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
        1_617_000_000,
    ),
}
MODELS = (PACKAGED, *HUB)
# Weights, what five beams need at once, and what four stretches took beyond one on a GPU.
_MEMORY_MB = {"base": 1_080, "large-v3": 8_900, "turbo": 2_800}
_CODE = ("openai-whisper", "torch", "faster-whisper", "opencc-python-reimplemented")
_CONVERSION = 1  # changes with `checkpoint`, so that an old conversion is not loaded
_STRETCHES_AT_ONCE = 4  # on a GPU, at first: each of five beams has its own copy of what was heard
_HEAD_SIZE = 64  # of all Whisper models; the number of heads follows
_DTYPES: Mapping[int, str] = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


class OpenAIWhisper(TorchEngine[Any]):
    """Transcribes with openai-whisper. Calls from several threads take turns.

    Raises Rejected for a model that it has not.
    """

    def __init__(self, model: str = PACKAGED) -> None:
        if model not in MODELS:
            raise Rejected(
                "transcriber",
                found=f"'openai-whisper:{model}'",
                expected=" or ".join(f"'openai-whisper:{name}'" for name in MODELS),
                remedy="Name one of these models.",
            )
        super().__init__(f"openai-whisper:{model}", HUB.get(model))
        self._model_name = model
        self._lock = threading.Lock()  # word times are read through hooks on the one network

    @property
    def info(self) -> EngineInfo:
        versions = " ".join(f"{name} {_version(name)}" for name in _CODE)
        weights = (
            f"{BASE['model.bin'].sha256[:12]} float32 conversion {_CONVERSION}"
            if self.hub is None
            else self.hub.mark
        )
        packages = hearing.BASE_DISTRIBUTIONS if self.hub is None else _CODE
        return EngineInfo(
            name=self._name,
            port=Port.TRANSCRIBER,
            revision=f"{weights} beam {BEAM_SIZE} hearing {hearing.VERSION} {versions}",
            languages=hearing.LANGUAGES,
            licence="MIT",
            commercial=True,
            distributions=tuple(dict.fromkeys((*packages, "openai-whisper", "torch"))),
            memory_mb=_MEMORY_MB[self._model_name],
            note="Slow on a CPU: the reference for faster-whisper.",
        )

    def __enter__(self) -> Self:
        super().__enter__()
        self._batches = Batches(_STRETCHES_AT_ONCE if self.device.name == "cuda" else 1)
        return self

    def _best_device(self) -> Device:
        # What the base model hears is the same on every machine: on a CPU, in 32 bits.
        return Device("cpu", None) if self.hub is None else super()._best_device()

    def _load(self, device: Device) -> Any:
        if self.hub is None:
            return _packaged()
        (file,) = self.hub.files
        return _fetched(self._model_name, self.folder / file, self._name, device)

    def transcribe(self, speech: Audio, language: str) -> Hearing:
        return hearing.transcribe(speech, language, self._hear)

    def _hear(self, sounds: Sequence[Samples], language: str) -> list[Heard]:
        hear = partial(self._hear_together, language=language)
        return self._batches.run(sounds, lambda _: MEL_FRAMES, hear, self.device.clear)

    def _hear_together(self, sounds: Sequence[Samples], language: str) -> list[Heard]:
        import torch
        import whisper
        from whisper.timing import find_alignment
        from whisper.tokenizer import get_tokenizer

        model = self.network
        halved = model.device.type == "cuda"
        frames = [len(sound) // whisper.audio.HOP_LENGTH for sound in sounds]
        mels = [
            whisper.log_mel_spectrogram(
                np.ascontiguousarray(sound), model.dims.n_mels, padding=400
            )[:, :count]
            for sound, count in zip(sounds, frames, strict=True)
        ]
        mel = torch.stack([whisper.pad_or_trim(one, MEL_FRAMES) for one in mels]).to(model.device)
        if halved:
            mel = mel.half()
        options = whisper.DecodingOptions(
            language=language, beam_size=BEAM_SIZE, without_timestamps=True, fp16=halved
        )
        tokenizer = get_tokenizer(
            multilingual=True,
            num_languages=model.num_languages,
            language=language,
            task="transcribe",
        )
        with self._lock:
            results = _decode(model, mel, options)
            features = torch.stack([one.audio_features for one in results])
            _, languages = whisper.detect_language(model, features, tokenizer)
            aligned = [
                find_alignment(
                    model, tokenizer, [t for t in one.tokens if t < tokenizer.eot], heard, count
                )
                for one, heard, count in zip(results, mel, frames, strict=True)
            ]
        return [
            Heard(
                tokens=tuple(
                    Token(one.word, float(one.start), float(one.end), float(one.probability))
                    for one in words
                ),
                mean_log_probability=result.avg_logprob,
                no_speech_probability=result.no_speech_prob,
                language=likeliest,
                language_probability=float(found[likeliest]),
            )
            for result, words, found in zip(results, aligned, languages, strict=True)
            for likeliest in [max(found, key=found.__getitem__)]
        ]


def _decode(model: Any, mel: Any, options: Any) -> list[Any]:
    """Whisper's own beam search. `mel` is of shape (sounds, bands, 3000)."""
    from whisper.decoding import DecodingTask

    class Together(DecodingTask):  # type: ignore[misc]
        """All beams read one copy of what was heard, which is a shortcut that works for one sound alone."""

        def _get_audio_features(self, mel: Any) -> Any:
            return super()._get_audio_features(mel).repeat_interleave(self.n_group, dim=0)

        def _detect_language(self, audio_features: Any, tokens: Any) -> Any:
            return super()._detect_language(audio_features[:: self.n_group], tokens)

    kind = DecodingTask if mel.shape[0] == 1 else Together
    return list(kind(model, options).run(mel))


def _packaged() -> Any:
    """The base model."""
    import whisper

    model = whisper.load_model(str(converted()), device="cpu")
    config = json.loads(BASE["config.json"].path().read_text("utf-8"))
    heads = _sparse_mask(config["alignment_heads"], model.dims)
    model.register_buffer("alignment_heads", heads, persistent=False)
    return model


def _fetched(name: str, path: Path, engine: str, device: Device) -> Any:
    """A large model on a device: openai-whisper's loader reads with `weights_only`."""
    import torch
    import whisper

    with tensors_only(path, engine):
        model = whisper.load_model(str(path), device="cpu")
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS[name])
    if device.name == "cuda":
        # Norms are computed in 32 bits; all else in 16, which is what the network casts to at each step otherwise.
        for part in model.modules():
            if isinstance(part, (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Embedding)):
                part.half()
    return model.to(device.name)


def converted() -> Path:
    """The checkpoint that `whisper.load_model` reads, made from CTranslate2's file on first use."""
    source = BASE["model.bin"]
    path = source.path()
    target = path.with_name(f"openai-{source.sha256[:12]}-{_CONVERSION}.pt")
    with FileLock(target.with_name(target.name + ".lock")):
        if not target.exists():
            import torch

            partial = target.with_name(target.name + ".part")
            with partial.open("wb") as file:
                torch.save(checkpoint(path), file)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(target)
    return target


def checkpoint(path: Path) -> dict[str, Any]:
    """openai-whisper's checkpoint from CTranslate2's `model.bin`: `dims` and `model_state_dict`.

    Raises Defect for a file of another format.
    """
    import torch

    variables = read_variables(path)
    state = {
        name: torch.from_numpy(values.astype(np.float32)) for name, values in _renamed(variables)
    }
    width = variables["decoder/embeddings/weight"].shape[1]
    audio_layers, text_layers = (_layers(variables, side) for side in ("encoder", "decoder"))
    dims = {
        "n_mels": variables["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": variables["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": width // _HEAD_SIZE,
        "n_audio_layer": audio_layers,
        "n_vocab": variables["decoder/embeddings/weight"].shape[0],
        "n_text_ctx": variables["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": width,
        "n_text_head": width // _HEAD_SIZE,
        "n_text_layer": text_layers,
    }
    return {"dims": dims, "model_state_dict": state}


def read_variables(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a CTranslate2 model file by name: format 6, a WhisperSpec of revision 3."""
    with path.open("rb") as file:
        (version,) = _unpack(file, "I")
        spec = _string(file)
        (revision,) = _unpack(file, "I")
        if (version, spec, revision) != (6, "WhisperSpec", 3):
            raise Defect(f"{path}: format {version}, {spec} {revision} instead of 6, WhisperSpec 3")
        (count,) = _unpack(file, "I")
        variables: dict[str, npt.NDArray[Any]] = {}
        for _ in range(count):
            name = _string(file)
            (rank,) = _unpack(file, "B")
            shape = _unpack(file, f"{rank}I")
            dtype, size = _unpack(file, "BI")
            variables[name] = np.frombuffer(file.read(size), _DTYPES[dtype]).reshape(shape)
    return variables


def _renamed(
    variables: Mapping[str, npt.NDArray[Any]],
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The arrays under openai-whisper's names: fused projections split, missing key biases zero."""
    for number in (1, 2):
        for kind in ("weight", "bias"):
            yield f"encoder.conv{number}.{kind}", variables[f"encoder/conv{number}/{kind}"]
    yield "decoder.token_embedding.weight", variables["decoder/embeddings/weight"]
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        positions = variables[f"{side}/position_encodings/encodings"]
        yield f"{side}.positional_embedding", positions
        yield from _norm(variables, f"{side}/layer_norm", f"{side}.{last}")
        for layer in range(_layers(variables, side)):
            source, target = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            yield from _attention(variables, f"{source}/self_attention", f"{target}.attn")
            if side == "decoder":
                yield from _attention(variables, f"{source}/attention", f"{target}.cross_attn")
            yield from _norm(variables, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
            for index, linear in ((0, "linear_0"), (2, "linear_1")):
                for kind in ("weight", "bias"):
                    yield f"{target}.mlp.{index}.{kind}", variables[f"{source}/ffn/{linear}/{kind}"]


def _attention(
    variables: Mapping[str, npt.NDArray[Any]], source: str, target: str
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Self-attention fuses query, key and value in one product; cross-attention key and value."""
    yield from _norm(variables, f"{source}/layer_norm", f"{target}_ln")
    fused = [i for i in range(3) if f"{source}/linear_{i}/weight" in variables]
    for kind in ("weight", "bias"):
        parts = [variables[f"{source}/linear_{i}/{kind}"] for i in fused]
        *inputs, out = parts
        query, key, value = np.split(np.concatenate(inputs), 3)
        yield f"{target}.query.{kind}", query
        yield f"{target}.value.{kind}", value
        yield f"{target}.out.{kind}", out
        if kind == "weight":
            yield f"{target}.key.weight", key
        elif key.any():
            raise Defect(f"{source}: a bias of the keys, which no Whisper has")


def _norm(
    variables: Mapping[str, npt.NDArray[Any]], source: str, target: str
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    yield f"{target}.weight", variables[f"{source}/gamma"]
    yield f"{target}.bias", variables[f"{source}/beta"]


def _layers(variables: Mapping[str, npt.NDArray[Any]], side: str) -> int:
    return sum(
        name.startswith(f"{side}/") and name.endswith("/ffn/linear_0/weight") for name in variables
    )


def _sparse_mask(heads: list[list[int]], dims: Any) -> Any:
    """Which cross-attention heads follow the sound, as openai-whisper holds it."""
    import torch

    mask = torch.zeros(dims.n_text_layer, dims.n_text_head, dtype=torch.bool)
    for layer, head in heads:
        mask[layer, head] = True
    return mask.to_sparse()


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack("<" + layout, file.read(struct.calcsize("<" + layout)))


def _string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "H")
    return file.read(length).rstrip(b"\0").decode("utf-8")


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"  # `info` can be read of an engine that is not installed
