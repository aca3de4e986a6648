"""Where words and numbers of Chinese writing end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.formats.chinese_words import inside_words, words


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("周一到周五每天早晨七点半到九点半", "早晨"),
        ("你今天是掉了脑袋也要来", "脑袋"),
        ("因为这都是直播间最真实的状态", "直播间"),
        ("一共三万五千六百二十一块", "三万五千六百二十一"),
        ("打九点五折", "九点五"),
        ("涨了百分之八十", "百分之八十"),
        ("他第十二个来", "第十二"),
        ("总共9.5万", "9.5万"),
    ],
)
def test_words_and_numbers_are_whole(text: str, whole: str) -> None:
    start = text.index(whole)
    assert set(range(start + 1, start + len(whole))) <= inside_words(text)


@pytest.mark.parametrize("text", ["我不相信你说的话", "你来了我来了", "走吧"])
def test_a_text_may_be_cut_between_its_words(text: str) -> None:
    assert len(words(text)) > 1


@given(st.text("我们早晨直播间九点半十三万8.,abc 脑袋", max_size=20))
def test_words_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text
    assert inside_words(text) <= set(range(1, len(text)))
