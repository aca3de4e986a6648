"""NLLB, M2M100, MADLAD and OPUS-MT with random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dubbing.engines.hub import HubModel
from dubbing.engines.translating import seq2seq
from tiny.cache import LINES, install


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
    # Random weights never end by themselves.
    patch.setattr(seq2seq, "_MOST_TOKENS", 12)


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
