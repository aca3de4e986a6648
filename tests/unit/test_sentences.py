"""A sentence that was cut into several lines is translated as one, and each line is given its part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines import registry
from dubbing.engines.fakes import FakeTranslator
from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.translating.routes import Hop
from dubbing.model.cue import CueRules
from dubbing.model.episode import MediaInfo, Term
from dubbing.model.job import LineCorrection
from dubbing.model.review import ReviewKind
from dubbing.model.sentences import sentences
from dubbing.model.speech import Line, Script, Transcript, Turn, Utterance, Word
from dubbing.model.time import Span
from dubbing.stages import Work, translate
from dubbing.stages.script import utterances_of
from dubbing.store.artifacts import ArtifactStore, read_json, write_json
from dubbing.subtitles.dividing import divide

_RULES = CueRules(chars_per_line=42, reading_speed_cps=20)
_ENGLISH = "Even if I lose my head today, I will tell you all of it from the beginning to the end."


def line(
    number: int, text: str, *, continues: bool = False, speaker: str = "s1", language: str = ""
) -> Utterance:
    span = Span(number * 4000, number * 4000 + 3900)
    return Utterance(number, speaker, span, text, (), (), language, continues)


CUT = (
    line(1, "你来了。"),
    line(2, "我今天就是掉了脑袋"),
    line(3, "也要把这件事从头到尾告诉你", continues=True),
    line(4, "走吧。"),
)


class Known(FakeTranslator):
    """A translator that knows some lines, and repeats what else it is asked."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said = said
        self.asked: list[tuple[str, str, str]] = []

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        self.asked += [(source, target, request.text) for request in requests]
        return [Translation(self.said.get(one.text, f"<{one.text}>")) for one in requests]


def translated(
    utterances: Sequence[Utterance],
    translator: Known,
    folder: Path,
    patch: pytest.MonkeyPatch,
    corrections: tuple[LineCorrection, ...] = (),
    route: tuple[Hop, ...] = (Hop("fake", "zh", "en"),),
    terms: tuple[Term, ...] = (),
) -> Script:
    """Lines through the stage."""
    patch.setattr(registry, "create", lambda _port, _name: translator)
    media = MediaInfo("mov", 60_000, 720, 1280, Fraction(25), "h264", "aac", 48_000, 2)
    for name, file, document in (
        ("script", "transcript.json", Transcript("zh", tuple(utterances))),
        ("probe", "media.json", media),
        ("names", "names.json", ()),
    ):
        (folder / name).mkdir(exist_ok=True)
        write_json(folder / name / file, document)
    (folder / "out").mkdir(exist_ok=True)
    language = route[-1].target
    settings = translate.Settings(1, language, route, terms, _RULES, corrections)
    with Engines() as engines:
        inputs = {name: folder / name for name in ("script", "probe", "names")}
        store = ArtifactStore(folder / "store")
        work = Work("ep01", inputs, folder / "out", engines, store, lambda _done, _total: None)
        translate.run(work, settings)
    return read_json(folder / "out" / "script.json", Script)


@pytest.fixture
def translator() -> Known:
    whole = CUT[1].text + CUT[2].text
    return Known({whole: _ENGLISH, "你来了。": "You came.", "走吧。": "Let's go."})


