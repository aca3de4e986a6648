from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from dubbing.media import sound, takes
from dubbing.model.audio import Audio

RATE_HZ = 24_000


def burst(seconds: float, amplitude: float = 0.5) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return amplitude * np.sin(2 * np.pi * 220 * t)


def take(before_s: float, *parts: np.ndarray, after_s: float, hiss: float = 0.0) -> Audio:
    silences = [np.zeros(int(s * RATE_HZ)) for s in (before_s, after_s)]
    samples = np.concatenate([silences[0], *parts, silences[1]])
    samples += hiss * np.random.default_rng(0).standard_normal(len(samples))
    return Audio.of_mono(samples, RATE_HZ)


@pytest.mark.parametrize("level", [1.0, 0.1, 0.01])
@pytest.mark.parametrize("hiss", [0.0, 0.0005])
def test_silence_goes_from_both_ends_whatever_the_level(level: float, hiss: float) -> None:
    spoken = take(0.3, burst(0.5), np.zeros(4_800), burst(0.4), after_s=0.7, hiss=hiss)
    trimmed = takes.trim(Audio(spoken.samples * np.float32(level), RATE_HZ))
    # The pause between the words stays.
    assert trimmed.duration_ms == pytest.approx(500 + 200 + 400 + 40, abs=12)


def test_a_soft_last_consonant_is_not_cut() -> None:
    fricative = (
        np.random.default_rng(0).standard_normal(int(0.12 * RATE_HZ)) * 0.5 * 10 ** (-38 / 20)
    )
    spoken = take(0.2, burst(0.5), fricative, after_s=0.5)
    trimmed = takes.trim(spoken)
    assert trimmed.duration_ms == pytest.approx(620 + 40, abs=12)
    kept = trimmed.samples[-len(fricative) - 480 : -480, 0]
    assert np.sqrt(np.mean(kept**2)) == pytest.approx(np.sqrt(np.mean(fricative**2)), rel=0.1)


def test_a_take_that_begins_and_ends_at_once_keeps_its_length() -> None:
    spoken = Audio.of_mono(burst(0.4), RATE_HZ)
    trimmed = takes.trim(spoken)
    assert trimmed.duration_ms == 400
    np.testing.assert_allclose(trimmed.samples[240:-240], spoken.samples[240:-240], atol=1e-4)


def test_a_silent_take_has_no_frames() -> None:
    assert takes.trim(Audio.silence(RATE_HZ, 1, RATE_HZ)).frames == 0


def test_joined_parts_have_pauses_between_and_none_around() -> None:
    parts = [Audio.of_mono(burst(s), RATE_HZ) for s in (0.2, 0.3, 0.1)]
    joined = takes.join(parts, 150)
    assert joined.duration_ms == 600 + 2 * 150
    pause = joined.samples[int(0.2 * RATE_HZ) : int(0.35 * RATE_HZ)]
    assert not pause.any()
    np.testing.assert_allclose(joined.samples[-2_400:], parts[2].samples, atol=1e-4)


def test_parts_of_different_rates_are_not_joined() -> None:
    with pytest.raises(ValueError, match="one rate"):
        takes.join([Audio.silence(10, 1, 8_000), Audio.silence(10, 1, 16_000)], 0)


def test_an_exported_take_is_a_wav_file_of_the_same_sound() -> None:
    stereo = Audio(
        np.random.default_rng(0).uniform(-0.9, 0.9, (480, 2)).astype(np.float32), RATE_HZ
    )
    data = takes.export_wav(stereo)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE_HZ, 2)
    np.testing.assert_allclose(sound.parse_wav(data).samples, stereo.samples, atol=1 / 32_768)
