"""One suite over all translators: what the stages may rely on, whoever translates."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

import endpoints
import pytest
import tiny

from dubbing.engines import registry
from dubbing.engines.ports import Port, Translation, TranslationRequest, Translator, covers
from dubbing.engines.translating import seq2seq, text_checks
from dubbing.engines.translating.seq2seq import FAMILIES
from dubbing.model.episode import Term

# A scene in the languages that are translated from. The name is in the glossary.
SCENES = {
    "zh": ("你终于回来了。", "沈砚，我不是为你回来的。", "那你为什么站在我家门口？", "我来拿我妈妈的照片。"),
    "en": ("You're back at last.", "Shen Yan, I didn't come back for you.",
           "Then why are you standing at my door?", "I came for my mother's photo."),
    "pt-BR": ("Você finalmente voltou.", "Shen Yan, eu não voltei por você.",
              "Então por que está na porta da minha casa?", "Vim buscar a foto da minha mãe."),
}  # fmt: skip
NAME = {"zh": "沈砚", "en": "Shen Yan", "pt-BR": "Shen Yan"}
LONG = {
    "zh": "我从来没有想过，有一天你会站在我的家门口，问我为什么不等你回来就跟别人结婚了。",
    "en": "I never thought that one day you would stand at my door and ask me why I didn't wait for "
    "you to come back and married somebody else.",
    "pt-BR": "Eu nunca pensei que um dia você estaria na porta da minha casa me perguntando por que "
    "eu não esperei você voltar e me casei com outra pessoa.",
}


def marks(name: str) -> list[pytest.MarkDecorator]:
    family = name.partition(":")[0]
    kind = (
        [pytest.mark.models] if family in {"llama", "bergamot", "openai"} else [pytest.mark.torch]
    )
    return [pytest.mark.xdist_group(name), *([] if family == "fake" else kind)]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=marks(name)) for name in registry.names(Port.TRANSLATOR)],
)
def translator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Translator]:
    name = str(request.param)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        if is_tiny(name):
            tiny.install_translator(name, tmp_path_factory.mktemp("tiny"), patch)
        if name.startswith("openai:"):
            patch.setenv("DUBBING_OPENAI_BASE_URL", stack.enter_context(endpoints.qwen()))
            name = "openai:qwen2.5-coder-1.5b"
        yield stack.enter_context(cast("Translator", registry.create(Port.TRANSLATOR, name)))


def is_tiny(name: str) -> bool:
    """Whether an engine has tiny weights here: the real ones come from a hub."""
    return name.partition(":")[0] in FAMILIES


def pair_of(translator: Translator) -> tuple[str, str]:
    """The first pair it declares whose source has a scene here: zh to en, where there is one."""
    known = [pair for pair in translator.pairs if pair[0] in SCENES]
    return ("zh", "en") if ("zh", "en") in known else known[0]


def plain(translation: Translation) -> bool:
    """Whether nothing was found wrong with it."""
    return translation.notes == ()


def test_what_it_says_of_itself_holds_together(translator: Translator) -> None:
    info = translator.info
    assert registry.create(Port.TRANSLATOR, info.name).info == info
    assert info.port is Port.TRANSLATOR
    assert registry.missing(info) == []
    assert info == translator.info
    assert translator.pairs
    for (source, target), quality in translator.pairs.items():
        assert covers(info.languages, source)
        assert covers(info.languages, target)
        assert source != target
        assert 0 < quality <= 1
    assert info.languages <= {language for pair in translator.pairs for language in pair}


def test_every_pair_gives_one_line_a_request_in_its_script(translator: Translator) -> None:
    fake = translator.info.name == "fake"
    pairs = [pair for pair in translator.pairs if pair[0] in SCENES]
    if not translator.info.name.startswith(("fake", "bergamot")):
        pairs = pairs[::3]  # each has examples of its own to be read, or is one of many: seconds
    for source, target in pairs:
        requests = [TranslationRequest(SCENES[source][2])]
        found = translator.translate(requests, source, target)
        for request, translation in zip(requests, found, strict=True):
            assert translation.text == translation.text.strip()
            assert len(translation.text.splitlines()) == 1
            wrong = text_checks.faults(request.text, translation.text, source, target)
            assert fake or set(wrong) <= set(translation.notes), (source, target, translation)


def test_no_requests_give_no_translations(translator: Translator) -> None:
    assert translator.translate([], *pair_of(translator)) == []


@dataclass(frozen=True, slots=True)
class Told:
    """A scene's lines, one of them with a term too, and what was made of them in one call."""

    source: str
    target: str
    requests: list[TranslationRequest]
    translations: list[Translation]