def test_lines_of_one_sentence_are_translated_as_one(
    translator: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = translated(CUT, translator, tmp_path, monkeypatch)
    assert [one.text for one in script.lines] == [
        "You came.",
        "Even if I lose my head today,",
        "I will tell you all of it from the beginning to the end.",
        "Let's go.",
    ]
    assert [one.sentence for one in script.lines] == [(), (2, 3), (2, 3), ()]


def test_a_person_corrects_one_of_the_lines_and_the_others_stay(
    translator: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = translated(CUT, translator, tmp_path, monkeypatch)
    asked = len(translator.asked)
    said = LineCorrection(1, 3, translations={"en": "I'll tell you everything."})
    after = translated(CUT, translator, tmp_path, monkeypatch, corrections=(said,))
    assert after.lines[2].text == "I'll tell you everything."
    assert after.lines[2].by_people
    others = [0, 1, 3]
    assert [after.lines[i] for i in others] == [before.lines[i] for i in others]
    assert len(translator.asked) == asked


def test_what_is_too_short_to_be_divided_is_translated_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Known({CUT[1].text + CUT[2].text: "Yes", CUT[1].text: "Even if", CUT[2].text: "I'll"})
    script = translated(CUT, short, tmp_path, monkeypatch)
    assert [one.text for one in script.lines][1:3] == ["Even if", "I'll"]
    assert script.lines[1].sentence == ()


def test_a_term_stands_with_the_line_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (line(1, "我跟沈清说过的那件事"), line(2, "你就别再问我了", continues=True))
    known = Known({lines[0].text + lines[1].text: "Stop asking me, about what I told Shen Qing."})
    terms = (Term("沈清", "en", "Shen Qing"),)
    script = translated(lines, known, tmp_path, monkeypatch, terms=terms)
    assert "Shen Qing" in script.lines[1].text
    assert [len(one.terms) for one in script.lines] == [0, 1]


def test_a_line_in_the_target_language_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (line(1, "你来了。"), line(2, "Get out of my office.", language="en"))
    translator = Known({})
    script = translated(lines, translator, tmp_path, monkeypatch)
    assert script.lines[1].text == "Get out of my office."
    assert script.lines[1].engines == ()
    assert [text for _, _, text in translator.asked] == ["你来了。"]


def test_a_line_in_the_language_between_starts_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (line(1, "你来了。"), line(2, "Get out.", language="en"))
    route = (Hop("fake", "zh", "en"), Hop("fake", "en", "es"))
    translator = Known({"Get out.": "Fuera.", "你来了。": "You came.", "You came.": "Viniste."})
    script = translated(lines, translator, tmp_path, monkeypatch, route=route)
    assert [one.text for one in script.lines] == ["Viniste.", "Fuera."]
    assert ("en", "es", "Get out.") in translator.asked
    assert ("zh", "en", "Get out.") not in translator.asked
    assert script.lines[1].review == ()


def test_a_line_whose_language_no_translator_is_told_of_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (line(1, "你来了。"), line(2, "Raus hier.", language="de"))
    script = translated(lines, Known({}), tmp_path, monkeypatch)
    assert [[item.kind for item in one.review] for one in script.lines] == [
        [],
        [ReviewKind.TRANSLATION],
    ]


def test_lines_are_parts_of_one_sentence_only_next_to_each_other_and_of_one_speaker() -> None:
    lines = (
        line(1, "一"),
        line(2, "二", continues=True, speaker="s2"),
        line(4, "四", continues=True, speaker="s2"),
        line(5, "五", continues=True, speaker="s2"),
        line(6, "six", continues=True, speaker="s2", language="en"),
    )
    assert [one.numbers for one in sentences(lines, "zh")] == [(1,), (2,), (4, 5), (6,)]


def test_what_small_translators_cannot_hold_is_not_one_sentence() -> None:
    lines = [line(n, "说", continues=n > 1) for n in range(1, 8)]
    found = sentences(lines, "zh")
    assert [one.numbers for one in found] == [(1, 2, 3), (4, 5, 6), (7,)]
    assert [one.whole.text for one in found] == ["说说说", "说说说", "说"]


def said(text: str, start_ms: int = 0, step_ms: int = 250) -> list[Word]:
    return [
        Word(c, Span(start_ms + i * step_ms, start_ms + (i + 1) * step_ms), 0.9)
        for i, c in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("first", "gap_ms", "goes_on"),
    [
        ("二十一是薛妹妹的", 700, True),
        ("我说过的话，", 700, True),
        ("因为", 900, True),
        ("你走吧", 700, False),
        ("你走吧。", 300, False),
        ("二十一是薛妹妹的", 1200, False),
    ],
)
def test_a_pause_ends_no_sentence_that_is_not_at_its_end(
    first: str, gap_ms: int, goes_on: bool
) -> None:
    before = said(first)
    words = [*before, *said("生日你说怎么办", before[-1].span.end_ms + gap_ms)]
    found = utterances_of(words, [Turn("s1", Span(0, 20_000))], "zh")
    assert [one.continues for one in found] == [False, goes_on]


def test_the_parts_of_a_line_that_was_too_long_are_one_sentence() -> None:
    words = said("我今天就是掉了脑袋也要把这件事情从头到尾给你们说个清楚")
    found = utterances_of(words, [Turn("s1", Span(0, 20_000))], "zh")
    assert [one.continues for one in found] == [False, True]


@given(
    st.lists(st.sampled_from(["I", "never,", "wanted.", "to", "hospital", "you?"]), max_size=20),
    st.lists(st.integers(1, 90), min_size=1, max_size=4),
)
def test_a_divided_text_is_the_text(words: list[str], shares: list[int]) -> None:
    text = " ".join(words)
    parts = divide(text, shares, _RULES)
    if len(words) < len(shares):
        assert parts == ()
    else:
        assert " ".join(parts) == text
        assert len(parts) == len(shares)
        assert all(parts)


@pytest.mark.parametrize(
    ("shares", "parts"),
    [
        ((50, 50), ("If you leave now,", "you can never come back.")),
        ((10, 30), ("If you leave now,", "you can never come back.")),
        ((1, 9), ("If", "you leave now, you can never come back.")),
        ((100,), ("If you leave now, you can never come back.",)),
    ],
)
def test_a_text_is_divided_at_clauses_near_the_shares(
    shares: tuple[int, ...], parts: tuple[str, ...]
) -> None:
    assert divide("If you leave now, you can never come back.", shares, _RULES) == parts


def test_a_line_keeps_its_own_translation_where_it_is_alone() -> None:
    alone = Line(1, "s1", Span(0, 1000), "走", "Go.", ("fake",))
    (sentence,) = sentences([line(1, "走")], "zh")
    assert translate.divided_line(alone, sentence, {1: 20}, _RULES) == [alone]
