"""What every transcriber must do, whatever network it runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dubbing.engines import fakes
from dubbing.engines.faster_whisper import FasterWhisper
from dubbing.engines.openai_whisper import OpenAIWhisper
from dubbing.engines.ports import Port, Transcriber
from dubbing.errors import Rejected
from dubbing.model.audio import SPEECH_RATE_HZ, Audio

_REAL = [
    pytest.param(FasterWhisper, id="faster-whisper", marks=pytest.mark.models),
    pytest.param(
        OpenAIWhisper, id="openai-whisper", marks=[pytest.mark.models, pytest.mark.whisper]
    ),
]


@pytest.fixture(scope="module", params=[pytest.param(fakes.FakeTranscriber, id="fake"), *_REAL])
def transcriber(request: pytest.FixtureRequest) -> Iterator[Transcriber]:
    if request.param is OpenAIWhisper:
        pytest.importorskip("whisper")
    with request.param() as engine:
        yield engine


def test_it_says_what_it_is(transcriber: Transcriber) -> None:
    info = transcriber.info
    assert info.port is Port.TRANSCRIBER
    assert info.name
    assert info.revision
    assert info.licence
    assert info.covers("zh")
    assert info.covers("en")


@pytest.mark.parametrize("duration_ms", [0, 40, 3000])
def test_silence_has_no_words(transcriber: Transcriber, duration_ms: int) -> None:
    silence = Audio.silence(duration_ms * 16, 1, SPEECH_RATE_HZ)
    assert transcriber.transcribe(silence, "zh") == ()


def test_words_are_in_order_apart_and_inside_the_sound(
    transcriber: Transcriber, spoken_zh: Audio
) -> None:
    words = transcriber.transcribe(spoken_zh, "zh")
    assert words
    edge_ms = 0
    for word in words:
        assert word.span.start_ms >= edge_ms
        edge_ms = word.span.end_ms
        assert word.text.strip()
        assert 0 <= word.confidence <= 1
        assert sum(character.isalnum() for character in word.text) == 1
    assert edge_ms <= spoken_zh.duration_ms


def test_the_same_sound_gives_the_same_words(transcriber: Transcriber, spoken_zh: Audio) -> None:
    assert transcriber.transcribe(spoken_zh, "zh") == transcriber.transcribe(spoken_zh, "zh")


@pytest.mark.models
@pytest.mark.parametrize("engine", [FasterWhisper, OpenAIWhisper])
def test_a_model_without_weights_is_refused_with_those_there_are(engine: type) -> None:
    with pytest.raises(Rejected, match=r"large-v3.*:base"):
        engine("large-v3")


@pytest.mark.models
def test_neither_music_nor_noise_has_words(music: Audio) -> None:
    noise = np.random.default_rng(1).normal(size=SPEECH_RATE_HZ * 6) * 0.05
    with FasterWhisper() as transcriber:
        assert transcriber.transcribe(music, "zh") == ()
        assert transcriber.transcribe(Audio.of_mono(noise, SPEECH_RATE_HZ), "zh") == ()
        with pytest.raises(Rejected, match="tlh"):
            transcriber.transcribe(music, "tlh")
