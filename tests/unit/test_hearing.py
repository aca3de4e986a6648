"""What becomes of a Whisper's tokens: words, and no inventions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.transcribing.hearing import (
    Heard,
    Token,
    compression,
    is_invention,
    language_code,
    simplify,
    without_inventions,
    words_of,
)
from dubbing.engines.transcribing.stretches import Stretch
from dubbing.errors import Rejected
from dubbing.model.time import Span

_PARTS = (Span(1000, 1800), Span(2200, 3000), Span(3300, 4000))
_STRETCH = Stretch((Span(1000, 4000),), Span(900, 4100))


def tokens(*texts: str, step_s: float = 0.3) -> list[Token]:
    return [Token(t, i * step_s, (i + 1) * step_s, 0.9) for i, t in enumerate(texts)]


def heard(text: str, *, log_probability: float = -0.2, no_speech: float = 0.0) -> Heard:
    return Heard(tuple(tokens(text)), log_probability, no_speech)


def test_chinese_is_one_word_a_character_simplified_with_its_marks() -> None:
    words = words_of(tokens("我們", "什麼", "時候", "走", "?"), _STRETCH, "zh")
    assert [w.text for w in words] == ["我", "们", "什", "么", "时", "候", "走？"]


def test_letters_and_digits_in_a_row_stay_one_word() -> None:
    words = words_of(tokens("用", " Open", "AI", " GP", "T", "的", "7", "点"), _STRETCH, "zh")
    assert [w.text for w in words] == ["用", "OpenAI", " GPT", "的", "7", "点"]


def test_words_of_spaced_languages_take_their_marks() -> None:
    words = words_of(tokens(" It", " does", "n", "'t", " matter", ",", " Bob", "!"), _STRETCH, "en")
    assert [w.text for w in words] == ["It", "doesn't", "matter,", "Bob!"]


def test_opening_marks_go_with_the_word_after_them() -> None:
    words = words_of(tokens("他", "说", "“", "走", "”"), _STRETCH, "zh")
    assert [w.text for w in words] == ["他", "说", "“走”"]


def test_the_first_and_last_word_reach_the_edges_of_the_speech() -> None:
    words = words_of([Token("你", 0.2, 0.5, 0.9), Token("好", 2.0, 2.6, 0.9)], _STRETCH, "zh")
    assert words[0].span.start_ms == 1000
    assert words[-1].span.end_ms == 4000


def test_a_word_far_from_the_edge_stays_where_it_was_heard() -> None:
    words = words_of([Token("你", 1.2, 1.5, 0.9)], _STRETCH, "zh")
    assert words[0].span == Span(2100, 2400)


def test_words_around_a_pause_lie_in_the_speech_on_their_side_of_it() -> None:
    parts = (Span(1000, 1800), Span(2200, 3000))
    early = [Token("你", 0.0, 0.4, 0.9), Token("好", 0.4, 1.2, 0.9), Token("吗", 1.2, 1.9, 0.9)]
    words = words_of(early, Stretch(parts, Span(1000, 3000)), "zh")
    assert [w.span for w in words] == [Span(1000, 1400), Span(1400, 1800), Span(2200, 3000)]


@given(
    st.lists(
        st.tuples(
            st.text("你好我們 ab7,。“”", max_size=4),
            st.floats(-2, 6),
            st.floats(-2, 6),
            st.floats(0, 1),
        ),
        max_size=12,
    ),
    st.sampled_from(["zh", "ja", "en"]),
)
def test_words_are_always_in_order_and_inside_the_speech(
    raw: list[tuple[str, float, float, float]], language: str
) -> None:
    words = words_of([Token(*one) for one in raw], Stretch(_PARTS, Span(900, 4100)), language)
    edge_ms = 0
    for word in words:
        assert edge_ms <= word.span.start_ms <= word.span.end_ms
        assert any(part.join(word.span) == part for part in _PARTS)
        edge_ms = word.span.end_ms
        assert any(character.isalnum() for character in word.text)


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目",
        "谢谢观看",
        "字幕by索兰娅",
        "字幕由Amara.org社区提供",
        "Thanks for watching!",
        "Subtitles by the Amara.org community",
    ],
)
def test_credits_are_inventions(text: str) -> None:
    assert is_invention(heard(text), 5000, "zh")


@pytest.mark.parametrize(
    "text",
    [
        "谢谢你",
        "你给我看看",
        "别再给他点赞了",
        "谢谢大家来参加我的婚礼",
        "Thank you for coming.",
        "字幕组的人都走了吗",
    ],
)
def test_dialogue_that_resembles_credits_is_kept(text: str) -> None:
    assert not is_invention(heard(text), 5000, "zh")


def test_what_nobody_can_say_in_the_time_is_an_invention() -> None:
    text = "我从来没有想过有一天会在这里遇见你"
    assert is_invention(heard(text), 1000, "zh")
    assert not is_invention(heard(text), 2500, "zh")


def test_doubt_is_an_invention_and_a_sure_word_on_doubtful_speech_is_not() -> None:
    assert is_invention(heard("走吧", log_probability=-1.2), 3000, "zh")
    assert is_invention(heard("走吧", log_probability=-0.7, no_speech=0.8), 3000, "zh")
    assert not is_invention(heard("走吧", log_probability=-0.3, no_speech=0.8), 3000, "zh")


def test_a_loop_inside_a_stretch_is_an_invention() -> None:
    loop = "我不知道" * 12
    assert compression(loop) > 2.4
    assert is_invention(heard(loop), 12_000, "zh")


def test_a_line_heard_three_times_running_is_kept_twice() -> None:
    spans = [Span(i * 3000, i * 3000 + 2000) for i in range(4)]
    stretches = [Stretch((span,), span) for span in spans]
    unsure = heard("我们走吧", log_probability=-0.6)
    kept = without_inventions([(stretch, unsure) for stretch in stretches], "zh")
    assert [stretch for stretch, _ in kept] == stretches[:2]
    sure = without_inventions([(stretch, heard("放开我吧")) for stretch in stretches], "zh")
    assert len(sure) == 4
    short = without_inventions(
        [(stretch, heard("好", log_probability=-0.6)) for stretch in stretches], "zh"
    )
    assert len(short) == 4


def test_the_particle_is_simplified_and_the_noun_left() -> None:
    assert simplify("我不是故意瞞著你的，她看著我") == "我不是故意瞒着你的，她看着我"
    assert simplify("原著、名著和著名的著作") == "原著、名著和著名的著作"


def test_languages_are_known_by_their_base_tag() -> None:
    assert language_code("zh-Hans") == "zh"
    assert language_code("es-419") == "es"
    with pytest.raises(Rejected, match="xx"):
        language_code("xx")
