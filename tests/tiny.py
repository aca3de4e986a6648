"""Models with weights of chance, in the formats of the published ones: what the engines' own loaders read.

They say nothing sensible. What is tested with them is everything around the sense: loading, languages, batches,
checks, digests. They are tiny, unless a benchmark asks for the published sizes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dubbing.engines import (
    demucs,
    faster_whisper,
    freevc,
    hearing,
    mms,
    openai_whisper,
    pyannote,
    sensevoice,
    seq2seq,
    xtts,
)
from dubbing.engines.hub import HubModel
from dubbing.formats.digest import sha256_of

# What tokenizers are trained on: a few lines in the languages of the tests.
LINES = (
    "你终于回来了。沈砚，我不是为你回来的。", "那你为什么站在我家门口？我来拿我妈妈的照片。",
    "You're back at last. Shen Yan, I didn't come back for you.",
    "Then why are you standing at my door? I came for my mother's photo.",
    "Você finalmente voltou. Eu não voltei por você.", "Por fin has vuelto. No he vuelto por ti.",
)  # fmt: skip


SMALL_FREEVC = freevc.SIZE | {
    "inter_channels": 16, "hidden_channels": 16, "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3, 5]],
}  # fmt: skip


def install(model: HubModel, made: Path) -> None:
    """Lays a folder of files where an engine looks for a model that was fetched, as `fetch` would."""
    model.folder.parent.mkdir(parents=True, exist_ok=True)
    made.rename(model.folder)
    digests = {
        str(path.relative_to(model.folder)): sha256_of(path)
        for path in model.folder.rglob("*")
        if path.is_file()
    }
    (model.folder / "digests.json").write_text(json.dumps(digests))


def install_translator(
    name: str, cache: Path, patch: pytest.MonkeyPatch, size: Mapping[str, int] | None = None
) -> None:
    """Has an engine of `seq2seq` find tiny weights in a cache of their own, whose digests nobody has pinned."""
    family, _, model = name.partition(":")
    made = translator(cache / "made", family, size)
    patch.setenv("DUBBING_CACHE", str(cache))
    known = seq2seq.FAMILIES[family][model]
    hub = known.hub
    files = dict.fromkeys(path.name for path in made.iterdir())
    unpinned = HubModel(hub.repository, hub.revision, files, hub.bytes)
    patch.setitem(seq2seq.FAMILIES[family], model, replace(known, hub=unpinned))
    install(unpinned, made)
    # Weights of chance never come to an end by themselves.
    patch.setattr(seq2seq, "_MOST_TOKENS", 12)


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
    """Has SenseVoice find weights of chance in a cache of their own."""
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


def translator(folder: Path, family: str, size: Mapping[str, int] | None = None) -> Path:
    """A translator of 32 dimensions: `nllb`, `m2m100`, `madlad` or `opus-mt`.

    `size` is another one, with `vocab_size`: of tokens beyond those that the tokenizer knows, none is ever said.
    """
    import torch
    from transformers import (
        M2M100Config,
        M2M100ForConditionalGeneration,
        MarianConfig,
        MarianMTModel,
    )

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    if family == "madlad":
        return _madlad(folder, size)
    size = {
        "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, **(size or {}),
    }  # fmt: skip
    words = size.pop("vocab_size", 0)
    if family == "nllb":
        tokenizer = _nllb_tokenizer()
    elif family == "m2m100":
        tokenizer = _m2m100_tokenizer(folder)
    else:
        tokenizer = _marian_tokenizer(folder)
    tokenizer.save_pretrained(folder)
    if family == "opus-mt":
        config = MarianConfig(
            vocab_size=max(words, len(tokenizer)), pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id, decoder_start_token_id=tokenizer.pad_token_id,
            forced_eos_token_id=tokenizer.eos_token_id, **size,
        )  # fmt: skip
        model = MarianMTModel(config)
    else:
        # M2M100's languages, and some words that nobody made up yet, follow after its vocabulary.
        words = max(words, len(tokenizer) + (108 if family == "m2m100" else 0))
        model = M2M100ForConditionalGeneration(M2M100Config(vocab_size=words, **size))
    model.get_input_embeddings().weight.data[len(tokenizer) + 108 :] = 0
    model.save_pretrained(folder)
    # As the published repositories have it: no safetensors.
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def _madlad(folder: Path, size: Mapping[str, int] | None) -> Path:
    """T5 as MADLAD-400 has it: a mark for each target among the tokens, and what tokens are read by not what they
    are written by; of the first only the decoder's copy is in the file."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    marks = ",".join(f"<2{code}>" for code in seq2seq.FAMILIES["madlad"]["3b"].codes.values())
    model = _sentencepiece(
        folder, "spiece", bos_id=1, eos_id=2, unk_id=0, pad_id=-1, user_defined_symbols=marks
    )
    tokenizer = T5Tokenizer.from_pretrained(
        folder,
        vocab_file=str(model),
        pad_token="<s>",  # noqa: S106
        extra_ids=0,
    )
    tokenizer.save_pretrained(folder)
    size = {
        "vocab_size": len(tokenizer), "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1,
        "num_heads": 2, **(size or {}),
    }  # fmt: skip
    config = T5Config(
        feed_forward_proj="gated-gelu", pad_token_id=1, eos_token_id=2, decoder_start_token_id=0,
        tie_word_embeddings=False, **size,
    )  # fmt: skip
    made = T5ForConditionalGeneration(config)
    made.save_pretrained(folder)
    file = folder / "model.safetensors"
    weights = load_file(file)
    read_by = torch.randn_like(weights["shared.weight"])
    weights = {name: value for name, value in weights.items() if "embed_tokens" not in name}
    del weights["shared.weight"]
    weights["decoder.embed_tokens.weight"] = read_by
    weights["lm_head.weight"] = torch.randn_like(read_by)
    weights["lm_head.weight"][len(tokenizer) :] = 0
    save_file(weights, file, metadata={"format": "pt"})
    settings = json.loads((folder / "config.json").read_text())
    settings["tie_word_embeddings"] = False
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


