"""Separators, diarizers and transcribers with random weights, or a small model's in a large one's place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dubbing.engines.diarizing import pyannote
from dubbing.engines.hub import HubModel
from dubbing.engines.separating import demucs
from dubbing.engines.transcribing import faster_whisper, hearing, openai_whisper, sensevoice
from tiny.cache import install


def install_whisper(model: str, cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Has a large Whisper find the base model's weights, which come as packages, in its place."""
    made = cache / "made"
    made.mkdir(parents=True)
    for name, file in hearing.BASE.items():
        shutil.copy(file.path(), made / name)
    (made / "preprocessor_config.json").write_text('{"feature_size": 80}')
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = faster_whisper.HUB[model]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(faster_whisper.HUB, model, unpinned)
    install(unpinned, made)


def install_openai_whisper(model: str, cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Has a large Whisper of OpenAI's find the base model's weights in its place, converted to its format."""
    import whisper

    (file,) = openai_whisper.HUB[model].files
    made = cache / "made"
    made.mkdir(parents=True)
    shutil.copy(openai_whisper.converted(), made / file)
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = openai_whisper.HUB[model]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(openai_whisper.HUB, model, unpinned)
    patch.setitem(whisper._ALIGNMENT_HEADS, model, whisper._ALIGNMENT_HEADS["base"])
    install(unpinned, made)


def install_demucs(
    cache: Path, patch: pytest.MonkeyPatch, size: Mapping[str, Any] | None = None
) -> None:
    """Has Demucs find tiny weights in a cache of their own."""
    made = demucs_model(cache / "made", size)
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = demucs.MODELS["htdemucs"]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(demucs.MODELS, "htdemucs", unpinned)
    install(unpinned, made)


def demucs_model(folder: Path, size: Mapping[str, Any] | None = None) -> Path:
    """A hybrid transformer of 64 dimensions that hears 2 s at once, as the author's own export writes it."""
    import torch
    from demucs.htdemucs import HTDemucs
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    sources = ["drums", "bass", "other", "vocals"]
    size = {"channels": 8, "t_layers": 1, "t_heads": 2, "segment": Fraction(2), **(size or {})}
    segment = size.pop("segment")
    network = HTDemucs(sources, segment=segment, **size).eval()
    with torch.inference_mode():
        noise = torch.randn(1, 2, int(segment * network.samplerate))
        quieter = float(network(noise).std())
    # What it takes for voices is as loud as what it hears: the last layers are linear.
    for last in (network.decoder[-1].conv_tr, network.tdecoder[-1].conv_tr):
        for numbers in (last.weight, last.bias):
            numbers.data /= quieter
    fraction = {
        "_type": "fraction", "numerator": segment.numerator, "denominator": segment.denominator
    }  # fmt: skip
    described = {
        "klass": "demucs.htdemucs.HTDemucs",
        "args": json.dumps([sources]),
        "kwargs": json.dumps({"segment": fraction, **size}),
    }
    (file,) = demucs.MODELS["htdemucs"].files
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / file, described)
    return folder


def install_pyannote(
    cache: Path, patch: pytest.MonkeyPatch, hidden: int = 8, layers: int = 1
) -> None:
    """Has pyannote find small weights in a cache of their own."""
    made = pyannote_model(cache / "made", hidden, layers)
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = pyannote.MODELS["community-1"]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(pyannote.MODELS, "community-1", unpinned)
    install(unpinned, made)


