"""XTTS, MMS and FreeVC with random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dubbing.engines.hub import HubModel
from dubbing.engines.synthesizing import freevc, mms, xtts
from tiny.cache import LINES, install

SMALL_FREEVC = freevc.SIZE | {
    "inter_channels": 16, "hidden_channels": 16, "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3, 5]],
}  # fmt: skip


def install_xtts(
    cache: Path, patch: pytest.MonkeyPatch, size: Mapping[str, int] | None = None
) -> None:
    """Has XTTS find tiny weights in a cache of their own."""
    made = xtts_model(cache / "made", size)
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = xtts.MODELS["v2"]
    unpinned = HubModel(hub.repository, hub.revision, dict.fromkeys(hub.files), hub.bytes)
    patch.setitem(xtts.MODELS, "v2", unpinned)
    install(unpinned, made)


def xtts_model(folder: Path, size: Mapping[str, int] | None = None) -> Path:
    """XTTS with one small layer; what makes sound of its codes, and hears speakers, is of full size: 90 MB."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    config = XttsConfig()
    marks = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{tag}]" for tag in config.languages)]
    words = Tokenizer(models.BPE(unk_token=marks[1]))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=200, special_tokens=marks))
    words.save(str(folder / "vocab.json"))
    small = {
        "gpt_layers": 1, "gpt_n_model_channels": 64, "gpt_n_heads": 2, "gpt_max_audio_tokens": 60,
        "gpt_num_audio_tokens": 34, "gpt_start_audio_token": 32, "gpt_stop_audio_token": 33,
        "decoder_input_dim": 64, "gpt_number_text_tokens": words.get_vocab_size(),
    }  # fmt: skip
    for name, value in (small if size is None else size).items():
        setattr(config.model_args, name, value)
    channels = config.model_args.gpt_n_model_channels
    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    config.save_json(str(folder / "config.json"))
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, channels),
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in ("Claribel Dervla", "Damien Black", "Sofia Hellen", "Viktor Eka")
    }
    torch.save(speakers, folder / "speakers_xtts.pth")
    return folder


# What MMS calls the parts of a VITS, and Coqui does: the ways of a flow that only reverse the order are none of
# Coqui's, so that theirs are numbered otherwise.
_PARTS = {"text_encoder": "enc_p", "waveform_decoder": "dec", "posterior_encoder": "enc_q"}


def install_mms(
    cache: Path,
    patch: pytest.MonkeyPatch,
    vits: Mapping[str, Any] | None = None,
    wavlm: Mapping[str, Any] | None = None,
) -> None:
    """Has MMS, and FreeVC in it, find tiny weights in a cache of their own; or weights of other sizes, both given."""
    patch.setenv("DUBBING_CACHE", str(cache))
    hub = mms.MODELS["tts"]
    unpinned = replace(hub, files=dict.fromkeys(hub.files), urls={})
    patch.setitem(mms.MODELS, "tts", unpinned)
    if wavlm is None:
        patch.setattr(freevc, "SIZE", SMALL_FREEVC)
    made = freevc_model(cache / "made", wavlm)
    for language, code in mms._CODES.items():
        mms_model(made / "models" / code, language, vits)
    install(unpinned, made)


