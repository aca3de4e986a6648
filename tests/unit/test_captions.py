"""Cues keep the rules of their language, follow the speech, and lose no word."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.formats.language_toml import all_languages, load_language
from dubbing.formats.subtitle_text import clean, columns
from dubbing.model.cue import Cue, CueTrack
from dubbing.model.language import Language
from dubbing.model.speech import Line, Utterance, Word
from dubbing.model.time import Span
from dubbing.subtitles.check import Rule, check, start_errors_ms
from dubbing.subtitles.cues import build_cues, reading_budget_chars

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "languages"
LANGUAGES = {language.tag: language for language in all_languages(CONFIGS)}
RATES = st.sampled_from(
    [
        Fraction(24000, 1001),
        Fraction(24),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(30),
        Fraction(60),
    ]
)
# Words of every length, none of which is bound to another, in scripts of every kind.
WORDS = {
    "en": ["yes", "mother", "listen,", "hospital.", "understand?", "tonight", "well…", "Chen!"],
    "es": ["vale", "corazón,", "mentira.", "¿verdad?", "hospital", "mañana", "ahora"],
    "ar": ["نعم", "المستشفى", "أمي،", "الحقيقة.", "لماذا؟", "الليلة"],
    "vi": ["Vâng", "bệnh", "viện.", "mẹ,", "hiểu", "chưa?"],
    "ko": ["네", "병원에", "갔어요.", "어머니,", "정말?", "오늘밤"],
    "zh": ["好", "医院，", "妈妈。", "知道", "真的？", "回家"],
    "ja": ["はい", "病院、", "母。", "知って", "本当？", "帰る"],
    "th": ["ค่ะ", "โรงพยาบาล ", "แม่ ", "รู้", "จริงหรือ ", "กลับบ้าน"],
}


def line(number: int, speaker: str, start_ms: int, end_ms: int, text: str) -> Line:
    return Line(number, speaker, Span(start_ms, end_ms), "", text, ())


def build(
    texts: list[Line],
    language: Language,
    rate: Fraction = Fraction(25),
    *,
    vertical: bool = True,
    duration_ms: int | None = None,
    **more: object,
) -> CueTrack:
    end_ms = max((text.span.end_ms for text in texts), default=0) + 3000
    return build_cues(
        texts,
        language,
        rate,
        vertical=vertical,
        duration_ms=duration_ms or end_ms,
        **more,  # type: ignore[arg-type]
    )


def letters(text: str, dropped: str = "") -> Counter[str]:
    return Counter(c for c in clean(text) if not c.isspace() and c not in dropped + "-")


@st.composite
def scenes(draw: st.DrawFn, *, easy: bool) -> tuple[list[Line], str, int]:
    """Lines of two speakers. Easy ones leave each other the time that reading takes; others overlap,
    crowd, run on past the end of the picture, and have words that fit no line."""
    tag = draw(st.sampled_from(sorted(WORDS)))
    language, glue = LANGUAGES[tag], " " if LANGUAGES[tag].cues.spaces else ""
    words = st.sampled_from(WORDS[tag])
    if not easy:
        words |= st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
    texts, at_ms = [], draw(st.integers(0, 3000))
    for number in range(1, draw(st.integers(1, 6)) + 1):
        text = glue.join(draw(st.lists(words, min_size=1, max_size=25)))
        if easy:
            # Twice the reading time: the parts of a text are not all said at one speed.
            needed_ms = round(columns(text) * 2000 / language.cues.reading_speed_cps) + 2500
            spoken_ms = draw(st.integers(needed_ms * 3 // 4, needed_ms))
        else:
            needed_ms, spoken_ms = draw(st.integers(0, 4000)), draw(st.integers(0, 20_000))
        speaker = draw(st.sampled_from(["s1", "s2"]))
        texts.append(line(number, speaker, at_ms, at_ms + spoken_ms, text))
        at_ms += needed_ms + draw(st.integers(500, 3000) if easy else st.integers(-100, 1000))
        at_ms = max(0, at_ms)
    end_ms = max(text.span.end_ms for text in texts)
    return texts, tag, end_ms + 3000 if easy else draw(st.integers(100, end_ms + 2000))


@given(scenes(easy=True), RATES, st.booleans())
def test_every_rule_is_kept_where_time_allows(
    scene: tuple[list[Line], str, int], rate: Fraction, vertical: bool
) -> None:
    texts, tag, duration_ms = scene
    language = LANGUAGES[tag]
    track = build(texts, language, rate, vertical=vertical, duration_ms=duration_ms)
    assert check(track, language.cues, rate, vertical=vertical, duration_ms=duration_ms) == []
    frame_ms = float(1000 / rate)
    assert all(abs(error) <= 2 * frame_ms for error in start_errors_ms(track, texts))
    assert len(start_errors_ms(track, texts)) == len(texts)


@given(scenes(easy=False), RATES, st.booleans())
def test_whatever_is_said_no_word_is_lost_and_no_two_cues_meet(
    scene: tuple[list[Line], str, int], rate: Fraction, vertical: bool
) -> None:
    texts, tag, duration_ms = scene
    language = LANGUAGES[tag]
    track = build(texts, language, rate, vertical=vertical, duration_ms=duration_ms)
    dropped = language.cues.dropped_at_line_end
    said = sum((letters(text.text, dropped) for text in texts), Counter())
    shown = sum((letters(cue.text, dropped) for cue in track.cues), Counter())
    assert shown == said
    assert {number for cue in track.cues for number in cue.utterances} == {
        text.number for text in texts if clean(text.text)
    }
    broken = {
        violation.rule
        for violation in check(
            track, language.cues, rate, vertical=vertical, duration_ms=duration_ms
        )
    }
    assert not broken & {
        Rule.EMPTY,
        Rule.MARKUP,
        Rule.ORDER,
        Rule.GAP,
        Rule.LONGEST,
        Rule.LINE_LENGTH,
    }
    for cue in track.cues:
        assert cue.span.duration_ms > 0
    if duration_ms >= max(text.span.end_ms for text in texts):
        assert Rule.END not in broken


@given(scenes(easy=False), RATES)
def test_the_same_scene_gives_the_same_cues(
    scene: tuple[list[Line], str, int], rate: Fraction
) -> None:
    texts, tag, duration_ms = scene
    language = LANGUAGES[tag]
    tracks = {
        build(order, language, rate, duration_ms=duration_ms)
        for order in (texts, texts[::-1], [replace(text) for text in texts])
    }
    assert len(tracks) == 1


@given(scenes(easy=True))
def test_words_of_spaced_scripts_stay_whole(scene: tuple[list[Line], str, int]) -> None:
    texts, tag, duration_ms = scene
    language = LANGUAGES[tag]
    if not language.cues.spaces:
        return
    track = build(texts, language, duration_ms=duration_ms)
    said = Counter(word for text in texts for word in text.text.split())
    assert (
        Counter(word for cue in track.cues for text in cue.lines for word in text.split()) == said
    )


def test_a_cue_follows_the_words_of_the_source() -> None:
    """Two sentences with a silence between: the second is not read before it is heard."""
    words = [*"你好。", *"我来了。"]
    starts = [1000, 1200, 1400, 4000, 4200, 4400, 4600]
    spans = [Span(start, start + 180) for start in starts]
    texts = ["你", "好。", "我", "来", "了。"]
    spoken = [
        Word(t, s, 1.0) for t, s in zip(texts, (spans[0], spans[1], *spans[3:6]), strict=True)
    ]
    utterance = Utterance(1, "s1", Span(1000, 4800), "".join(words), tuple(spoken))
    track = build_cues([utterance], LANGUAGES["zh"], Fraction(25), vertical=True, duration_ms=9000)
    assert [(cue.text, cue.span.start_ms) for cue in track.cues] == [
        ("你好", 1000),
        ("我来了", 4000),
    ]


def test_a_translation_breaks_where_the_speech_pauses() -> None:
    spoken = tuple(
        Word("字", Span(ms, ms + 200), 1.0)
        for ms in (*range(0, 1600, 200), *range(3000, 5000, 200))
    )
    source = Utterance(1, "s1", Span(0, 5000), "字" * len(spoken), spoken)
    text = line(1, "s1", 0, 5000, "I waited for you all night. Where were you, Lin, when she died?")
    track = build([text], LANGUAGES["en"], vertical=False, speech=[source])
    assert [(cue.text, cue.span.start_ms) for cue in track.cues] == [
        ("I waited for you all night.", 0),
        ("Where were you, Lin, when she died?", 3000),
    ]


def test_two_who_speak_at_once_share_a_cue() -> None:
    texts = [line(1, "s1", 1000, 1500, "What?"), line(2, "s2", 1200, 1900, "You heard me.")]
    (cue,) = build(texts, LANGUAGES["en"]).cues
    assert cue == Cue(Span(1000, 2000), ("-What?", "-You heard me."), (1, 2))


def test_one_speaker_who_is_too_quick_has_one_cue_without_dashes() -> None:
    texts = [line(1, "s1", 1000, 1300, "No."), line(2, "s1", 1400, 1800, "Never.")]
    (cue,) = build(texts, LANGUAGES["en"]).cues
    assert cue.lines == ("No. Never.",)


def test_a_name_of_the_series_stays_on_one_line() -> None:
    text = "hoy hablé largamente con gran emperador celeste"
    texts = [line(1, "s1", 0, 5000, text)]
    loose = build(texts, LANGUAGES["es"])
    kept = build(texts, LANGUAGES["es"], protected=["gran emperador celeste"])
    assert not any("gran emperador celeste" in cue.lines for cue in loose.cues)
    assert any("gran emperador celeste" in text for cue in kept.cues for text in cue.lines)


def test_what_the_end_of_a_line_stands_for_is_dropped_whole() -> None:
    (cue,) = build([line(1, "s1", 0, 2000, "好吧 ，。")], LANGUAGES["zh"]).cues
    assert cue.lines == ("好吧",)


def test_a_word_longer_than_a_line_is_broken_last() -> None:
    word = "ก็" * 40
    track = build([line(1, "s1", 0, 5000, "a " + word)], LANGUAGES["en"])
    assert all(columns(text) <= 32 for cue in track.cues for text in cue.lines)
    assert all(not text.startswith("\u0e47") for cue in track.cues for text in cue.lines)


def test_nothing_said_gives_no_cues() -> None:
    assert build([], LANGUAGES["en"], duration_ms=1000).cues == ()
    assert build([line(1, "s1", 0, 900, " <i> </i> ")], LANGUAGES["en"]).cues == ()


def test_what_can_not_be_read_in_time_is_shown_whole_and_reported() -> None:
    texts = [
        line(
            1, "s1", 0, 1000, "There is far more to read here than anyone could in this one second."
        ),
        line(2, "s2", 1000, 3000, "And here comes the next line already."),
    ]
    track = build(texts, LANGUAGES["en"], vertical=False)
    found = check(track, LANGUAGES["en"].cues, Fraction(25), vertical=False, duration_ms=6000)
    assert {violation.rule for violation in found} == {Rule.READING_SPEED}
    assert " ".join(word for cue in track.cues for word in cue.text.split()) == " ".join(
        text.text for text in texts
    )


@given(st.sampled_from(sorted(LANGUAGES)), st.integers(0, 5000), st.integers(900, 6000), RATES)
def test_a_line_within_its_reading_budget_can_be_read(
    tag: str, start_ms: int, room_ms: int, rate: Fraction
) -> None:
    language = LANGUAGES[tag]
    letter = "字" if language.cues.columns_per_char == 2 else "a"
    budget = reading_budget_chars(
        Span(start_ms, start_ms + room_ms - 200), start_ms + room_ms, language.cues
    )
    text = letter * min(budget - 4, language.cues.chars_per_line)
    following = line(2, "s1", start_ms + room_ms, start_ms + room_ms + 2000, letter)
    if len(text) < 1:
        return
    texts = [line(1, "s1", start_ms, start_ms + room_ms - 200, text), following]
    track = build(texts, language, rate, vertical=False)
    if room_ms >= 1000:
        assert check(track, language.cues, rate, vertical=False, duration_ms=20_000) == []


BAD = [
    (Rule.LINE_LENGTH, [Cue(Span(0, 5000), ("x" * 43,))]),
    (Rule.LINES, [Cue(Span(0, 5000), ("x", "y", "z"))]),
    (Rule.READING_SPEED, [Cue(Span(0, 1000), ("x" * 21,))]),
    (Rule.SHORTEST, [Cue(Span(0, 832), ("a",))]),
    (Rule.LONGEST, [Cue(Span(0, 7001), ("a",))]),
    (Rule.GAP, [Cue(Span(0, 1000), ("a",)), Cue(Span(1040, 2040), ("b",))]),
    (Rule.GAP, [Cue(Span(0, 1000), ("a",)), Cue(Span(1440, 2440), ("b",))]),
    (Rule.ORDER, [Cue(Span(0, 1000), ("a",)), Cue(Span(960, 2000), ("b",))]),
    (Rule.END, [Cue(Span(9000, 10_001), ("a",))]),
    (Rule.EMPTY, [Cue(Span(0, 1000), ())]),
    (Rule.MARKUP, [Cue(Span(0, 1000), ("<i>a</i>",))]),
    (Rule.BREAK, [Cue(Span(0, 2000), ("I saw the", "doctor"))]),
]


@pytest.mark.parametrize(("rule", "cues"), BAD, ids=lambda value: getattr(value, "name", ""))
def test_the_checker_finds_each_broken_rule(rule: Rule, cues: list[Cue]) -> None:
    track = CueTrack("en", tuple(cues))
    found = check(track, LANGUAGES["en"].cues, Fraction(25), vertical=False, duration_ms=10_000)
    assert [violation.rule for violation in found] == [rule]


def test_the_checker_is_content_at_the_limits() -> None:
    cues = (
        Cue(Span(0, 840), ("x" * 16,)),
        Cue(Span(920, 7920), ("x" * 42, "x" * 42)),  # a gap of 2 frames, and the longest there is
        Cue(Span(8400, 10_000), ("a",)),  # a gap of 12 frames
    )
    rules = LANGUAGES["en"].cues
    assert (
        check(CueTrack("en", cues), rules, Fraction(25), vertical=False, duration_ms=10_000) == []
    )


def test_rules_of_the_design() -> None:
    table = {
        "en": (42, 20),
        "es": (42, 17),
        "pt": (42, 17),
        "fr": (42, 17),
        "de": (42, 17),
        "id": (42, 17),
        "vi": (42, 17),
        "it": (42, 17),
        "th": (35, 17),
        "ar": (42, 20),
        "ko": (16, 12),
        "zh": (16, 9),
        "ja": (13, 4),
        "es-419": (42, 17),
        "pt-BR": (42, 17),
    }
    for tag, (chars, cps) in table.items():
        rules = load_language(CONFIGS, tag).cues
        assert (rules.chars_per_line, rules.reading_speed_cps) == (chars, cps)
        assert (rules.lines, rules.shortest_ms, rules.longest_ms, rules.gap_frames) == (
            2,
            833,
            7000,
            2,
        )
        assert rules.columns_per_line(vertical=True) <= 32


def test_cues_are_apart_by_the_gap_rule_in_a_crowded_scene() -> None:
    texts = [
        line(n, f"s{n % 2}", n * 700, n * 700 + 650, f"Line {n}, quickly said.")
        for n in range(1, 30)
    ]
    track = build(texts, LANGUAGES["en"], Fraction(30))
    gaps = [b.span.start_ms - a.span.end_ms for a, b in pairwise(track.cues)]
    assert gaps
    assert all(gap in (66, 67) or gap >= 400 for gap in gaps)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("大家也别嫌弃因为这都是直播间最真实的状态", "直播间"),
        ("我今天就是掉了脑袋也要把这件事情说清楚", "脑袋"),
        ("我们一共赚了三万五千六百二十一块八毛七分", "三万五千六百二十一"),
        ("周一到周五每天早晨七点半到九点半直播", "七点半"),
    ],
)
@pytest.mark.parametrize("room", range(6, 14))
def test_no_chinese_line_is_broken_inside_a_word_or_a_number(
    text: str, word: str, room: int
) -> None:
    rules = replace(LANGUAGES["zh"].cues, chars_per_line=max(room, len(word)))
    language = replace(LANGUAGES["zh"], cues=rules)
    track = build([line(1, "s1", 0, 12_000, text)], language)
    assert sum(shown.count(word) for cue in track.cues for shown in cue.lines) == 1
