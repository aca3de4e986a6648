"""What marks a line as perhaps misheard: confidence of its words, and agreement of a transcriber's hypotheses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.transcribing.agreement import Hypothesis, agreements, confidences
from dubbing.model import doubt
from dubbing.model.review import ReviewKind
from dubbing.model.speech import Word
from dubbing.model.time import Span


def words(text: str, *confidence: float) -> list[Word]:
    return [
        Word(character, Span(index * 200, index * 200 + 200), confidence[index % len(confidence)])
        for index, character in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("唯一只火箭我能说什么", (0.7, 0.75)),  # nonsense whose mean confidence is high
        ("生日你说该怎么个办法", (0.95, 0.9, 0.25, 0.3)),
        ("滚", (0.02,)),
    ],
)
def test_a_line_whose_words_are_hardly_all_right_is_marked(
    text: str, confidence: tuple[float, ...]
) -> None:
    (item,) = doubt.of_hearing(words(text, *confidence))
    assert item.kind is ReviewKind.HEARING


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("签字吧，我们离婚。", (0.97, 0.9)), ("你到底是什么人？", (0.99, 0.8)), ("滚", (0.3,))],
)
def test_a_line_that_was_surely_heard_is_not(text: str, confidence: tuple[float, ...]) -> None:
    assert doubt.of_hearing(words(text, *confidence)) == ()


def test_a_line_that_a_person_wrote_is_not() -> None:
    assert doubt.of_hearing(()) == ()


def test_the_reason_names_the_least_sure_words_in_their_order() -> None:
    heard = [*words("我一只火", 0.9, 0.6, 0.9, 0.1), Word("鸡。", Span(800, 1000), 0.2)]
    (item,) = doubt.of_hearing(heard)
    assert item.why == "It may be misheard; least sure: 火, 鸡."


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_doubt_grows_with_each_word(confidence: list[float], another: float) -> None:
    some = [Word("字", Span(0, 1), one) for one in confidence]
    assert doubt.doubt_nats([*some, Word("字", Span(0, 1), another)]) >= doubt.doubt_nats(some) >= 0


def test_hypotheses_agree_where_they_have_the_same_letters() -> None:
    half = math.log(0.5)
    shares = agreements([Hypothesis("停制的情况", half), Hypothesis("停滞的情况", half)])
    assert shares == pytest.approx([1, 0.5, 1, 1, 1])


def test_a_likelier_hypothesis_weighs_more() -> None:
    shares = agreements(
        [Hypothesis("Hear me", math.log(0.6)), Hypothesis("Here me", math.log(0.3))]
    )
    assert shares == pytest.approx([1, 1, 2 / 3, 1, 1, 1])


@pytest.mark.parametrize(
    ("one", "other"),
    [("她走了。", "他走了"), ("有3個", "有三个"), ("So, OK!", "so ok"), ("", "")],
)
def test_what_sounds_alike_and_means_as_much_agrees(one: str, other: str) -> None:
    shares = agreements([Hypothesis(one, -1.0), Hypothesis(other, -1.0)])
    assert shares == pytest.approx([1.0] * len(shares))


def test_a_piece_is_as_sure_as_its_least_letter() -> None:
    half = math.log(0.5)
    found = confidences(
        [("停", 0.9), ("制的", 0.8), ("。", 0.7)],
        [Hypothesis("停制的。", half), Hypothesis("停滞的", half)],
    )
    assert found == pytest.approx([0.9, 0.8 * 0.25, 0.7])


def test_a_lone_hypothesis_changes_nothing() -> None:
    assert confidences([("so", 0.4), (" be", 0.6)], [Hypothesis("so be", -3.0)]) == pytest.approx(
        [0.4, 0.6]
    )


@pytest.mark.parametrize(
    ("confidence", "kinds"),
    [(0.2, [ReviewKind.TRANSLATION]), (0.66, [ReviewKind.TRANSLATION]), (0.9, []), (None, [])],
)
def test_a_translation_is_marked_where_its_translator_says_that_it_is_not_sure(
    confidence: float | None, kinds: list[ReviewKind]
) -> None:
    assert [item.kind for item in doubt.of_translation(confidence)] == kinds