def _nllb_tokenizer():  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    bpe = Tokenizer(models.BPE(unk_token=special[3]))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace()
    bpe.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=300, special_tokens=special))
    trained = json.loads(bpe.to_str())["model"]
    merges = [tuple(merge) if isinstance(merge, list) else merge for merge in trained["merges"]]
    return NllbTokenizer(vocab=trained["vocab"], merges=merges)


def _sentencepiece(folder: Path, name: str, **options: object) -> Path:
    import sentencepiece

    (folder / "lines.txt").write_text("\n".join(LINES * 3))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "lines.txt"), model_prefix=str(folder / name), vocab_size=150,
        character_coverage=1.0, hard_vocab_limit=False, minloglevel=2,
        **{"bos_id": 0, "pad_id": 1, "eos_id": 2, "unk_id": 3, **options},
    )  # fmt: skip
    (folder / "lines.txt").unlink()
    (folder / f"{name}.vocab").unlink()
    return folder / f"{name}.model"


def _vocabulary(model: Path) -> dict[str, int]:
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}


def _m2m100_tokenizer(folder: Path):  # type: ignore[no-untyped-def]
    from transformers import M2M100Tokenizer

    model = _sentencepiece(folder, "sentencepiece.bpe")
    (folder / "vocab.json").write_text(json.dumps(_vocabulary(model)))
    return M2M100Tokenizer(str(folder / "vocab.json"), str(model))


def _marian_tokenizer(folder: Path):  # type: ignore[no-untyped-def]
    from transformers import MarianTokenizer

    model = _sentencepiece(folder, "source")
    vocabulary = _vocabulary(model)
    vocabulary.setdefault("<pad>", len(vocabulary))
    for name in ("source", "target"):
        (folder / f"{name}.spm").write_bytes(model.read_bytes())
    model.unlink()
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    return MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json")
    )
