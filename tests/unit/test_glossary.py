"""Terms in lines: found, put in, and names put right; and nothing else touched."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.translating import attempts, glossary, text_checks
from dubbing.engines.translating.attempts import Candidate
from dubbing.model.episode import Term

TERMS = (
    Term("沈砚", "en", "Shen Yan"),
    Term("林婉", "en", "Lin Wan"),
    Term("顾家", "en", "Gu family"),
    Term("顾家老宅", "en", "Gu mansion"),
    Term("阿杰", "en", "Jay"),
    Term("玉佩", "en", "jade pendant"),
)
OF = {term.source: term for term in TERMS}
SOUNDS = {"沈砚": "shen yan", "林婉": "lin wan", "阿杰": "a jie"}


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("沈砚和林婉签字了。", ["沈砚", "林婉"]),
        ("顾家老宅着火了！", ["顾家老宅"]),
        ("顾家的人在顾家老宅。", ["顾家", "顾家老宅"]),
        ("你好。", []),
    ],
)
def test_a_line_holds_the_longest_of_terms_that_overlap(text: str, sources: list[str]) -> None:
    assert [term.source for term in glossary.held(text, TERMS)] == sources


def test_a_term_of_a_sentence_is_found_whatever_its_capitals() -> None:
    terms = (Term("old master", "es", "viejo amo"),)
    assert glossary.held("Old Master is dying.", terms) == terms


@pytest.mark.parametrize(
    ("line", "terms", "expected"),
    [
        ("沈砚和林婉签字了。", TERMS, "Shen Yan和Lin Wan签字了。"),
        ("顾家的人在顾家老宅。", TERMS, "Gu family的人在Gu mansion。"),
        ("玉佩呢？你的玉佩呢？", TERMS, "Jade pendant呢？你的jade pendant呢？"),
        ("Old Master is dying. The old masters!", (Term("Old Master", "es", "viejo amo"),),
         "Viejo amo is dying. The old masters!"),
        ("I like it.", (Term("lik", "es", "x"),), "I like it."),
    ],
)  # fmt: skip
def test_terms_are_put_in_as_whole_words(line: str, terms: tuple[Term, ...], expected: str) -> None:
    assert glossary.put_in(line, terms) == expected


@pytest.mark.parametrize(
    ("text", "sources", "expected"),
    [
        ("Chen Yan, let's get a divorce.", ["沈砚"], "Shen Yan, let's get a divorce."),
        ("I never loved Yan Shen.", ["沈砚"], "I never loved Shen Yan."),
        ("ShenYan's here!", ["沈砚"], "Shen Yan's here!"),
        ("Shen Yan and Lin Wen signed.", ["沈砚", "林婉"], "Shen Yan and Lin Wan signed."),
        ("A Jie, drive.", ["阿杰"], "Jay, drive."),
        # Nothing is like it, or it is no name.
        ("Let's get a divorce.", ["沈砚"], "Let's get a divorce."),
        ("Then when can we go?", ["沈砚"], "Then when can we go?"),
        ("Give back the Jade Pendants.", ["玉佩"], "Give back the Jade Pendants."),
        ("Give back the jade piece.", ["玉佩"], "Give back the jade piece."),
        ("Lin Wan is here.", ["林婉", "沈砚"], "Lin Wan is here."),
    ],
)
def test_a_name_that_is_nearly_written_as_asked_is_put_right(
    text: str, sources: list[str], expected: str
) -> None:
    terms = [OF[source] for source in sources]
    assert glossary.mended(text, terms, lambda source: SOUNDS.get(source, "")) == expected


@given(st.text(alphabet="SYhenaLiW 'ō.,", max_size=30), st.sampled_from(TERMS))
def test_mending_never_loses_a_term_and_is_done_once(text: str, term: Term) -> None:
    once = glossary.mended(text, [term])
    assert glossary.mended(once, [term]) == once
    assert len(text_checks.missing_terms(once, [term])) <= len(
        text_checks.missing_terms(text, [term])
    )


@given(st.text(max_size=40))
def test_a_line_without_terms_is_left_alone(line: str) -> None:
    assert glossary.put_in(line, ()) == line
    assert glossary.mended(line, ()) == line
    assert glossary.held(line, ()) == ()


def test_a_word_inside_another_is_no_term() -> None:
    wan, cousin = Term("林婉", "en", "Lin Wan"), Term("表妹", "en", "cousin")
    assert text_checks.missing_terms("Lin Wanwan left.", [wan]) == [wan]
    assert text_checks.missing_terms("LIN WAN'S cousins", [wan, cousin]) == []
    assert text_checks.missing_terms("沈砚さん、来て", [Term("沈砚", "ja", "沈砚")]) == []


def test_a_line_is_asked_for_with_the_words_in_it_only_where_nothing_else_helped() -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def answering(*texts: str) -> str:
        answers = iter(texts)

        def ask(line: str, faults: tuple[str, ...]) -> Candidate:
            asked.append((line, faults))
            text = next(answers)
            return Candidate(text, (), text_checks.unmet_wishes(text, [OF["阿杰"]]))

        asked.clear()
        return attempts.best_of(ask, "阿杰，开车。", [OF["阿杰"]]).text

    assert answering("Jay, drive.") == "Jay, drive."
    assert len(asked) == 1
    assert answering("Drive.", "Jay, drive!") == "Jay, drive!"
    assert asked[1] == ("阿杰，开车。", ("阿杰 is not rendered as Jay",))
    assert answering("Drive.", "Go, drive.", "Jay, drive.") == "Jay, drive."
    assert asked[2] == ("Jay，开车。", ())
    assert answering("Drive.", "Go, drive.", "Go on, drive.") == "Drive."


@pytest.mark.parametrize(
    ("text", "said", "wanted", "language", "expected"),
    [
        ("Sr. Gu, a reunião vai começar.", "Sr. Gu", "senhor Gu", "pt-BR", "Senhor Gu, a reunião vai começar."),
        ("Obrigado, Sr. Gu.", "sr. gu", "senhor Gu", "pt-BR", "Obrigado, senhor Gu."),
        # An article, or what else agrees, would no longer do so; before the same noun it does.
        ("Fale ao Secretário Lin.", "Secretário Lin", "secretária Lin", "pt-BR", None),
        ("A pílula Ninefold salva.", "Pílula Ninefold", "Pílula das Nove Voltas", "pt-BR",
         "A Pílula das Nove Voltas salva."),
        ("C'est l'oncle.", "oncle", "tante", "fr", None),
        ("Das ist der Onkel.", "Onkel", "Tante", "de", None),
        ("He is a master.", "master", "elder", "en", None),
        ("The master is here.", "master", "elder", "en", "The elder is here."),
        # Whole words alone, and only what is there.
        ("The masters are here.", "master", "elder", "en", None),
        ("Nobody is here.", "master", "elder", "en", None),
        ("Nobody is here.", "", "elder", "en", None),
    ],
)  # fmt: skip
def test_one_rendering_gives_way_to_another_where_the_sentence_stays_one(
    text: str, said: str, wanted: str, language: str, expected: str | None
) -> None:
    assert glossary.exchanged(text, said, wanted, language) == expected


def test_who_stands_in_is_in_neither_the_line_nor_the_terms() -> None:
    terms = (Term("a", "pt-BR", "cunhada"), Term("b", "pt-BR", "tio"), Term("c", "pt-BR", "Kevin"))
    names = glossary.stand_ins("Karen and a b", terms)
    assert [names[term] for term in terms] == ["Helen", "Derek", "Brian"]
    assert glossary.stand_ins("Kevin Derek Brian b", terms[1:2]) == {}


class Network:
    """Says what it is told to lines it knows, and any other line as it is."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.heard: list[str] = []

    def say(self, lines: Sequence[str]) -> list[str]:
        self.heard += lines
        return [self.known.get(line, line) for line in lines]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"阿杰来了。": "Jay veio."}, "Jay veio."),
        ({"阿杰来了。": "O Jie veio.", "阿杰": "Zezé"}, "O Jie veio."),
        ({"阿杰来了。": "O Jie veio.", "阿杰": "Zezé", "Jay来了。": "O Jay veio."}, "O Jay veio."),
        ({"阿杰来了。": "Zezé veio.", "阿杰": "Zezé."}, "Jay veio."),
        ({"阿杰来了。": "Ele veio.", "Jay来了。": "Gaio veio.", "Kevin来了。": "Kevin veio."}, "Jay veio."),
        ({"阿杰来了。": "Ele veio.", "Jay来了。": "Gaio veio.", "Kevin来了。": "O Kevin veio."}, "Ele veio."),
    ],
)  # fmt: skip
def test_a_network_is_brought_to_a_term_in_the_way_that_spoils_least(
    known: dict[str, str], expected: str
) -> None:
    network = Network(**known)
    terms = [Term("阿杰", "pt-BR", "Jay")]
    assert attempts.with_terms(network.say, ["阿杰来了。"], [terms], "zh", "pt-BR") == [expected]