def pyannote_model(folder: Path, hidden: int = 8, layers: int = 1) -> Path:
    """A small network that tells who speaks, and one of full size that tells voices apart: 27 MB.

    That they say nothing sensible has one exception: in silence, nobody speaks.
    """
    import numpy as np
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(0)
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True)
    who = PyanNet(
        lstm={"hidden_size": hidden, "num_layers": layers},
        linear={"hidden_size": hidden, "num_layers": 1},
    )
    who.specifications = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION, Resolution.FRAME, duration=10.0,
        classes=["speaker#1", "speaker#2", "speaker#3"], powerset_max_classes=2,
        permutation_invariant=True,
    )  # fmt: skip
    who.setup()
    who.eval()
    with torch.no_grad():
        # What little the sound changes decides, and without any it is the first class: nobody.
        who.classifier.weight *= 100
        heard: list[torch.Tensor] = []
        who.classifier.register_forward_hook(lambda _network, _heard, made: heard.append(made))
        who(torch.zeros(1, 1, 160_000))
        who.classifier.bias -= heard[0].mean(dim=(0, 1))
        who.classifier.bias[0] += 1
    voice = WeSpeakerResNet34()
    voice.specifications = Specifications(
        Problem.REPRESENTATION, Resolution.CHUNK, duration=10.0, classes=["a", "b"]
    )
    voice.setup()
    for network, file in ((who, "segmentation"), (voice, "embedding")):
        checkpoint = {"state_dict": network.state_dict(), "hyper_parameters": dict(network.hparams)}
        network.on_save_checkpoint(checkpoint)
        checkpoint["pyannote.audio"]["versions"]["torch"] = torch.__version__
        torch.save(checkpoint, folder / file / "pytorch_model.bin")
    rng = np.random.default_rng(0)
    lda, _ = np.linalg.qr(rng.normal(size=(256, 128)))
    np.savez(
        folder / "plda" / "xvec_transform.npz",
        mean1=np.zeros(256), mean2=np.zeros(128), lda=lda,
    )  # fmt: skip
    np.savez(
        folder / "plda" / "plda.npz",
        mu=np.zeros(128), tr=np.eye(128), psi=np.linspace(4, 0.1, 128),
    )  # fmt: skip
    return folder


def install_sensevoice(cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Has SenseVoice find random weights in a cache of their own."""
    made = sensevoice_model(cache / "made")
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = sensevoice.MODELS["small"]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(sensevoice.MODELS, "small", unpinned)
    install(unpinned, made)


def sensevoice_model(folder: Path) -> Path:
    """One layer with the inputs, outputs and description of the published export; it is sure of what it says."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    special = [
        "<blank>",
        "<s>",
        "</s>",
        "<|zh|>",
        "<|nospeech|>",
        "<|NEUTRAL|>",
        "<|Speech|>",
        "<|withitn|>",
    ]
    names = [*special, *"希望你以后能够做的比我还好呦说来去看听想", "，", "。"]
    first = np.full((1, 4, len(names)), -9, np.float32)
    first[0, range(4), (3, 5, 6, 7)] = 9
    weights = rng.normal(size=(560, len(names))).astype(np.float32)
    weights[:, : len(special)] = 0
    bias = np.full(len(names), 0, np.float32)
    bias[1 : len(special)] = -1000
    bias[0] = 35  # so often nothing new is said that the rest could be
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "T", 560])] + [
        helper.make_tensor_value_info(name, TensorProto.INT32, ["N"])
        for name in ("x_length", "language", "text_norm")
    ]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["likely"]),
            helper.make_node("Add", ["likely", "bias"], ["sure"]),
            helper.make_node("Concat", ["first", "sure"], ["logits"], axis=1),
        ],
        "sensevoice", inputs,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "L", len(names)])],
        [numpy_helper.from_array(array, name)
         for name, array in (("weights", weights), ("bias", bias), ("first", first))],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    described = {
        "model_type": "sense_voice_ctc", "vocab_size": len(names), "lfr_window_size": 7,
        "lfr_window_shift": 6, "normalize_samples": 0, "with_itn": 14, "without_itn": 15,
        "lang_auto": 0, "lang_zh": 3, "lang_en": 4, "lang_yue": 7, "lang_ja": 11, "lang_ko": 12,
        "neg_mean": ",".join(["-12"] * 560), "inv_stddev": ",".join(["0.3"] * 560),
    }  # fmt: skip
    helper.set_model_props(model, {key: str(value) for key, value in described.items()})
    save(model, folder / "model.int8.onnx")
    lines = [f"{name} {number}" for number, name in enumerate(names)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n")
    return folder
