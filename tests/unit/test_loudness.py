from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from dubbing.media.loudness import gain, limit, loudness_lufs, normalize_loudness, true_peak_dbtp
from dubbing.model.audio import Audio
from dubbing.model.job import LoudnessTarget

RATE_HZ = 48_000


def programme(seed: int, *, seconds: float = 2.0, peaks: int = 20, channels: int = 2) -> Audio:
    """Speech-like sound: bursts of noise of all levels over a quiet bed, with clicks on top."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * RATE_HZ)
    t = np.arange(frames) / RATE_HZ
    syllables = np.clip(np.sin(2 * np.pi * 3 * t + rng.uniform(0, 6)), 0, None) ** 2
    levels = np.repeat(rng.uniform(0.1, 1.0, 1 + int(seconds * 3)), RATE_HZ // 3 + 1)[:frames]
    sound = (
        rng.standard_normal((frames, channels)) * (0.08 * syllables * levels + 0.003)[:, np.newaxis]
    )
    sound[rng.integers(0, frames, peaks)] += rng.uniform(-0.6, 0.6, (peaks, channels))
    return Audio(sound.astype(np.float32), RATE_HZ)


def sine(hz: float, amplitude: float, seconds: float = 1.0, phase: float = 0.0) -> Audio:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return Audio.of_mono(amplitude * np.sin(2 * np.pi * hz * t + phase), RATE_HZ)


def densely_sampled_peak(audio: Audio) -> float:
    """The peak of the band-limited wave, by zero-padding its whole spectrum: slow and exact."""
    wide = np.pad(audio.samples.astype(np.float64), ((512, 512), (0, 0)))
    spectrum = np.fft.rfft(wide, axis=0)
    return float(np.abs(np.fft.irfft(spectrum, len(wide) * 16, axis=0) * 16).max())


def test_a_full_scale_sine_at_997_hz_is_minus_3_lufs() -> None:
    assert loudness_lufs(sine(997, 1.0, 3.0)) == pytest.approx(
        -3.01, abs=0.05
    )  # BS.1770-4, annex 1


def test_the_same_on_two_channels_is_3_lu_louder() -> None:
    mono = sine(997, 0.1, 2.0)
    stereo = Audio(np.repeat(mono.samples, 2, axis=1), RATE_HZ)
    assert loudness_lufs(stereo) - loudness_lufs(mono) == pytest.approx(3.01, abs=0.01)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.399, 0.4, 0.401])
def test_short_sound_is_measured_as_one_block(seconds: float) -> None:
    assert loudness_lufs(sine(1_000, 0.5, seconds)) == pytest.approx(-9.03, abs=0.5)


@pytest.mark.parametrize("frames", [0, 1, 100, RATE_HZ])
def test_silence_has_no_loudness_and_no_peak_and_stays_silence(frames: int) -> None:
    silence = Audio.silence(frames, 2, RATE_HZ)
    assert loudness_lufs(silence) == -math.inf
    assert true_peak_dbtp(silence) == -math.inf
    assert limit(silence, -1.0) is silence
    assert normalize_loudness(silence, LoudnessTarget()) is silence


def test_a_true_peak_between_samples_is_found() -> None:
    quarter = sine(RATE_HZ / 4, 0.5, phase=math.pi / 4)  # all samples at 0.354
    assert 20 * math.log10(np.abs(quarter.samples).max()) == pytest.approx(-9.03, abs=0.01)
    assert true_peak_dbtp(quarter) == pytest.approx(-6.02, abs=0.2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), at=st.integers(0, 30_000))
def test_the_true_peak_is_that_of_the_dense_wave(seed: int, at: int) -> None:
    quiet = np.random.default_rng(seed).standard_normal((30_000, 2)) * 0.01
    quiet[at : at + 40] *= 20  # the peak may lie anywhere, at the seams of chunks too
    band_limited = signal.sosfilt(signal.butter(8, 18_000, output="sos", fs=RATE_HZ), quiet, axis=0)
    audio = Audio(band_limited.astype(np.float32), RATE_HZ)
    # 4x oversampling under-reads by at most 0.688 dB at the top of the band (BS.1770-4, annex 2).
    exact_db = 20 * math.log10(densely_sampled_peak(audio))
    assert exact_db - 0.75 <= true_peak_dbtp(audio) <= exact_db + 0.1


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    gain_db=st.floats(-10, 30),
    ceiling_dbtp=st.floats(-12, -0.1),
    channels=st.integers(1, 2),
)
def test_nothing_passes_the_limiter(
    seed: int, gain_db: float, ceiling_dbtp: float, channels: int
) -> None:
    loud = gain(programme(seed, seconds=0.7, channels=channels), gain_db)
    limited = limit(loud, ceiling_dbtp)
    assert true_peak_dbtp(limited) <= ceiling_dbtp + 1e-4
    assert limited.samples.shape == loud.samples.shape
    if true_peak_dbtp(loud) <= ceiling_dbtp:
        assert limited is loud


def test_the_limiter_leaves_what_is_far_from_a_peak_bit_for_bit() -> None:
    quiet = gain(programme(1, seconds=4.0, peaks=0), -12)
    samples = quiet.samples.copy()
    samples[2 * RATE_HZ] = 1.5
    limited = limit(Audio(samples, RATE_HZ), -1.0)
    assert np.array_equal(limited.samples[: 2 * RATE_HZ - 1_000], samples[: 2 * RATE_HZ - 1_000])
    assert np.array_equal(
        limited.samples[3 * RATE_HZ + RATE_HZ // 4 :], samples[3 * RATE_HZ + RATE_HZ // 4 :]
    )
    assert abs(limited.samples[2 * RATE_HZ]).max() < 10 ** (-1 / 20)


def test_the_limiter_keeps_the_stereo_image() -> None:
    loud = gain(programme(2), 20)
    limited = limit(loud, -3.0)
    left, right = (
        limited.samples[:, c] / np.where(loud.samples[:, c] == 0, 1, loud.samples[:, c])
        for c in (0, 1)
    )
    sounding = np.abs(loud.samples).min(axis=1) > 1e-3
    np.testing.assert_allclose(left[sounding], right[sounding], rtol=1e-4)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    level_db=st.floats(-30, 10),
    target_lufs=st.sampled_from([-24.0, -16.0, -14.0]),
)
def test_the_loudness_asked_for_is_reached_under_the_ceiling(
    seed: int, level_db: float, target_lufs: float
) -> None:
    target = LoudnessTarget(integrated_lufs=target_lufs)
    normalized = normalize_loudness(gain(programme(seed), level_db), target)
    assert loudness_lufs(normalized) == pytest.approx(target_lufs, abs=0.5)
    assert true_peak_dbtp(normalized) <= target.true_peak_dbtp + 1e-4


def test_a_single_click_keeps_the_ceiling_and_gives_up_the_loudness() -> None:
    samples = np.zeros((RATE_HZ, 1), dtype=np.float32)
    samples[RATE_HZ // 2] = 0.01
    normalized = normalize_loudness(Audio(samples, RATE_HZ), LoudnessTarget())
    assert true_peak_dbtp(normalized) <= -1.0 + 1e-4


def test_normalizing_twice_gives_the_same_bytes() -> None:
    audio = programme(7)
    first = normalize_loudness(audio, LoudnessTarget())
    assert first.samples.tobytes() == normalize_loudness(audio, LoudnessTarget()).samples.tobytes()


@pytest.mark.parametrize("frames", [102, 105, 13_440, 19_199, 19_200, 19_201])
def test_sound_of_any_length_is_measured(frames: int) -> None:
    # Times the rate again, 102 / 48000 s are a hair more than 102 frames.
    noise = np.random.default_rng(1).normal(0, 0.1, (frames, 1)).astype(np.float32)
    assert loudness_lufs(Audio(noise, 48_000)) == pytest.approx(-17, abs=2)
