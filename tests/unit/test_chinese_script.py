"""A source in traditional characters is given back in them, and worked with in simplified ones."""

from __future__ import annotations

import pytest

from dubbing.engines.translating.routes import Hop
from dubbing.formats.chinese_script import is_traditional, utterances_written, working_text, written
from dubbing.model.cue import CueRules
from dubbing.model.episode import Term
from dubbing.model.series import Name
from dubbing.model.speech import Utterance, Word
from dubbing.model.time import Span
from dubbing.stages import translate


@pytest.mark.parametrize("tag", ["zh-Hant", "zh-TW", "zh-HK", "zh-MO", "zh-Hant-HK"])
def test_tags_of_traditional_chinese(tag: str) -> None:
    assert is_traditional(tag)


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "zh-Hans", "zh-SG", "ja", "en-HK"])
def test_tags_of_anything_else(tag: str) -> None:
    assert not is_traditional(tag)
    assert written("头发里", tag) == "头发里"


@pytest.mark.parametrize(
    ("simple", "tag", "traditional"),
    [
        ("我的头发乱了，干杯！", "zh-TW", "我的頭髮亂了，乾杯！"),
        ("皇后后来走了。", "zh-Hant", "皇后後來走了。"),
        ("屋里只有一只猫。", "zh-HK", "屋裏只有一隻貓。"),
        ("他为了软件着急。", "zh-TW", "他為了軟件著急。"),
    ],
)
def test_characters_are_those_of_the_territory_and_words_stay(
    simple: str, tag: str, traditional: str
) -> None:
    assert written(simple, tag) == traditional
    assert working_text(traditional, tag) == simple


def test_words_are_converted_with_their_line() -> None:
    words = tuple(Word(c, Span(i * 100, i * 100 + 100), 0.9) for i, c in enumerate("头发，"))
    heard = Utterance(1, "s1", Span(0, 300), "头发，", words)
    english = Utterance(2, "s1", Span(400, 500), "OK", (Word("OK", Span(400, 500), 0.9),), "en")
    one, other = utterances_written((heard, english), "zh-TW")
    assert one.text == "頭髮，"
    assert "".join(word.text for word in one.words) == one.text
    assert other == english


def test_other_languages_are_worked_with_as_they_are() -> None:
    assert working_text("頭が痛い", "ja") == "頭が痛い"


@pytest.mark.parametrize("given", ["顧家", "顾家"])
@pytest.mark.parametrize("line", ["顧承澤回顧家了。", "顾承泽回顾家了。"])
def test_names_and_terms_are_found_in_a_line_of_either_script(line: str, given: str) -> None:
    settings = translate.Settings(
        episode=1,
        language="en",
        route=(Hop("fake", "zh-TW", "en"),),
        terms=(Term(given, "en", "the Gus"),),
        rules=CueRules(chars_per_line=42, reading_speed_cps=20),
        corrections=(),
        names_as="en",
    )
    names = [Name("顾承泽", {"顾承泽": "Gu Chengze"}, ())]
    found = translate.terms_in(line, "zh-TW", settings, names)
    assert {term.target for term in found} == {"the Gus", "Gu Chengze"}
