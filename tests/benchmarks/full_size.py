"""The large models in their published sizes, with random weights: as much work for a GPU as the real ones are.

They come to an end where real ones would, so that a figure is about a line of a drama and not about the longest
that a model can say. Run on a GPU, they are made there.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
import tiny

from dubbing.engines.hub import HubModel
from dubbing.engines.transcribing import faster_whisper, hearing, openai_whisper
from dubbing.engines.translating import seq2seq

SAID = "你怎么现在才回来啊"  # by every Whisper, whatever it hears
LINE_TOKENS = 16  # of a translated line: an English line of the demo has eight, a long one twenty
TAKE_TOKENS = 54  # of a spoken line: 2.5 s at 21.5 tokens a second
_PROMPT_TOKENS = 4  # before what a Whisper says

TRANSLATORS: Mapping[str, Mapping[str, int]] = {
    name: {
        "vocab_size": words, "d_model": width, "encoder_layers": layers, "decoder_layers": layers,
        "encoder_attention_heads": heads, "decoder_attention_heads": heads,
        "encoder_ffn_dim": 4 * width, "decoder_ffn_dim": 4 * width,
    }
    for name, words, width, layers, heads in (
        ("nllb:600m", 256_206, 1024, 12, 16),
        ("m2m100:418m", 128_112, 1024, 12, 16),
        ("opus-mt:zh-en", 65_001, 512, 6, 8),
    )
} | {
    "madlad:3b": {
        "vocab_size": 256_000, "d_model": 1024, "d_kv": 128, "d_ff": 8192, "num_layers": 32, "num_heads": 16,
    },
}  # fmt: skip
_VITS = {
    "hidden_channels": 192, "filter_channels": 768, "n_layers": 6, "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5]] * 3, "upsample_initial_channel": 512,
}  # fmt: skip
_WAVLM_LARGE = {
    "encoder_layers": 24, "encoder_ffn_embed_dim": 4096, "encoder_attention_heads": 16, "num_buckets": 320,
    "max_distance": 800, "conv_feature_layers": "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2",
}  # fmt: skip
_WHISPER = {
    "n_mels": 128, "n_audio_ctx": 1500, "n_audio_state": 1280, "n_audio_head": 20, "n_audio_layer": 32,
    "n_vocab": 51_866, "n_text_ctx": 448, "n_text_state": 1280, "n_text_head": 20,
}  # fmt: skip
_TEXT_LAYERS = {"large-v3": 32, "turbo": 4}


def install(name: str, cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Has an engine, named as in a profile, find its model in a cache of its own."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    on = "cuda" if torch.cuda.is_available() else "cpu"
    family, _, model = name.partition(":")
    # Not all of what pyannote is made of follows the device.
    with torch.device("cpu" if family == "pyannote" else on):
        if name in TRANSLATORS:
            torch.set_default_dtype(torch.bfloat16)  # they are loaded in it
            try:
                tiny.install_translator(name, cache, patch, TRANSLATORS[name])
            finally:
                torch.set_default_dtype(torch.float32)
            patch.setattr(seq2seq, "_MOST_TOKENS", LINE_TOKENS)
        elif family == "openai-whisper":
            _install_openai_whisper(model, cache, patch)
        elif family == "faster-whisper":
            _install_faster_whisper(model, cache, patch)
        else:
            _OTHERS[name](cache, patch)


def _install_xtts(cache: Path, patch: pytest.MonkeyPatch) -> None:
    tiny.install_xtts(cache, patch, {"gpt_number_text_tokens": 6681, "gpt_max_audio_tokens": TAKE_TOKENS})  # fmt: skip


def _install_mms(cache: Path, patch: pytest.MonkeyPatch) -> None:
    tiny.install_mms(cache, patch, _VITS, _WAVLM_LARGE)


def _install_demucs(cache: Path, patch: pytest.MonkeyPatch) -> None:
    size = {"channels": 48, "t_layers": 5, "t_heads": 8, "bottom_channels": 512}
    tiny.install_demucs(cache, patch, {**size, "segment": Fraction(39, 5)})


def _install_pyannote(cache: Path, patch: pytest.MonkeyPatch) -> None:
    tiny.install_pyannote(cache, patch, hidden=128, layers=4)


_OTHERS: Mapping[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "xtts:v2": _install_xtts,
    "mms:tts": _install_mms,
    "demucs:htdemucs": _install_demucs,
    "pyannote:community-1": _install_pyannote,
}


def _whisper(model: str) -> tuple[dict[str, int], dict[str, Any]]:
    """A Whisper's dimensions and weights, float16: it says the same of whatever it hears, and is sure of it.

    What stands where, and nothing else, decides on what comes next: each place has a direction of its own,
    which is large, and the token that is to follow lies in it.
    """
    import torch
    import whisper
    from whisper.tokenizer import get_tokenizer

    torch.manual_seed(0)
    dims = {**_WHISPER, "n_text_layer": _TEXT_LAYERS[model]}
    network = whisper.model.Whisper(whisper.model.ModelDimensions(**dims))
    tokenizer = get_tokenizer(multilingual=True, num_languages=100, language="zh")
    said = [*tokenizer.encode(SAID), tokenizer.eot]
    places = network.decoder.positional_embedding.data.zero_()
    tokens = network.decoder.token_embedding.weight.data.mul_(0.02)
    for place, token in enumerate(said, _PROMPT_TOKENS - 1):
        places[place, place] = 200.0
        tokens[token, place] = 2.0
    return dims, {name: values.half() for name, values in network.state_dict().items()}


def _install_openai_whisper(model: str, cache: Path, patch: pytest.MonkeyPatch) -> None:
    import torch

    dims, state = _whisper(model)
    hub = openai_whisper.HUB[model]
    (file,) = hub.files
    made = cache / "made"
    made.mkdir(parents=True)
    torch.save({"dims": dims, "model_state_dict": state}, made / file)
    patch.setenv("DUBBING_CACHE", str(cache))
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(openai_whisper.HUB, model, unpinned)
    tiny.install(unpinned, made)


def _install_faster_whisper(model: str, cache: Path, patch: pytest.MonkeyPatch) -> None:
    dims, state = _whisper(model)
    made = cache / "made"
    made.mkdir(parents=True)
    for file in ("tokenizer.json", "vocabulary.json", "config.json"):
        shutil.copy(hearing.BASE[file].path(), made / file)
    config = json.loads((made / "config.json").read_text())
    config["alignment_heads"] = [[_TEXT_LAYERS[model] - 1, head] for head in range(6)]
    (made / "config.json").write_text(json.dumps(config))
    (made / "preprocessor_config.json").write_text(json.dumps({"feature_size": dims["n_mels"]}))
    with (made / "model.bin").open("wb") as to:
        write_variables(to, {name: values.cpu().numpy() for name, values in state.items()}, dims)
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = faster_whisper.HUB[model]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(faster_whisper.HUB, model, unpinned)
    tiny.install(unpinned, made)


_Array = npt.NDArray[Any]
# The other way of `openai_whisper.read_variables`: CTranslate2's number of each type.
_TYPES = {np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}


def write_variables(to: BinaryIO, state: Mapping[str, _Array], dims: Mapping[str, int]) -> None:
    """A Whisper of openai-whisper's names as CTranslate2's `model.bin`, of format 6."""
    variables = _renamed(state, dims)
    to.write(struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(variables)))
    for name, values in sorted(variables.items()):
        to.write(_text(name) + struct.pack("<B", values.ndim))
        to.write(struct.pack(f"<{values.ndim}I", *values.shape))
        to.write(struct.pack("<BI", _TYPES[values.dtype], values.nbytes))
        to.write(values.tobytes())
    to.write(struct.pack("<I", 1))  # names that stand for others
    to.write(_text("decoder/projection/weight") + _text("decoder/embeddings/weight"))


def _text(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def _renamed(state: Mapping[str, _Array], dims: Mapping[str, int]) -> dict[str, _Array]:
    made: dict[str, _Array] = {
        "decoder/embeddings/weight": state["decoder.token_embedding.weight"],
        "decoder/activation": np.int8(3),
        "decoder/alignment_heads": np.int16(1),
        "decoder/alignment_layer": np.int16(-1),
        "decoder/num_heads": np.int16(dims["n_text_head"]),
        "encoder/num_heads": np.int16(dims["n_audio_head"]),
        "decoder/pre_norm": np.int8(1),
        **{
            f"decoder/{name}": np.int8(0)
            for name in (
                "alibi", "alibi_use_positive_positions", "scale_alibi", "scale_embeddings",
                "start_from_zero_embedding",
            )
        },
    }  # fmt: skip
    made = {name: np.asarray(values) for name, values in made.items()}

    def linear(name: str, *parts: str) -> None:
        made[f"{name}/weight"] = np.concatenate([state[f"{part}.weight"] for part in parts])
        made[f"{name}/bias"] = np.concatenate(
            [state.get(f"{p}.bias", np.zeros_like(state[f"{p}.weight"][:, 0])) for p in parts]
        )

    def norm(name: str, part: str) -> None:
        made[f"{name}/gamma"] = state[f"{part}.weight"]
        made[f"{name}/beta"] = state[f"{part}.bias"]

    for number in (1, 2):
        linear(f"encoder/conv{number}", f"encoder.conv{number}")
    sides = (("encoder", "ln_post", "n_audio_layer"), ("decoder", "ln", "n_text_layer"))
    for side, last, layers in sides:
        made[f"{side}/position_encodings/encodings"] = state[f"{side}.positional_embedding"]
        norm(f"{side}/layer_norm", f"{side}.{last}")
        for number in range(dims[layers]):
            name, part = f"{side}/layer_{number}", f"{side}.blocks.{number}"
            norm(f"{name}/self_attention/layer_norm", f"{part}.attn_ln")
            of = f"{part}.attn"
            linear(f"{name}/self_attention/linear_0", f"{of}.query", f"{of}.key", f"{of}.value")
            linear(f"{name}/self_attention/linear_1", f"{of}.out")
            if side == "decoder":
                norm(f"{name}/attention/layer_norm", f"{part}.cross_attn_ln")
                of = f"{part}.cross_attn"
                linear(f"{name}/attention/linear_0", f"{of}.query")
                linear(f"{name}/attention/linear_1", f"{of}.key", f"{of}.value")
                linear(f"{name}/attention/linear_2", f"{of}.out")
            norm(f"{name}/ffn/layer_norm", f"{part}.mlp_ln")
            linear(f"{name}/ffn/linear_0", f"{part}.mlp.0")
            linear(f"{name}/ffn/linear_1", f"{part}.mlp.2")
    return made
