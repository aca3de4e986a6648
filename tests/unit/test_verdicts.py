"""What of all that was heard becomes lines, which of them are marked, and what is left out and named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.transcribing.tokens import Token
from dubbing.engines.transcribing.verdicts import (
    Heard,
    Verdict,
    compression,
    shortest_ms,
    verdict,
    verdicts,
)
from dubbing.model.review import Unscripted

LINE = Verdict()


def heard(text: str, *, sure: float = -0.2, no_speech: float = 0.0, language: str = "") -> Heard:
    tokens = (Token(text, 0.0, 1.0, 0.9),)
    return Heard(tokens, sure, no_speech, language, 0.9 if language else 0.0)


_CREDITS = [
    "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
    "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目",
    "谢谢观看",
    "字幕by索兰娅",
    "字幕由Amara.org社区提供",
    "我最喜欢李宗盛的歌",
    "今天的节目就到这里，感谢收看",
    "Thanks for watching!",
    "Subtitles by the Amara.org community",
]


@pytest.mark.parametrize("text", _CREDITS)
def test_credits_that_were_heard_with_confidence_are_lines(text: str) -> None:
    assert verdict(heard(text), 5000, "zh") == LINE


@pytest.mark.parametrize("text", _CREDITS)
def test_credits_without_confidence_are_left_out_and_named(text: str) -> None:
    assert verdict(heard(text, sure=-0.9), 5000, "zh").left_out is Unscripted.CREDIT
    silent = heard(text, sure=-0.5, no_speech=0.8)
    assert verdict(silent, 5000, "zh").left_out is Unscripted.CREDIT


@pytest.mark.parametrize("text", _CREDITS)
def test_credits_with_some_confidence_are_lines_to_listen_to(text: str) -> None:
    found = verdict(heard(text, sure=-0.5), 5000, "zh")
    assert found.left_out is None
    assert "made up" in found.doubt


@pytest.mark.parametrize("sure", [-1.05, -1.2, -1.39])
def test_what_is_heard_with_little_confidence_is_a_line_to_listen_to(sure: float) -> None:
    found = verdict(heard("你别走", sure=sure), 2800, "zh")
    assert found.left_out is None
    assert "unsure" in found.doubt


def test_words_of_music_are_left_out_and_named() -> None:
    assert verdict(heard("走吧", sure=-1.8), 3000, "zh").left_out is Unscripted.UNSURE
    assert (
        verdict(heard("走吧", sure=-1.1, no_speech=0.8), 3000, "zh").left_out is Unscripted.UNSURE
    )
    assert verdict(heard("走吧", sure=-0.3, no_speech=0.8), 3000, "zh") == LINE
    assert verdict(heard("走吧", sure=-0.6, no_speech=0.8), 3000, "zh").doubt
    assert verdict(heard(""), 3000, "zh").left_out is Unscripted.UNSURE


def test_nonsense_made_of_another_language_is_named_so() -> None:
    found = verdict(heard("接下来", sure=-1.6, language="en"), 3000, "zh")
    assert found.left_out is Unscripted.OTHER_LANGUAGE
    found = verdict(heard("接下来", sure=-1.6, language="zh"), 3000, "zh")
    assert found.left_out is Unscripted.UNSURE


def test_what_nobody_can_say_in_the_time_is_left_out_and_named() -> None:
    text = "我从来没有想过有一天会在这里遇见你"
    assert verdict(heard(text), 1000, "zh").left_out is Unscripted.TOO_FAST
    assert verdict(heard(text), 2500, "zh") == LINE


def test_what_is_hardly_possible_in_the_time_is_a_line_to_listen_to_if_it_was_heard_well() -> None:
    text = "我从来没有想过有一天会在这里遇见你"
    assert "more words" in verdict(heard(text), 1300, "zh").doubt
    assert verdict(heard(text, sure=-0.9), 1300, "zh").left_out is Unscripted.TOO_FAST


@pytest.mark.parametrize(
    ("text", "spoken_ms"),
    [
        ("Excuse me, I am the chief executive of this company.", 2940),
        ("Shut up and get out of my office right now.", 2330),
        ("我们的VIP客户都在会议室", 1500),
        ("这是第35,621.78号", 1200),
        ("ありがとうございました", 1000),
        ("정말 감사합니다", 900),
    ],
)
def test_each_script_has_a_speed_of_its_own(text: str, spoken_ms: int) -> None:
    assert verdict(heard(text), spoken_ms, "zh") == LINE


@given(st.text("我们走吧abc 123ありがとう감사", max_size=30), st.text("我们abc감12", max_size=30))
def test_a_text_takes_as_long_as_its_parts(first: str, second: str) -> None:
    assert shortest_ms(first + second) == pytest.approx(shortest_ms(first) + shortest_ms(second))


def test_a_loop_inside_a_stretch_is_left_out_and_named() -> None:
    loop = "我不知道" * 12
    assert compression(loop) > 2.4
    assert verdict(heard(loop), 12_000, "zh").left_out is Unscripted.REPEATED


def test_a_line_heard_three_times_running_without_confidence_is_a_loop_from_the_third_on() -> None:
    loop = verdicts([(heard("我们走吧", sure=-0.8), 2000)] * 4, "zh")
    assert [one.left_out for one in loop] == [None, None, *[Unscripted.REPEATED] * 2]
    doubtful = verdicts([(heard("我们走吧", sure=-0.6), 2000)] * 4, "zh")
    assert [bool(one.doubt) for one in doubtful] == [False, False, True, True]
    assert verdicts([(heard("放开我吧"), 2000)] * 4, "zh") == [LINE] * 4
    assert verdicts([(heard("好", sure=-0.8), 2000)] * 4, "zh") == [LINE] * 4


@given(
    st.text("我走a1 谢观看", max_size=12),
    st.floats(-3, 0),
    st.floats(0, 1),
    st.integers(1, 12_000),
    st.booleans(),
)
def test_more_confidence_never_leaves_out_what_less_keeps(
    text: str, sure: float, no_speech: float, spoken_ms: int, repeated: bool
) -> None:
    before = verdict(
        heard(text, sure=sure, no_speech=no_speech), spoken_ms, "zh", repeated=repeated
    )
    after = verdict(
        heard(text, sure=sure / 2, no_speech=no_speech), spoken_ms, "zh", repeated=repeated
    )
    assert before.left_out is not None or after.left_out is None
