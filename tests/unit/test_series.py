"""What is known of a whole series: names, what people translated before, and how markets say things."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.translating.chinese_names import short_forms, whole_words
from dubbing.errors import Rejected
from dubbing.formats.language_toml import all_languages
from dubbing.formats.market_toml import load_market
from dubbing.model.memory import alike, same
from dubbing.model.series import NameWriting, Place, Remembered
from dubbing.stages.names import names_in

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
LINES = (
    "沈砚秋，你终于回来了。", "砚秋，我等了你三年。", "顾承泽，你放开我！", "承泽不是那样的人。", "小沈，去把合同拿来。",
    "小心！", "老顾，别喝了。", "沈砚秋和顾承泽要结婚了。", "沈家的人都来了。",
)  # fmt: skip


def test_a_name_found_in_one_line_is_found_in_all_in_all_its_forms() -> None:
    names = names_in({Place(1 + i // 4, i): text for i, text in enumerate(LINES)})
    assert [(n.source, dict(n.forms), [p.line for p in n.places]) for n in names] == [
        ("沈砚秋", {"沈砚秋": "Shen Yanqiu", "小沈": "Xiao Shen", "砚秋": "Yanqiu"}, [0, 1, 4, 7]),
        ("顾承泽", {"顾承泽": "Gu Chengze", "承泽": "Chengze", "老顾": "Lao Gu"}, [2, 3, 6, 7]),
    ]


def test_a_form_that_could_be_two_peoples_is_nobodys() -> None:
    names = names_in(
        {Place(1, 1): "沈砚秋，你走。", Place(1, 2): "沈承泽，你留下。", Place(1, 3): "小沈呢？"}
    )
    assert {form for name in names for form in name.forms} == {"沈砚秋", "沈承泽"}


def test_words_are_no_short_forms() -> None:
    assert not {"小心", "可心"} & short_forms("沈可心").keys()
    assert short_forms("沈砚秋")["砚秋"] == "Yanqiu"


@pytest.mark.parametrize(
    ("text", "found"),
    [("总裁来了", {"总裁"}), ("副总裁来了", set()), ("我的手机呢？", {"手机"}), ("", set())],
)
def test_a_markets_word_is_a_whole_word(text: str, found: set[str]) -> None:
    assert whole_words(text, {"总裁", "手机", "红包"}) == found


MEMORY = [
    Remembered("你怎么来了？", "What are you doing here?", Place(1, 4)),
    Remembered("你怎么来了", "Why are you here?", Place(3, 1)),
    Remembered("好。", "Fine.", Place(1, 5)),
    Remembered("你怎么又来了？", "You again?", Place(2, 2)),
]


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        ("你怎么来了!", Place(2, 9), Place(1, 4)),
        ("你怎么来了？", Place(5, 1), Place(3, 1)),
        ("你怎么来了？", Place(1, 1), Place(1, 4)),
        ("好。", Place(5, 1), None),  # said in as many ways as there are scenes
        ("你来了。", Place(5, 1), None),
    ],
)
def test_the_same_line_is_said_as_it_was_last_said_before(
    text: str, at: Place, place: Place | None
) -> None:
    found = same(text, at, MEMORY)
    assert (found.place if found else None) == place


def test_lines_that_are_alike_are_shown_the_most_alike_first() -> None:
    assert [r.text for r in alike("你怎么来了？", MEMORY)] == ["You again?"]
    assert alike("你怎么又来了呢？", MEMORY)[0].place == Place(2, 2)


texts = st.text("你我他怎么来了，。？ ", max_size=8)
memories = st.lists(
    st.builds(Remembered, texts, texts, st.builds(Place, st.integers(1, 4), st.integers(1, 9)))
)


@given(texts, memories)
def test_nothing_is_remembered_that_nobody_wrote(text: str, memory: list[Remembered]) -> None:
    found = same(text, Place(2, 2), memory)
    assert found is None or found in memory
    similar = alike(text, memory)
    assert len(similar) <= 3
    assert all(one in memory for one in similar)
    assert found not in similar


@pytest.mark.parametrize("language", all_languages(CONFIGS / "languages"), ids=lambda one: one.tag)
def test_every_market_can_be_read(language: object) -> None:
    market = load_market(CONFIGS / "markets", language.tag)  # type: ignore[attr-defined]
    assert market.tag == language.tag  # type: ignore[attr-defined]
    pivot = load_market(CONFIGS / "markets", "en").terms["zh"]
    assert set(market.terms.get("zh", {})) <= set(
        pivot
    )  # or a word would pass through English untranslated


def test_the_nearest_market_serves_one_without_a_file(tmp_path: Path) -> None:
    assert load_market(CONFIGS / "markets", "es-MX").terms["zh"]["手机"] == "celular"
    assert load_market(CONFIGS / "markets", "es-ES").terms["zh"]["手机"] == "móvil"
    assert load_market(tmp_path, "en").names is NameWriting.TRANSLATOR
    (tmp_path / "en.toml").write_text('names = "pinyin"\nnoten = []\n')
    with pytest.raises(Rejected, match="noten"):
        load_market(tmp_path, "en")
