"""Channels of opposite polarity: a voice on both is heard, in whatever it is added up with."""

from __future__ import annotations

import numpy as np
import pytest

from dubbing.media.channels import in_phase, mono, opposed
from dubbing.model.audio import Audio

RATE_HZ = 16_000
RNG = np.random.default_rng(5)


def noise(seconds: float = 4.0) -> np.ndarray:
    return 0.1 * RNG.normal(size=round(seconds * RATE_HZ))


def stereo(left: np.ndarray, right: np.ndarray) -> Audio:
    return Audio(np.stack([left, right], axis=1).astype(np.float32), RATE_HZ)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


VOICE = noise() * np.repeat([1, 0, 1, 1], RATE_HZ)  # with a pause


@pytest.mark.parametrize("gain", [1.0, 0.8, 1.2])
def test_a_channel_that_is_turned_over_is_turned_back(gain: float) -> None:
    turned = stereo(VOICE, -gain * VOICE)
    assert opposed(turned) > 0.95
    mended = in_phase(turned)
    assert level_db(mended.mono()) == pytest.approx(level_db(VOICE), abs=1.0)
    assert level_db(mono(turned).mono()) >= level_db(VOICE) - 0.1


@pytest.mark.parametrize("music", [0.1, 0.3])
def test_a_voice_turned_over_under_music_that_is_not_is_heard(music: float) -> None:
    score = music * noise()
    mixed = stereo(VOICE + score, -VOICE + score)
    assert level_db(mono(mixed).mono()) > level_db(VOICE) - 1


@pytest.mark.parametrize(
    "sound",
    [
        stereo(VOICE, VOICE),
        stereo(noise(), noise()),  # wide music
        stereo(VOICE + 0.5 * noise(), VOICE + 0.5 * noise()),
        stereo(VOICE, 0 * VOICE),
    ],
)
def test_ordinary_sound_stays_as_it_is(sound: Audio) -> None:
    assert in_phase(sound) is sound
    assert (mono(sound).mono() == sound.mono()).all()


def test_silence_and_other_numbers_of_channels_are_left_alone() -> None:
    for channels in (1, 2, 6):
        silence = Audio.silence(RATE_HZ, channels, RATE_HZ)
        assert opposed(silence) == 0.0
        assert in_phase(silence) is silence
