"""Every translator means the same language by the same tag, from the one side to the other.

Read off what reaches the networks, through their real tokenizers, and named by the standards of language
codes: not by comparing our tables with themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import langcodes
import pytest
import tiny

from dubbing.engines.ports import TranslationRequest
from dubbing.engines.translating import seq2seq
from dubbing.engines.translating.bergamot import BergamotTranslator
from dubbing.engines.translating.routes import declared
from dubbing.engines.translating.seq2seq import Seq2SeqTranslator
from dubbing.errors import Defect
from dubbing.formats.language_toml import all_languages
from dubbing.planning.config import configs_folder

TAGS = [language.tag for language in all_languages(configs_folder() / "languages")]
PAIRS = list(
    dict.fromkeys(
        pair
        for tag in TAGS
        for hub in ("zh", "en")
        if tag.split("-")[0] != hub
        for pair in ((hub, tag), (tag, hub))
    )
)


@dataclass
class Watched:
    """An engine, and what its network was given last and made of it."""

    engine: Seq2SeqTranslator
    tokenizer: Any
    model: Any
    given: dict[str, Any] = field(default_factory=dict)
    made: Any = None

    def tokens(self, ids: Any) -> list[str]:
        return list(self.tokenizer.convert_ids_to_tokens(ids.tolist()))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.torch, pytest.mark.xdist_group(name)])
        for name in ("nllb:600m", "m2m100:418m", "madlad:3b", "opus-mt:zh-en")
    ],
)
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    family, _, model = request.param.partition(":")
    with pytest.MonkeyPatch.context() as patch:
        tiny.install_translator(request.param, tmp_path_factory.mktemp("tiny"), patch)
        patch.setattr(seq2seq, "_BEAMS", 1)
        patch.setattr(seq2seq, "_MOST_TOKENS", 2)
        with Seq2SeqTranslator(family, model) as engine:
            loaded = engine.network
            watching = Watched(engine, loaded.tokenizer, loaded.model)
            generate = loaded.model.generate

            def watch(**given: Any) -> Any:
                watching.given, watching.made = given, generate(**given)
                return watching.made

            patch.setattr(loaded.model, "generate", watch)
            yield watching


def said_to_be(watched: Watched) -> tuple[str, str]:
    """The languages, by the network's own tokens, of the last text: of the source if it is told, of the target."""
    inputs = watched.tokens(watched.given["input_ids"][0])
    forced = watched.given.get("forced_bos_token_id")
    if forced is None:  # MADLAD-400
        assert inputs[0].startswith("<2"), inputs
        return "", inputs[0][2:-1]
    assert watched.made[0, 1] == forced, "the text begins with it"
    return inputs[0].strip("_"), watched.tokens(watched.made[0, 1:2])[0].strip("_")


def standard(code: str) -> langcodes.Language:
    """A language by a network's name of it: arb_Arab, pt, zh_Hant."""
    return langcodes.Language.get(code.replace("_", "-")).prefer_macrolanguage().maximize()


def test_the_network_is_told_the_languages_of_the_pair(watched: Watched) -> None:
    asked = 0
    for source, target in PAIRS:
        if declared(watched.engine.pairs, source, target) is None:
            continue
        asked += 1
        watched.engine.translate([TranslationRequest("Shen Yan 回来了")], source, target)
        if watched.engine.info.name == "opus-mt:zh-en":
            assert (source.split("-")[0], target) == ("zh", "en")
            assert watched.engine.hub.repository.endswith("-zh-en")
            continue
        told = said_to_be(watched)
        for tag, code in zip((source, target), told, strict=True):
            assert code or tag == source
            if code:
                assert standard(code).language == standard(tag).language, (source, target, told)
        if target == "zh-Hant" and not watched.engine.info.name.startswith("m2m100"):
            assert standard(told[1]).script == "Hant"  # M2M100 has one Chinese
        elif target in ("zh", "zh-Hans"):
            assert standard(told[1]).script == "Hans"
    # Every language of the configs, from Chinese and from English, and back.
    assert asked == (len(PAIRS) if watched.engine.info.name != "opus-mt:zh-en" else 3)


def test_a_language_that_the_network_has_no_token_for_is_never_guessed(watched: Watched) -> None:
    if watched.engine.info.name == "opus-mt:zh-en":
        pytest.skip("its one pair has no tokens")
    with pytest.raises((Defect, KeyError)):
        seq2seq._token(watched.tokenizer, "<2qqq>")


@pytest.mark.torch
@pytest.mark.xdist_group("madlad:3b")
def test_madlad_reads_by_one_table_and_writes_by_another(tmp_path: Path) -> None:
    """Loaders that take one for the other give nonsense, and no error: transformers 5.0 to 5.16 did."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForSeq2SeqLM

    made = tiny.translator(tmp_path / "made", "madlad")
    weights = load_file(made / "model.safetensors")
    assert "shared.weight" not in weights, "as it was published"
    assert not json.loads((made / "config.json").read_text())["tie_word_embeddings"]
    model = AutoModelForSeq2SeqLM.from_pretrained(made, local_files_only=True)
    read_by, written_by = weights["decoder.embed_tokens.weight"], weights["lm_head.weight"]
    assert torch.equal(model.encoder.embed_tokens.weight, read_by)
    assert torch.equal(model.decoder.embed_tokens.weight, read_by)
    assert torch.equal(model.lm_head.weight, written_by)


@pytest.mark.models
@pytest.mark.xdist_group("bergamot:base")
def test_bergamot_goes_the_way_it_is_asked_to() -> None:
    with BergamotTranslator() as engine:
        for source, target, text, word in (
            ("en", "pt-BR", "The house is on the other side of the street.", "casa"),
            ("pt-BR", "en", "A casa fica do outro lado da rua.", "house"),
        ):
            (found,) = engine.translate([TranslationRequest(text)], source, target)
            assert word in found.text.casefold()
            assert declared(engine.pairs, source, target) == engine.pairs[source, target]
        assert declared(engine.pairs, "en", "pt-PT") is None