def mms_model(folder: Path, language: str, size: Mapping[str, Any] | None = None) -> Path:
    """A VITS of 16 dimensions in the layout of fairseq, which knows the letters of one language."""
    import torch
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    letters = {"th": map(chr, range(0xE01, 0xE4F)), "ar": map(chr, range(0x621, 0x653))}
    known = "".join(letters.get(language, map(chr, (*range(97, 123), *range(224, 256)))))
    if language == "vi":
        known += "ăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
    vocabulary = ["|", " ", "'", "-", *known]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    size = {
        "hidden_channels": 16, "filter_channels": 16, "n_heads": 2, "n_layers": 1, "kernel_size": 3,
        "resblock": "1", "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
        "upsample_initial_channel": 32, **(size or {}),
    }  # fmt: skip
    data = {"training_files": "train.ltr", "sampling_rate": 16_000, "add_blank": True}
    (folder / "config.json").write_text(json.dumps({"model": size, "data": data}))
    model = Vits(
        VitsConfig(
            model_args=VitsArgs(
                hidden_channels=size["hidden_channels"],
                hidden_channels_ffn_text_encoder=size["filter_channels"],
                num_layers_text_encoder=size["n_layers"],
                resblock_kernel_sizes_decoder=size["resblock_kernel_sizes"],
                resblock_dilation_sizes_decoder=size["resblock_dilation_sizes"],
                upsample_initial_channel_decoder=size["upsample_initial_channel"],
                init_discriminator=False,
            )
        )
    )
    model.text_encoder.emb = torch.nn.Embedding(len(vocabulary), size["hidden_channels"])
    weights = {_as_mms_has_it(key): value for key, value in model.state_dict().items()}
    torch.save({"model": weights, "iteration": 100_000}, folder / "G_100000.pth")
    return folder


def _as_mms_has_it(key: str) -> str:
    part, _, rest = key.partition(".")
    if part in _PARTS:
        return f"{_PARTS[part]}.{rest}"
    kind, _, rest = rest.partition(".")
    number, _, rest = rest.partition(".")
    if part == "flow":
        return f"flow.flows.{2 * int(number)}.{rest}"
    if kind not in ("flows", "post_flows"):
        return key.replace("duration_predictor.", "dp.", 1)
    if number == "0":
        return f"dp.{kind}.0.{ {'translation': 'm', 'log_scale': 'logs'}[rest] }"
    return f"dp.{kind}.{2 * int(number) - 1}.{rest}"


def freevc_model(folder: Path, wavlm_size: Mapping[str, Any] | None = None) -> Path:
    """FreeVC, WavLM and the encoder of speakers: the last of full size, the others small where they can be."""
    import torch
    from TTS.vc.configs.freevc_config import FreeVCArgs, FreeVCConfig
    from TTS.vc.layers.freevc.speaker_encoder.hparams import (
        mel_n_channels,
        model_embedding_size,
        model_hidden_size,
        model_num_layers,
    )
    from TTS.vc.layers.freevc.wavlm.wavlm import WavLM, WavLMConfig
    from TTS.vc.models import freevc as coqui

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    cfg = {
        "encoder_layers": 1, "encoder_embed_dim": 1024, "encoder_ffn_embed_dim": 16,
        "encoder_attention_heads": 2, "extractor_mode": "layer_norm", "layer_norm_first": True,
        "conv_feature_layers": "[(16,10,5)] + [(16,3,2)] * 4 + [(16,2,2)] * 2", "normalize": True,
        "relative_position_embedding": True, "gru_rel_pos": True, "num_buckets": 16, **(wavlm_size or {}),
    }  # fmt: skip
    wavlm = WavLM(WavLMConfig(cfg))
    torch.save({"cfg": cfg, "model": wavlm.state_dict()}, folder / "WavLM-Large.pt")
    speakers = torch.nn.ModuleDict(
        {
            "lstm": torch.nn.LSTM(mel_n_channels, model_hidden_size, model_num_layers),
            "linear": torch.nn.Linear(model_hidden_size, model_embedding_size),
        }
    )
    for weight in speakers.parameters():
        weight.data *= 5.0  # so that it hears what tells voices from each other
    torch.save({"model_state": speakers.state_dict()}, folder / "speaker_encoder.pt")
    coqui.get_wavlm = torch.nn.Module

    class Alone(coqui.FreeVC):
        def load_pretrained_speaker_encoder(self) -> None:
            """It has a file of its own."""

    network = Alone(FreeVCConfig(model_args=FreeVCArgs(use_spk=True, **freevc.SIZE)))
    weights = network.state_dict()
    weights["dec.cond.weight"] *= 1000.0  # so that it matters whose voice it is
    torch.save({"model": weights}, folder / "freevc-24.pth")
    return folder
