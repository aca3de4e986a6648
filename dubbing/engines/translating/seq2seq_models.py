"""The networks that `seq2seq.py` runs: their sources, licences, and names for languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dubbing.engines.hub import HubModel
from dubbing.model.language import base

# Every language of configs/languages, as FLORES-200 calls them. The first of those with one base is what the
# base alone means.
_FLORES: Mapping[str, str] = {
    "ar": "arb_Arab", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fr": "fra_Latn",
    "id": "ind_Latn", "it": "ita_Latn", "ja": "jpn_Jpan", "ko": "kor_Hang", "pt": "por_Latn",
    "th": "tha_Thai", "vi": "vie_Latn", "zh": "zho_Hans", "zh-Hant": "zho_Hant",
}  # fmt: skip
# MADLAD-400 has a mark of its own for traditional characters.
_MADLAD: Mapping[str, str] = {
    tag: tag for tag in ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "th", "vi", "zh")
} | {"zh-Hant": "zh_Hant"}  # fmt: skip
_M2M: Mapping[str, str] = {
    tag: tag for tag in ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "th", "vi", "zh")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    hub: HubModel
    licence: str
    commercial: bool
    codes: Mapping[str, str]  # BCP-47 -> the model's own name of a language; empty: one pair only
    # How good it can be expected to be (chrF / 100), to English, from English, and between others. Nobody has
    # measured it on drama: `tests/benchmarks/bench_translation.py` does where the weights are.
    quality: tuple[float, float, float]
    parameters_m: int  # millions
    pair: tuple[str, str] | None = None
    mark: str = ""  # what is put before a sentence to say its target; empty: the target's text is begun instead
    note: str = ""
    pairs: Mapping[tuple[str, str], float] = field(init=False)

    def __post_init__(self) -> None:
        to_english, from_english, between = self.quality
        pairs = {self.pair: to_english} if self.pair else {}
        for source in self.codes:
            for target in self.codes:
                if base(source) == base(target):
                    continue
                pairs[source, target] = (
                    to_english if target == "en" else from_english if source == "en" else between
                )
        object.__setattr__(self, "pairs", pairs)


_NLLB = {
    "600m": Model(
        HubModel(
            "facebook/nllb-200-distilled-600M",
            "f8d333a098d19b4fd9a8b18f94170487ad3f821d",
            {
                "config.json": "f9b4081d3d108e9d06532ea8d92b932c04ed3a15ff2f87e6982f8e14db51fbc5",
                "generation_config.json": None,
                "pytorch_model.bin": "c266c2cfd19758b6d09c1fc31ecdf1e485509035f6b51dfe84f1ada83eefcc42",
                "sentencepiece.bpe.model": "14bb8dfb35c0ffdea7bc01e56cea38b9e3d5efcdcb9c251d6b40538e1aab555a",
                "special_tokens_map.json": None,
                "tokenizer.json": "e316b82de11d0f951f370943b3c438311629547285129b0b81dadabd01bca665",
                "tokenizer_config.json": None,
            },
            2_490_000_000,
        ),
        licence="CC-BY-NC-4.0",
        commercial=False,
        codes=_FLORES,
        quality=(0.52, 0.50, 0.44),
        parameters_m=615,
    ),
    "3.3b": Model(
        HubModel(
            "facebook/nllb-200-3.3B",
            "1a07f7d195896b2114afcb79b7b57ab512e7b43e",
            dict.fromkeys(
                (
                    "config.json", "generation_config.json", "pytorch_model.bin.index.json",
                    "pytorch_model-00001-of-00003.bin", "pytorch_model-00002-of-00003.bin",
                    "pytorch_model-00003-of-00003.bin", "sentencepiece.bpe.model",
                    "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json",
                )
            ),
            17_600_000_000,
        ),
        licence="CC-BY-NC-4.0",
        commercial=False,
        codes=_FLORES,
        quality=(0.57, 0.54, 0.48),
        parameters_m=3345,
    ),
}  # fmt: skip
_M2M100 = {
    "418m": Model(
        HubModel(
            "facebook/m2m100_418M",
            "55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636",
            {
                "config.json": "df0ae43e4e4b0d7e3c97b7f447857a70ef6b6a2aa1f145cedbcc730d95f67134",
                "generation_config.json": "aed76366507333ddbb8bd49960f23c82fe6446b3319a46a54befdb45324ccf61",
                "pytorch_model.bin": "d907ea45e4e4b9db163382a6674f6218b3c59566fe06d77f4055c208b4e87ed1",
                "sentencepiece.bpe.model": "d8f7c76ed2a5e0822be39f0a4f95a55eb19c78f4593ce609e2edbc2aea4d380a",
                "special_tokens_map.json": "c1a4f86c3874d279ae1b2a05162858db5dd6c61665d84223ed886cbcff08fda6",
                "tokenizer_config.json": None,
                "vocab.json": None,
            },
            1_945_000_000,
        ),
        licence="MIT",
        commercial=True,
        codes=_M2M,
        quality=(0.46, 0.44, 0.38),
        parameters_m=484,
        note="The weakest of them, and the one that may be sold with.",
    ),
}
_MADLAD400 = {
    "3b": Model(
        HubModel(
            "google/madlad400-3b-mt",
            "fa184c675da0b5c9e1c8694fccd4e12e2d422094",
            {
                "config.json": "cad399cab799b99409a6ec2d90d72552257c2bb752861261d2016691e0643e7c",
                "generation_config.json": "0849b38987568ccfe4ebefc22bbda1cec4bee01c345e93bfab207d4692b0a1d5",
                "model.safetensors": "66ff5f8fcaf92291da486fdfbd4d5233cec90e1359348a56e3172c978b3a76d4",
                "special_tokens_map.json": "7f79f1d5063d56c4b980eec0692f3c7429bdef335071d34e566bd00fd4b5e3e0",
                "spiece.model": "ef11ac9a22c7503492f56d48dce53be20e339b63605983e9f27d2cd0e0f3922c",
                "tokenizer.json": "a2799ccc696b752ba00c34f58726bfe253a04921ceb6cfc620400f560474790b",
                "tokenizer_config.json": "641fc660745306dfb935f666a68f8bc10a44c39241cfb357be518fda8c09662d",
            },
            11_783_000_000,
        ),
        licence="Apache-2.0",
        commercial=True,
        codes=_MADLAD,
        # To English less than its paper has it: short lines are what it is bad at.
        quality=(0.50, 0.52, 0.44),
        parameters_m=2942,
        mark="<2{}> ",
        note="The best of them that may be sold with. It is known to make things up on very short lines.",
    ),
}
_OPUS = {
    "zh-en": Model(
        HubModel(
            "Helsinki-NLP/opus-mt-zh-en",
            "cf109095479db38d6df799875e34039d4938aaa6",
            dict.fromkeys(
                (
                    "config.json", "generation_config.json", "pytorch_model.bin", "source.spm",
                    "target.spm", "tokenizer_config.json", "vocab.json",
                )
            ),
            315_000_000,
        ),
        licence="CC-BY-4.0",
        commercial=True,
        codes={},
        quality=(0.51, 0.0, 0.0),
        parameters_m=78,
        pair=("zh", "en"),
    ),
}  # fmt: skip
FAMILIES: dict[str, dict[str, Model]] = {
    "nllb": _NLLB,
    "m2m100": _M2M100,
    "madlad": _MADLAD400,
    "opus-mt": _OPUS,
}
