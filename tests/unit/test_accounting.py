"""All speech is in a line, or named as speech without one: to the millisecond."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.model.accounting import speech_without_line, without
from dubbing.model.review import ReviewKind, SpeechWithoutLine, Unscripted
from dubbing.model.speech import Doubt, Hearing, Turn, Word
from dubbing.model.time import Span
from dubbing.stages.script import transcript_of

_spans = st.builds(
    lambda start_ms, length_ms: Span(start_ms, start_ms + length_ms),
    st.integers(0, 20_000),
    st.integers(1, 4000),
)
_named = st.builds(SpeechWithoutLine, _spans, st.sampled_from(Unscripted), st.text(max_size=3))


def milliseconds(spans: list[Span]) -> set[int]:
    return {ms for span in spans for ms in range(span.start_ms, span.end_ms)}


@given(st.lists(_spans, max_size=6), st.lists(_spans, max_size=6))
def test_what_is_left_is_what_is_not_taken(taken: list[Span], spans: list[Span]) -> None:
    assert milliseconds(without(taken, spans)) == milliseconds(spans) - milliseconds(taken)


@given(st.lists(_spans, max_size=6), st.lists(_spans, max_size=6), st.lists(_named, max_size=4))
def test_each_millisecond_of_speech_is_in_a_line_or_named_once(
    lines: list[Span], speech: list[Span], named: list[SpeechWithoutLine]
) -> None:
    found = [one.span for one in speech_without_line(lines, speech, named)]
    assert milliseconds(speech) <= milliseconds(lines) | milliseconds(found)
    assert not milliseconds(found) & milliseconds(lines)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(found))


@given(
    st.lists(st.tuples(st.integers(50, 3000), st.integers(0, 2500)), max_size=12),
    st.lists(st.tuples(st.sampled_from(["s1", "s2"]), _spans), max_size=5),
    st.lists(_spans, max_size=5),
    st.lists(_named, max_size=3),
)
def test_a_transcript_accounts_for_all_that_was_taken_for_speech(
    timing, turns, speech, named
) -> None:
    words, at_ms = [], 0
    for length_ms, gap_ms in timing:
        words.append(Word("走", Span(at_ms, at_ms + length_ms), 0.9))
        at_ms += length_ms + gap_ms
    hearing = Hearing(tuple(words), tuple(speech), tuple(named))
    found = transcript_of(hearing, [Turn(speaker, span) for speaker, span in turns], "zh")
    lines = [one.span for one in found.utterances]
    assert milliseconds(speech) <= milliseconds(lines) | milliseconds(
        [one.span for one in found.without_line]
    )
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(lines))
    if turns:
        assert [word for one in found.utterances for word in one.words] == words


_HEARD = (Word("你", Span(1000, 1200), 0.9), Word("好", Span(1200, 1400), 0.9))


def test_what_nobody_was_heard_to_say_is_named_with_what_was_heard() -> None:
    named = SpeechWithoutLine(Span(4000, 5000), Unscripted.CREDIT, "谢谢观看")
    speech = (Span(1000, 1400), Span(3000, 3400), Span(4000, 5000))
    found = transcript_of(Hearing(_HEARD, speech, (named,)), [Turn("s1", Span(0, 9000))], "zh")
    assert found.without_line == (
        SpeechWithoutLine(Span(3000, 3400), Unscripted.UNSURE),
        named,
    )


@pytest.mark.parametrize(("end_ms", "reaches_ms"), [(1450, 1450), (1999, 1999), (2400, 1400)])
def test_a_line_reaches_over_a_little_speech_beside_its_words(end_ms: int, reaches_ms: int) -> None:
    hearing = Hearing(_HEARD, (Span(1000, end_ms),))
    found = transcript_of(hearing, [Turn("s1", Span(0, 9000))], "zh")
    assert found.utterances[0].span == Span(1000, reaches_ms)
    assert bool(found.without_line) == (reaches_ms < end_ms)


def test_what_was_dropped_beside_a_line_keeps_its_name() -> None:
    named = SpeechWithoutLine(Span(1400, 1700), Unscripted.TOO_FAST, "走走走")
    hearing = Hearing(_HEARD, (Span(1000, 1700),), (named,))
    found = transcript_of(hearing, [Turn("s1", Span(0, 9000))], "zh")
    assert found.utterances[0].span == Span(1000, 1400)
    assert found.without_line == (named,)


def test_words_that_a_diarizer_gives_nobody_are_named() -> None:
    found = transcript_of(Hearing(_HEARD, (Span(1000, 1400),)), [], "zh")
    assert found.utterances == ()
    assert found.without_line == (SpeechWithoutLine(Span(1000, 1400), Unscripted.UNSURE),)


def test_lines_that_were_doubted_are_marked_and_others_are_not() -> None:
    later = (Word("走", Span(4000, 4400), 0.9),)
    doubt = Doubt(Span(3900, 4500), "The transcriber is unsure of these words.")
    hearing = Hearing((*_HEARD, *later), (Span(1000, 1400), Span(4000, 4400)), (), (doubt,))
    first, second = transcript_of(hearing, [Turn("s1", Span(0, 9000))], "zh").utterances
    assert first.review == ()
    assert [(item.kind, item.why) for item in second.review] == [(ReviewKind.HEARING, doubt.why)]