def test_lines_that_heed_their_terms_are_asked_for_once() -> None:
    network = Network()
    lines, terms = ["Jay", "no terms"], [[Term("Jay", "en", "Jay")], []]
    assert attempts.with_terms(network.say, lines, terms, "en", "en") == lines
    assert network.heard == lines


@pytest.mark.parametrize(
    ("said", "given"),
    [("顾承泽来了。", "顧承澤"), ("顧承澤來了。", "顾承泽"), ("她去了龍門。", "龙门")],
)
def test_a_term_is_found_in_either_script(said: str, given: str) -> None:
    assert glossary.held(said, [Term(given, "en", "X")]) == (Term(given, "en", "X"),)


@pytest.mark.parametrize(
    ("language", "tags", "chosen"),
    [
        ("es-419", ["es"], "es"),
        ("es-419", ["es", "es-419"], "es-419"),
        ("es-419", ["es-MX", "es-ES"], "es-MX"),
        ("es-419", ["es-ES"], None),
        ("pt-BR", ["pt-PT"], None),
        ("pt", ["pt-BR"], "pt-BR"),
        ("zh-TW", ["zh-Hant", "zh"], "zh-Hant"),
        ("en", ["fr", "en-GB"], "en-GB"),
        ("id", ["ms"], None),
    ],
)
def test_the_nearest_variety_of_a_language_gives_the_term(
    language: str, tags: list[str], chosen: str | None
) -> None:
    found = glossary.terms_for([Term("沈砚", tag, tag) for tag in tags], language)
    assert [term.language for term in found] == ([chosen] if chosen else [])
