"""Faint speech is speech too, and where speech starts stays where it was."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("faster_whisper", reason="the extra `local` is not installed")

from dubbing.engines import vad
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.time import Span

_FRAMES = 100  # of 32 ms


def found(*probable: tuple[int, int, float]) -> np.ndarray:
    """What a detector says of each frame: (first, last, probability), 0 elsewhere."""
    frames = np.zeros(_FRAMES, np.float32)
    for first, last, probability in probable:
        frames[first:last] = probability
    return frames


def sound(*spoken: tuple[int, int]) -> Audio:
    """Noise in some frames, silence in the others."""
    samples = np.zeros(_FRAMES * 512, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, len(samples)).astype(np.float32)
    for first, last in spoken:
        samples[first * 512 : last * 512] = noise[first * 512 : last * 512]
    return Audio.of_mono(samples, SPEECH_RATE_HZ)


def near(span: Span, first: int, last: int) -> bool:
    return abs(span.start_ms - first * 32) <= 40 and abs(span.end_ms - last * 32) <= 40


@pytest.mark.parametrize("probability", [0.2, 0.3, 0.45])
def test_faint_speech_that_stands_alone_is_speech(probability: float) -> None:
    audio, likely = sound((10, 30), (60, 80)), found((10, 30, 0.9), (60, 80, probability))
    assert len(vad.speech_spans(audio, found=likely)) == 1
    first, second = vad.all_speech(audio, found=likely)
    assert near(first, 10, 30)
    assert near(second, 60, 80)


@pytest.mark.parametrize("frames", [4, 8, 14])
def test_words_die_away(frames: int) -> None:
    audio = sound((10, 30 + frames))
    likely = found((10, 30, 0.9), (30, 30 + frames, 0.15))
    (span,) = vad.all_speech(audio, found=likely)
    assert near(span, 10, 30 + frames)


def test_they_do_not_die_away_for_seconds() -> None:
    audio, likely = sound((10, 90)), found((10, 30, 0.9), (30, 90, 0.15))
    (clear,) = vad.speech_spans(audio, found=likely)
    first, *_ = vad.all_speech(audio, found=likely)
    assert first.end_ms <= clear.end_ms + 600


def test_breath_before_speech_is_none_of_it() -> None:
    audio, likely = sound((20, 40)), found((14, 20, 0.2), (20, 40, 0.9))
    clear, (span,) = vad.speech_spans(audio, found=likely), vad.all_speech(audio, found=likely)
    assert span.start_ms == clear[0].start_ms


def test_clicks_are_no_speech() -> None:
    assert vad.all_speech(sound((50, 54)), found=found((50, 54, 0.3))) == []
