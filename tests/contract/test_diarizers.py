"""What every diarizer must do, whatever tells it voices apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dubbing.engines import fakes
from dubbing.engines.dvector import DVectorDiarizer
from dubbing.engines.ports import Diarizer, Port
from dubbing.model.audio import SPEECH_RATE_HZ, Audio


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(fakes.FakeDiarizer, id="fake"),
        pytest.param(DVectorDiarizer, id="dvector", marks=pytest.mark.models),
    ],
)
def diarizer(request: pytest.FixtureRequest) -> Iterator[Diarizer]:
    with request.param() as engine:
        yield engine


def test_it_says_what_it_is(diarizer: Diarizer) -> None:
    assert diarizer.info.port is Port.DIARIZER
    assert diarizer.info.name
    assert diarizer.info.revision
    assert 0 < diarizer.same_person < 1


@pytest.mark.parametrize("duration_ms", [0, 40, 3000])
def test_nobody_speaks_in_silence(diarizer: Diarizer, duration_ms: int) -> None:
    found = diarizer.diarize(Audio.silence(duration_ms * 16, 1, SPEECH_RATE_HZ))
    assert found.turns == ()
    assert found.voiceprints == ()


def test_speakers_are_named_by_appearance_and_each_has_a_voiceprint(
    diarizer: Diarizer, spoken_zh: Audio
) -> None:
    found = diarizer.diarize(spoken_zh)
    names = list(dict.fromkeys(turn.speaker for turn in found.turns))
    assert names == [f"s{number}" for number in range(1, len(names) + 1)]
    assert [print_.speaker for print_ in found.voiceprints] == names
    for voiceprint in found.voiceprints:
        assert np.linalg.norm(voiceprint.embedding) == pytest.approx(1, abs=1e-4)
        spoken_ms = sum(t.span.duration_ms for t in found.turns if t.speaker == voiceprint.speaker)
        assert voiceprint.speech_ms == spoken_ms


def test_turns_are_in_order_and_inside_the_sound(diarizer: Diarizer, spoken_zh: Audio) -> None:
    turns = diarizer.diarize(spoken_zh).turns
    assert turns
    assert [turn.span.start_ms for turn in turns] == sorted(turn.span.start_ms for turn in turns)
    assert all(turn.span.duration_ms > 0 for turn in turns)
    assert max(turn.span.end_ms for turn in turns) <= spoken_zh.duration_ms


def test_the_same_sound_gives_the_same_turns(diarizer: Diarizer, spoken_zh: Audio) -> None:
    assert diarizer.diarize(spoken_zh) == diarizer.diarize(spoken_zh)