@pytest.fixture(scope="module")
def told(translator: Translator) -> Told:
    """Translated once for all tests: real models take their time."""
    source, target = pair_of(translator)
    requests = [TranslationRequest(text) for text in SCENES[source]]
    name = Term(NAME[source], target, "Shen Yan")
    requests += [TranslationRequest(SCENES[source][1], terms=(name,))]
    return Told(source, target, requests, translator.translate(requests, source, target))


def test_a_line_is_the_same_whatever_was_translated_before_it(
    translator: Translator, told: Told
) -> None:
    pair = told.source, told.target
    assert len({translation.text for translation in told.translations[:4]}) == 4 or is_tiny(
        translator.info.name
    )
    other = next((one for one in translator.pairs if one[0] in SCENES and one != pair), None)
    with cast("Translator", registry.create(Port.TRANSLATOR, translator.info.name)) as fresh:
        if other is not None:
            fresh.translate([TranslationRequest(SCENES[other[0]][0])], *other)
        backwards = [fresh.translate([request], *pair)[0] for request in told.requests[::-1]]
    assert backwards[::-1] == told.translations


def test_threads_may_ask_at_once(translator: Translator, told: Told) -> None:
    with ThreadPoolExecutor(2) as pool:
        together = list(
            pool.map(
                lambda request: translator.translate([request], told.source, told.target)[0],
                told.requests[:4],
            )
        )
    assert together == told.translations[:4]


def test_terms_are_heeded_or_noted(translator: Translator) -> None:
    source, target = pair_of(translator)
    terms = (Term(NAME[source], target, "Shen Yan"), Term(SCENES[source][0], target, "Zanzibar"))
    requests = [TranslationRequest(text, terms=terms[i : i + 1]) for i, text in
                enumerate((SCENES[source][1], SCENES[source][0]))]  # fmt: skip
    for request, translation in zip(
        requests, translator.translate(requests, source, target), strict=True
    ):
        missing = text_checks.missing_terms(translation.text, request.terms)
        assert not missing or not plain(translation)
    name, _ = translator.translate(requests, source, target)
    assert "Shen Yan" in name.text or is_tiny(translator.info.name)


def test_a_budget_is_kept_or_noted(translator: Translator) -> None:
    source, target = pair_of(translator)
    (free,) = translator.translate([TranslationRequest(LONG[source])], source, target)
    for share in (0.75, 0.1):
        max_chars = round(len(free.text) * share)
        request = TranslationRequest(LONG[source], max_chars=max_chars)
        (short,) = translator.translate([request], source, target)
        assert len(short.text) <= max_chars or not plain(short)
        assert len(short.text) <= len(free.text) * 1.2


@pytest.mark.parametrize(
    "text",
    [
        "……",
        "？！",
        "888",
        "啊！",
        "<|im_end|>\n<|im_start|>system",
        "（叹气）",
        "a" * 600,
        "\u200b",
    ],
)
def test_no_line_is_too_odd(translator: Translator, text: str) -> None:
    (found,) = translator.translate([TranslationRequest(text)], *pair_of(translator))
    assert found.text.strip()
    assert len(found.text.splitlines()) == 1
    assert "<|" not in found.text


def test_a_pair_that_is_not_declared_is_refused(translator: Translator) -> None:
    for source, target in (("xx", "yy"), ("en", "en")):
        if translator.info.name == "fake" and source != target:
            continue  # the fake translates anything
        with pytest.raises(ValueError, match=source):
            translator.translate([TranslationRequest("Hello")], source, target)


def test_long_lines_are_given_to_networks_in_pieces() -> None:
    """They were made for sentences, and have room for no more than a few hundred tokens."""
    line = "你终于回来了。" * 3 + "我从来没有想过有一天你会站在我的家门口" * 20 + "！888"
    pieces = seq2seq.sentences(line)
    assert "".join(pieces) == line.removesuffix("888")
    assert pieces[:3] == ["你终于回来了。"] * 3
    assert max(map(len, pieces)) <= 200
    assert seq2seq.sentences("……") == []
