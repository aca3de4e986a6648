"""Routes are the best there are by what engines declare; along them each hop gets what is its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.ports import Scene, Translation, TranslationRequest
from dubbing.engines.translating.routes import Hop, best_route, declared, translate_along
from dubbing.engines.translating.text_checks import unmet_wishes
from dubbing.model.episode import Term
from dubbing.model.language import base

LANGUAGES = ("zh", "en", "es", "pt", "pt-BR", "th")
TAGS = ("zh", "zh-Hans", "en", "en-GB", "es", "es-419", "es-ES", "pt", "pt-BR", "pt-PT", "th", "xx")

qualities = st.dictionaries(
    st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES)).filter(
        lambda pair: base(pair[0]) != base(pair[1])
    ),
    st.sampled_from([0.3, 0.5, 0.52, 0.7]),
    max_size=12,
)
translators = st.dictionaries(st.sampled_from(["a", "b", "c"]), qualities, max_size=3)


@given(translators, st.sampled_from(TAGS), st.sampled_from(TAGS))
def test_a_route_leads_from_the_source_to_the_target_by_declared_pairs(
    engines: Mapping[str, Mapping[tuple[str, str], float]], source: str, target: str
) -> None:
    route = best_route(engines, source, target)
    assert route == best_route(dict(engines.items()), source, target)
    if route is None:
        assert base(source) == base(target) or not any(
            declared(pairs, source, target) is not None for pairs in engines.values()
        )
        return
    assert 1 <= len(route) <= 2
    assert (route[0].source, route[-1].target) == (source, target)
    assert all(hop.target == after.source for hop, after in itertools.pairwise(route))
    for hop in route:
        assert declared(engines[hop.engine], hop.source, hop.target) is not None


@given(translators, st.sampled_from(TAGS), st.sampled_from(TAGS))
def test_another_engine_never_takes_a_route_away(
    engines: Mapping[str, Mapping[tuple[str, str], float]], source: str, target: str
) -> None:
    if best_route(engines, source, target) is not None:
        more = {**engines, "z": {("en", "th"): 0.1}}
        assert best_route(more, source, target) is not None


def test_a_variety_is_served_by_its_own_pair_or_by_that_of_its_base_language() -> None:
    pairs = {("zh", "es"): 0.5, ("zh", "pt-BR"): 0.6, ("en", "pt"): 0.4}
    assert declared(pairs, "zh-Hans", "es-419") == 0.5
    assert declared(pairs, "zh", "pt-BR") == 0.6
    assert declared(pairs, "zh", "pt-PT") is None
    assert declared(pairs, "zh", "pt") is None
    assert declared(pairs, "en", "pt-PT") == 0.4


def test_a_specialist_is_worth_a_pivot_and_a_generalist_is_not() -> None:
    llm = {("zh", "en"): 0.5, ("zh", "pt"): 0.4, ("zh", "es"): 0.4, ("en", "pt"): 0.5,
           ("en", "es"): 0.5}  # fmt: skip
    specialist = {("en", "pt-BR"): 0.7, ("pt-BR", "en"): 0.7}
    engines = {"llm": llm, "specialist": specialist}
    assert best_route(engines, "zh", "pt-BR") == (
        Hop("llm", "zh", "en"),
        Hop("specialist", "en", "pt-BR"),
    )
    assert best_route(engines, "zh", "es-419") == (Hop("llm", "zh", "es-419"),)
    assert best_route({"llm": llm}, "zh", "pt-BR") == (Hop("llm", "zh", "pt-BR"),)
    assert best_route(engines, "zh", "th") is None
    assert best_route(engines, "zh", "zh-Hant") is None


def test_of_equals_the_first_engine_and_the_shorter_route_win() -> None:
    pairs = {("zh", "en"): 0.5}
    assert best_route({"b": pairs, "a": pairs}, "zh", "en") == (Hop("b", "zh", "en"),)


@dataclass
class Talker:
    """Says what it was told: `en(line)[terms]`. One that can shorten cuts the line to the budget."""

    shortens: bool = False
    asked: list[TranslationRequest] = field(default_factory=list)

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        self.asked += requests
        return [self._one(request, target) for request in requests]

    def _one(self, request: TranslationRequest, target: str) -> Translation:
        text = f"{base(target)}({request.text})"
        for term in request.terms:
            text = text.replace(term.source, term.target)
        if self.shortens and request.max_chars is not None:
            text = text[: request.max_chars]
        return Translation(text, unmet_wishes(text, request.terms, request.max_chars))


@dataclass
class Both:
    engines: Mapping[str, Talker]

    @contextmanager
    def translator(self, name: str) -> Iterator[Talker]:
        yield self.engines[name]


PIVOTED = (Hop("first", "zh", "en"), Hop("last", "en", "pt-BR"))


@pytest.fixture
def both() -> Both:
    return Both({"first": Talker(shortens=True), "last": Talker()})


def test_each_hop_has_the_terms_of_its_own_target(both: Both) -> None:
    terms = (
        Term("大小姐", "en", "heiress"),
        Term("大小姐", "pt-BR", "herdeira"),
        Term("大小姐", "es-419", "heredera"),
        Term("小雪", "pt-BR", "Xiaoxue"),
    )
    (found,) = translate_along(both, PIVOTED, [TranslationRequest("小雪是大小姐", terms=terms)])
    assert {(t.source, t.target) for t in both.engines["first"].asked[0].terms} == {
        ("大小姐", "heiress"),
        ("小雪", "Xiaoxue"),
    }
    assert {(t.source, t.target) for t in both.engines["last"].asked[0].terms} == {
        ("heiress", "herdeira"),
        ("Xiaoxue", "Xiaoxue"),
    }
    assert found == Translation("pt(en(Xiaoxue是herdeira))")


def test_a_direct_hop_has_the_terms_of_its_variety_before_those_of_the_language(both: Both) -> None:
    terms = (Term("大小姐", "es-419", "heredera"), Term("大小姐", "es", "señorita"))
    request = TranslationRequest("大小姐", terms=terms)
    (found,) = translate_along(both, (Hop("first", "zh", "es-419"),), [request])
    assert found.text == "es(heredera)"
    (found,) = translate_along(both, (Hop("first", "zh", "es-ES"),), [request])
    assert found.text == "es(señorita)"


def test_the_pivot_is_shortened_where_the_last_hop_can_not(both: Both) -> None:
    requests = [
        TranslationRequest("一二三四五六七八九十" * 3, max_chars=30),
        TranslationRequest("一二三", max_chars=30),
    ]
    long, short = translate_along(both, PIVOTED, requests)
    assert short == Translation("pt(en(一二三))")
    assert len(long.text) <= 30
    assert long.notes == ()
    assert [request.max_chars for request in both.engines["first"].asked] == [None, None, 26]


def test_what_can_not_be_shortened_is_noted_once() -> None:
    stubborn = Both({"first": Talker(), "last": Talker()})
    request = TranslationRequest("一二三四五六七八九十", max_chars=5, scene=Scene(before=("零",)))
    (found,) = translate_along(stubborn, PIVOTED, [request])
    assert found == Translation("pt(en(一二三四五六七八九十))", ("over 5 characters",))
    assert [r.scene.before for r in stubborn.engines["first"].asked] == [("零",), ("零",)]
    assert [r.scene.before for r in stubborn.engines["last"].asked] == [(), ()]


@given(st.lists(st.text(alphabet="一二三四五", min_size=1, max_size=9), max_size=6))
def test_there_is_one_translation_a_request_in_order(texts: list[str]) -> None:
    engines = Both({"first": Talker(shortens=True), "last": Talker()})
    requests = [TranslationRequest(text, max_chars=10) for text in texts]
    found = translate_along(engines, PIVOTED, requests)
    assert len(found) == len(texts)
    for text, translation in zip(texts, found, strict=True):
        assert translation.text.startswith("pt(en(" + text[:1])
