"""Words and turns become lines that one speaker says in one breath."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import Rejected
from dubbing.model.job import LineCorrection
from dubbing.model.speech import Turn, Word
from dubbing.model.time import Span
from dubbing.stages.script import correct, utterances_of


def words(text: str, start_ms: int = 0, step_ms: int = 200) -> list[Word]:
    return [
        Word(c, Span(start_ms + i * step_ms, start_ms + (i + 1) * step_ms), 0.9)
        for i, c in enumerate(text)
    ]


def turn(speaker: str, start_ms: int, end_ms: int) -> Turn:
    return Turn(speaker, Span(start_ms, end_ms))


def test_a_change_of_speaker_ends_a_line() -> None:
    said = words("你来了我来了")
    found = utterances_of(said, [turn("s1", 0, 600), turn("s2", 600, 1200)], "zh")
    assert [(u.number, u.speaker, u.text) for u in found] == [
        (1, "s1", "你来了"),
        (2, "s2", "我来了"),
    ]
    assert found[1].span == Span(600, 1200)


def test_a_pause_ends_a_line_and_a_breath_does_not() -> None:
    said = [*words("你来了", 0), *words("我走", 700), *words("再见", 1900)]
    found = utterances_of(said, [turn("s1", 0, 3000)], "zh")
    assert [u.text for u in found] == ["你来了我走", "再见"]


def test_a_slip_of_the_diarizer_inside_a_word_is_mended() -> None:
    found = utterances_of(
        words("我们回家吧"), [turn("s1", 0, 400), turn("s2", 400, 600), turn("s1", 600, 1000)], "zh"
    )
    assert [(u.speaker, u.text) for u in found] == [("s1", "我们回家吧")]


def test_words_of_spaced_languages_are_joined_with_spaces() -> None:
    said = [Word("Come", Span(0, 300), 0.9), Word("back.", Span(300, 600), 0.9)]
    assert utterances_of(said, [turn("s1", 0, 600)], "en")[0].text == "Come back."


def test_a_long_line_is_split_at_its_sentence_end() -> None:
    said = words("我等了你整整三年啊从来没有忘记。" + "你为什么现在才回来找我呢我不明白", 0)
    found = utterances_of(said, [turn("s1", 0, 10_000)], "zh")
    assert [u.text[-1] for u in found] == ["。", "白"]


def test_nobody_speaks_where_the_diarizer_hears_nobody() -> None:
    assert utterances_of(words("谢谢观看"), [], "zh") == ()


@given(
    st.lists(st.tuples(st.integers(50, 400), st.integers(0, 900), st.booleans()), max_size=40),
    st.lists(st.tuples(st.sampled_from(["s1", "s2", "s3"]), st.integers(100, 3000)), min_size=1),
)
def test_no_word_is_lost_and_lines_are_in_order(timing, speakers) -> None:
    said, at_ms = [], 0
    for length_ms, gap_ms, ends in timing:
        said.append(Word("好。" if ends else "好", Span(at_ms, at_ms + length_ms), 0.9))
        at_ms += length_ms + gap_ms
    turns, at_ms = [], 0
    for speaker, length_ms in speakers:
        turns.append(turn(speaker, at_ms, at_ms + length_ms))
        at_ms += length_ms
    found = utterances_of(said, turns, "zh")
    assert [word for u in found for word in u.words] == said
    assert [u.number for u in found] == list(range(1, len(found) + 1))
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(found))
    assert all(u.span.duration_ms <= 6000 or len(u.words) == 1 for u in found)


def test_a_person_has_the_last_word() -> None:
    found = utterances_of(words("你来了我来了"), [turn("s1", 0, 600), turn("s2", 600, 1200)], "zh")
    corrected = correct(
        found,
        [LineCorrection(1, 1, source="你走了"), LineCorrection(1, 2, speaker="s1")],
        "ep01",
    )
    assert [(u.number, u.text, u.speaker) for u in corrected] == [
        (1, "你走了", "s1"),
        (2, "我来了", "s1"),
    ]
    assert corrected[0].words == ()
    assert corrected[0].confidence == 1.0


def test_an_empty_correction_takes_the_line_out_and_renumbers_nothing() -> None:
    found = utterances_of(words("你来了我来了"), [turn("s1", 0, 600), turn("s2", 600, 1200)], "zh")
    assert [u.number for u in correct(found, [LineCorrection(1, 1, source="")], "ep01")] == [2]


@pytest.mark.parametrize(
    "correction", [LineCorrection(1, 9, source="x"), LineCorrection(1, 1, speaker="s7")]
)
def test_a_correction_of_what_is_not_there_is_refused(correction: LineCorrection) -> None:
    found = utterances_of(words("你来了"), [turn("s1", 0, 600)], "zh")
    with pytest.raises(Rejected, match="line"):
        correct(found, [correction], "ep01")
