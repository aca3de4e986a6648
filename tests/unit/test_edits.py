"""An edit that hits nothing is refused when it is made; one that was made is listed, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dubbing.errors import Rejected
from dubbing.formats.decisions import (
    correct_line,
    decide_voice,
    name_character,
    read_cast,
    read_corrections,
    undo_character,
    undo_line,
)
from dubbing.formats.language_toml import normal_tag
from dubbing.model.corrections import refuse_unfit
from dubbing.model.job import LineCorrection, of_script, of_translation
from dubbing.model.speech import Utterance
from dubbing.model.time import Span
from dubbing.stages.script import correct

SAID = ("你怎么来了", "我不走", "甚至出现交易停滞的情况。")


def lines(texts: tuple[str, ...] = SAID) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(n, "s1", Span(n * 1000, n * 1000 + 900), text) for n, text in enumerate(texts, 1)
    )


def held_to(heard: tuple[Utterance, ...], corrections: list[LineCorrection]) -> None:
    """As the stages do: the transcript is corrected, and translations are held to what comes out."""
    transcript = correct(heard, of_script(corrections), "ep01")
    said = {utterance.number: utterance.text for utterance in transcript}
    refuse_unfit(said, of_translation(corrections, "en"), "ep01")


@pytest.mark.parametrize(
    ("spelled", "tag"),
    [
        ("EN", "en"),
        ("en_us", "en-US"),
        ("cmn", "zh"),
        ("cmn_Hant", "zh-Hant"),
        ("zh-TW", "zh-TW"),
        ("pt_br", "pt-BR"),
        ("zho", "zh"),
        (" es-419 ", "es-419"),
        ("yue", "yue"),
    ],
)
def test_any_spelling_of_a_tag_is_taken(spelled: str, tag: str) -> None:
    assert normal_tag(spelled) == tag


@pytest.mark.parametrize("spelled", ["xx", "english", "", "und", "mul", "es-LATAM", "a" * 300])
def test_what_names_no_language_is_refused(spelled: str) -> None:
    with pytest.raises(Rejected, match="not a language tag"):
        normal_tag(spelled)


@pytest.mark.parametrize(
    "correction",
    [
        LineCorrection(1, 99, translations={"en": "No such line"}),
        LineCorrection(1, 4, source="没有"),
        LineCorrection(1, 1, speaker="s9"),
    ],
)
def test_a_correction_that_hits_nothing_ends_the_run(correction: LineCorrection) -> None:
    with pytest.raises(Rejected):
        held_to(lines(), [correction])


@pytest.mark.parametrize(
    "decided",
    [
        {"translations": {"en": "Why are you here?"}},
        {"source": "我不走了"},
        {"source": ""},
        {"speaker": "s1"},
        {"source": "我不走了", "translations": {"en": "I'm staying."}},
    ],
)
def test_corrections_of_lines_that_say_something_else_now_are_all_named(
    decided: dict[str, Any],
) -> None:
    recut = ("另一个镜头", *SAID)
    made = [LineCorrection(1, n, **decided, was=SAID[n - 1]) for n in (1, 2, 3)]
    with pytest.raises(Rejected) as refused:
        held_to(lines(recut), made)
    for number in (1, 2, 3):
        assert f"line {number}, which said {SAID[number - 1]!r}" in refused.value.found
    assert "--line 1 --undo" in refused.value.remedy


def test_a_translation_of_a_line_that_was_rewritten_too_is_held_to_nothing_twice() -> None:
    both = LineCorrection(1, 2, source="我不走了", translations={"en": "I'm staying."}, was=SAID[1])
    gone = LineCorrection(1, 3, source="", translations={"en": "Never said."}, was=SAID[2])
    held_to(lines(), [both, gone])


@pytest.mark.parametrize(
    "was", [None, SAID[2], "甚至出现交易停滞的情况", "甚至 出现交易停滞的情况！"]
)
def test_a_correction_holds_where_the_line_says_the_same(was: str | None) -> None:
    (*_, line) = correct(lines(), [LineCorrection(1, 3, "交易停了", was=was)], "ep01")
    assert line.text == "交易停了"


def test_what_a_translation_says_is_nothing_to_a_transcript() -> None:
    one, other = (LineCorrection(1, 1, translations={"en": t}, was=SAID[0]) for t in ("a", "b"))
    assert of_script([one]) == of_script([other]) == ()


@pytest.mark.parametrize("start", ["\ufeff", "\ufeff# by hand\r\n", ""])
def test_a_file_with_a_byte_order_mark_is_edited(tmp_path: Path, start: str) -> None:
    file = tmp_path / "corrections.toml"
    entry = '[[line]]\r\nepisode = 1\r\nline = 1\r\ntranslation = { en = "From Notepad." }\r\n'
    file.write_bytes((start + entry).encode())
    correct_line(file, LineCorrection(1, 2, translations={"en": "Second."}))
    assert [c.translations["en"] for c in read_corrections(file)] == ["From Notepad.", "Second."]
    cast = tmp_path / "cast.toml"
    cast.write_bytes((start + '[c1]\r\nname = "Shen Qing"\r\n').encode())
    decide_voice(cast, "c1", "en", "kumo")
    assert read_cast(cast)["c1"].voices == {"en": "kumo"}


def test_the_first_word_on_what_a_line_was_stays(tmp_path: Path) -> None:
    file = tmp_path / "corrections.toml"
    correct_line(file, LineCorrection(1, 2, source="我走", was=SAID[1]))
    correct_line(file, LineCorrection(1, 2, translations={"en": "I go."}, was="我走"))
    assert read_corrections(file) == (LineCorrection(1, 2, "我走", None, {"en": "I go."}, SAID[1]),)


def test_a_tag_spelled_otherwise_is_the_same_language(tmp_path: Path) -> None:
    file = tmp_path / "corrections.toml"
    file.write_text('[[line]]\nepisode = 1\nline = 1\ntranslation = { EN = "a", pt_br = "b" }\n')
    assert read_corrections(file)[0].translations == {"en": "a", "pt-BR": "b"}
    correct_line(file, LineCorrection(1, 1, translations={"en": "c"}))
    assert read_corrections(file)[0].translations == {"en": "c", "pt-BR": "b"}
    file.write_text('[[line]]\nepisode = 1\nline = 1\ntranslation = { EN = "a", en = "b" }\n')
    with pytest.raises(Rejected, match="en twice"):
        read_corrections(file)
    file.write_text('[[line]]\nepisode = 1\nline = 1\ntranslation = { xx = "a" }\n')
    with pytest.raises(Rejected, match="'xx'"):
        read_corrections(file)


def test_edits_of_a_line_are_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "corrections.toml"
    correct_line(file, LineCorrection(1, 1, translations={"en": "a", "id": "b"}, was=SAID[0]))
    correct_line(file, LineCorrection(1, 2, source=""))
    assert undo_line(file, 1, 1, "en")
    assert read_corrections(file)[0].translations == {"id": "b"}
    assert undo_line(file, 1, 1, "id")
    assert [c.line for c in read_corrections(file)] == [2]
    assert not undo_line(file, 1, 1)
    assert undo_line(file, 1, 2)
    assert read_corrections(file) == ()


def test_decisions_on_a_character_are_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "cast.toml"
    name_character(file, "c1", "Shen Qing")
    decide_voice(file, "c1", "en", "kumo")
    assert undo_character(file, "c1", "en")
    assert (read_cast(file)["c1"].name, read_cast(file)["c1"].voices) == ("Shen Qing", {})
    assert undo_character(file, "c1")
    assert read_cast(file) == {}
    assert not undo_character(file, "c1")
