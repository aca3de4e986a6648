from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.errors import Defect
from dubbing.media import dsp
from dubbing.model.audio import Audio
from dubbing.model.time import ms_to_samples

RATE_HZ = 8_000


def noise(frames: int, channels: int = 2, *, seed: int = 0, rate_hz: int = RATE_HZ) -> Audio:
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels))
    return Audio(samples.astype(np.float32), rate_hz)


def voice(
    pitch_hz: float, seconds: float, *, rate_hz: int = 24_000, noise_level: float = 0.0
) -> Audio:
    """A buzz of falling harmonics whose fundamental is the weakest, as over a telephone."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    vibrato = 1.0 + 0.01 * np.sin(2 * np.pi * 5 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz * vibrato) / rate_hz
    wave = sum(np.sin(k * phase + k) / k for k in range(1, int(3_000 / pitch_hz) + 1))
    wave = wave - 0.9 * np.sin(phase + 1)
    wave += noise_level * np.random.default_rng(0).standard_normal(len(t))
    return Audio.of_mono(0.2 * wave, rate_hz)


@given(
    items=st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 800), st.integers(1, 2)), max_size=5
    )
)
def test_mix_at_adds_every_item_at_its_absolute_place(items: list[tuple[int, int, int]]) -> None:
    base = noise(RATE_HZ)
    placed = [
        (at, noise(frames, channels, seed=n)) for n, (at, frames, channels) in enumerate(items, 1)
    ]
    if any(ms_to_samples(at, RATE_HZ) + item.frames > base.frames for at, item in placed):
        with pytest.raises(Defect, match="reach outside"):
            dsp.mix_at(base, placed)
        return
    before = base.samples.copy()
    mixed = dsp.mix_at(base, placed)
    expected = base.samples.astype(np.float64)
    for at, item in placed:
        start = round(at * RATE_HZ / 1_000)
        expected[start : start + item.frames] += item.samples
    np.testing.assert_allclose(mixed.samples, expected, atol=1e-6)
    np.testing.assert_array_equal(base.samples, before)


@pytest.mark.parametrize("item", [noise(10, rate_hz=16_000), noise(10, 3)])
def test_mix_at_refuses_another_rate_or_other_channels(item: Audio) -> None:
    with pytest.raises(Defect, match="can't be mixed"):
        dsp.mix_at(noise(RATE_HZ), [(0, item)])


@settings(max_examples=30, deadline=None)
@given(pitch_hz=st.floats(65, 390))
def test_pitch_of_any_voice_is_found_within_five_percent(pitch_hz: float) -> None:
    found = dsp.median_pitch_hz(voice(pitch_hz, 0.6, noise_level=0.02))
    assert found == pytest.approx(pitch_hz, rel=0.05)


@pytest.mark.parametrize(
    "unvoiced",
    [
        Audio.silence(24_000, 1, 24_000),
        Audio.silence(10, 1, 24_000),
        Audio.silence(0, 1, 24_000),
        noise(24_000, 1, rate_hz=24_000),
    ],
    ids=["silence", "ten samples", "nothing", "noise"],
)
def test_what_has_no_pitch_has_pitch_zero(unvoiced: Audio) -> None:
    assert dsp.median_pitch_hz(unvoiced) == 0.0
    assert dsp.pitch_range_st(unvoiced) == 0.0


@pytest.mark.parametrize("swing_st", [0.0, 3.0, 9.0])
def test_how_far_a_pitch_goes_up_and_down_is_measured_in_semitones(swing_st: float) -> None:
    """A sweep up and down in a straight line: nine tenths of it less one tenth are four fifths."""
    time = np.arange(4 * 24_000) / 24_000
    pitch_hz = 150 * 2 ** (swing_st / 12 * (np.abs(time % 2 - 1) - 0.5))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / 24_000
    samples = sum(np.sin(n * phase) / n for n in range(1, 8)) * 0.2
    found = dsp.pitch_range_st(Audio.of_mono(samples.astype(np.float32), 24_000))
    assert found == pytest.approx(0.8 * swing_st, abs=0.5)


def test_pitch_is_that_of_the_voiced_part() -> None:
    speech = voice(150, 0.5)
    hiss = noise(12_000, 1, rate_hz=24_000)
    both = Audio(np.concatenate([hiss.samples * 0.1, speech.samples, hiss.samples * 0.1]), 24_000)
    assert dsp.median_pitch_hz(both) == pytest.approx(150, rel=0.05)
