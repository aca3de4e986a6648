"""A speaker whose lines are at a man's pitch and at a woman's is marked; one person never is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.job import LineCorrection
from dubbing.model.review import ReviewKind
from dubbing.model.speech import Utterance
from dubbing.model.time import Span
from dubbing.model.two_voices import of_the_other_voice
from dubbing.stages.script import correct, mark_two_voices

LINE_MS = 800


def numbered(pitches_hz: Sequence[float]) -> dict[int, float]:
    return dict(enumerate(pitches_hz, start=1))


@pytest.mark.parametrize(
    ("pitches_hz", "lines"),
    [
        ([231, 222, 95, 237, 80], (3, 5)),
        ([118, 122, 240, 109, 251, 130, 0.0], (3, 5)),
        ([210, 120, 160, 205, 125, 112], (1, 4)),
        ([200, 140, 195, 145, 210, 215, 130], (2, 4, 7)),
    ],
)
def test_the_fewer_lines_are_those_of_the_other_person(
    pitches_hz: list[float], lines: tuple[int, ...]
) -> None:
    assert of_the_other_voice(numbered(pitches_hz)) == lines


@pytest.mark.parametrize(
    "pitches_hz",
    [
        [76, 75, 101, 95, 109, 80, 74, 77],  # eight lines each of a voice of Kokoro
        [231, 222, 237, 246, 218, 246, 240, 236],
        [161, 180, 153, 155, 177, 163, 174, 142],
        [174, 162, 148, 232, 147, 93, 115, 88],  # seconds of people's speech
        [257, 155, 171, 185, 296, 175, 182, 181, 191],
        [95, 100, 240, 0.0, 0.0],  # one shout
        [100, 240, 230],  # too few to say
        [145, 148, 185, 190],  # moods
        [120, 155, 160, 165, 240, 125, 230],  # all through what lies between
        [],
    ],
)
def test_what_one_person_may_say_is_not_marked(pitches_hz: list[float]) -> None:
    assert of_the_other_voice(numbered(pitches_hz)) == ()


def spoken(pitches_hz: Sequence[float]) -> Audio:
    """A buzz a line, one after the other; silence where the pitch is 0."""
    time = np.arange(LINE_MS * SPEECH_RATE_HZ // 1000) / SPEECH_RATE_HZ
    lines = [
        sum((np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 9)), np.zeros_like(time))
        for hz in pitches_hz
    ]
    return Audio.of_mono(0.1 * np.concatenate(lines), SPEECH_RATE_HZ)


def lines_of(speakers: Sequence[str]) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(n, speaker, Span((n - 1) * LINE_MS, n * LINE_MS), "我不走")
        for n, speaker in enumerate(speakers, start=1)
    )


def marked(utterances: Sequence[Utterance], pitches_hz: Sequence[float]) -> dict[int, str]:
    return {
        one.number: item.why
        for one in mark_two_voices(utterances, spoken(pitches_hz))
        for item in one.review
        if item.kind is ReviewKind.SPEAKER
    }


def test_the_lines_of_a_merged_speaker_are_marked_with_both_pitches() -> None:
    pitches_hz = [110, 220, 112, 218, 108, 260]
    found = marked(lines_of(["s1", "s1", "s1", "s1", "s1", "s2"]), pitches_hz)
    assert sorted(found) == [2, 4]
    assert "s1 speaks at 2" in found[2]
    assert "at 110 Hz in other lines" in found[2]


def test_people_who_were_told_apart_are_not_marked() -> None:
    pitches_hz = [110, 220, 112, 218, 108, 219]
    speakers = ["s1", "s2", "s1", "s2", "s1", "s2"]
    assert marked(lines_of(speakers), pitches_hz) == {}


def test_the_mark_goes_when_a_person_has_said_who_speaks() -> None:
    pitches_hz = [110, 220, 112, 218, 108, 219]
    merged = lines_of(["s1", "s1", "s1", "s1", "s1", "s2"])
    assert sorted(marked(merged, pitches_hz)) == [2, 4]
    said = [LineCorrection(1, 2, speaker="s2"), LineCorrection(1, 4, speaker="s2")]
    assert marked(correct(merged, said, "ep01"), pitches_hz) == {}
