"""Words and turns become lines that one speaker says in one breath."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import Rejected
from dubbing.formats.chinese_words import inside_words
from dubbing.model.job import LineCorrection
from dubbing.model.review import SpeechWithoutLine, Unscripted
from dubbing.model.speech import Turn, Word
from dubbing.model.time import Span
from dubbing.stages.script import correct, no_lines, utterances_of


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
    # 好好 is a word: it is not cut.
    assert all(u.span.duration_ms <= 6000 or len(u.words) <= 4 for u in found)


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


@pytest.mark.parametrize(
    "text",
    [
        "大家都知道我们的节目周一到周五每天早晨七点半到九点半准时开播",
        "我今天就是掉了脑袋也要把这件事情从头到尾给你们说个清清楚楚",
        "因为这都是直播间里面最真实的状态所以请大家千万不要嫌弃我们",
        "公司去年一共赚了三万五千六百二十一块八毛七分钱全部给了他们",
    ],
)
def test_a_long_line_is_never_cut_inside_a_word_or_a_number(text: str) -> None:
    inside = inside_words(text)
    for step_ms in (220, 260, 310):
        found = utterances_of(words(text, step_ms=step_ms), [turn("s1", 0, 20_000)], "zh")
        assert "".join(u.text for u in found) == text
        cuts = set(accumulate(len(u.text) for u in found)) - {len(text)}
        assert cuts
        assert not cuts & inside


def test_numbers_that_are_one_word_stay_whole() -> None:
    said = words("大家都知道今天我们这里的东西全部都打")
    at_ms = said[-1].span.end_ms
    said += [Word("9.5", Span(at_ms, at_ms + 600), 0.9), *words("折优惠只有今天一天", at_ms + 600)]
    found = utterances_of(said, [turn("s1", 0, 20_000)], "zh")
    assert sum("9.5" in u.text for u in found) == 1


@pytest.mark.parametrize("cut_ms", [1400, 1500, 1550])
def test_nobody_takes_over_inside_a_word(cut_ms: int) -> None:
    """每天早|晨七点半: whoever says most of 早晨 says all of it."""
    said = words("我们每天早上来直播间", step_ms=200)
    found = utterances_of(said, [turn("s1", 0, cut_ms), turn("s2", cut_ms, 2000)], "zh")
    cuts = set(accumulate(len(u.text) for u in found))
    assert len(found) == 2
    assert not cuts & inside_words("我们每天早上来直播间")


def test_another_language_is_a_line_of_its_own_with_its_spaces() -> None:
    english = [
        Word(" Shut", Span(600, 800), 0.9, "en"),
        Word(" up!", Span(800, 1000), 0.9, "en"),
    ]
    said = [*words("你来了"), *english, *words("走吧", 1000)]
    found = utterances_of(said, [turn("s1", 0, 2000)], "zh")
    assert [(u.text, u.language) for u in found] == [
        ("你来了", ""),
        ("Shut up!", "en"),
        ("走吧", ""),
    ]


def test_chinese_among_english_is_written_without_spaces() -> None:
    said = [
        Word("Go", Span(0, 300), 0.9),
        Word("away.", Span(300, 600), 0.9),
        *(Word(c, Span(800 + i * 200, 1000 + i * 200), 0.9, "zh") for i, c in enumerate("你走吧")),
    ]
    found = utterances_of(said, [turn("s1", 0, 2000)], "en")
    assert [u.text for u in found] == ["Go away.", "你走吧"]


def test_what_cannot_be_understood_is_said_when_nothing_is_left() -> None:
    unscripted = (SpeechWithoutLine(Span(1200, 3000), Unscripted.OTHER_LANGUAGE, "接下来"),)
    refused = no_lines("ep01", "zh", unscripted)
    assert "1.2 s (another language)" in str(refused)
    assert "no speech" in str(no_lines("ep01", "zh", ()))


@pytest.mark.parametrize(
    ("source", "language"), [("Shut up, now!", "en"), ("Be quiet!", "en"), ("闭嘴！", "")]
)
def test_a_line_in_another_language_stays_so_unless_a_person_writes_another(
    source: str, language: str
) -> None:
    english = [Word(" Shut", Span(0, 300), 0.9, "en"), Word(" up!", Span(300, 600), 0.9, "en")]
    found = utterances_of(english, [turn("s1", 0, 600)], "zh")
    (corrected,) = correct(found, [LineCorrection(1, 1, source=source)], "ep01")
    assert (corrected.text, corrected.language) == (source, language)
