"""Stems of any number of channels are folded down; those of another episode, or with dialogue, are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from videos import run

from dubbing.errors import Rejected
from dubbing.media import sound, stems
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.time import Span

SECONDS = 12
SPOKEN = [Span(2_000, 6_000), Span(8_000, 10_000)]


def noisy(seed: int, level: float) -> np.ndarray:
    return level * np.random.default_rng(seed).normal(size=(SECONDS * MASTER_RATE_HZ, 2))


def audio(samples: np.ndarray) -> Audio:
    return Audio(samples.astype(np.float32), MASTER_RATE_HZ)


def episode(score: np.ndarray) -> Audio:
    voice = np.zeros_like(score)
    for span in SPOKEN:
        part = slice(span.start_ms * 48, span.end_ms * 48)
        voice[part] = noisy(99, 0.2)[part]
    return audio(score + voice)


SCORE = noisy(1, 0.02)


def written(folder: Path, samples: np.ndarray) -> Path:
    sound.write(folder / "bed.wav", audio(samples))
    return folder / "bed.wav"


@pytest.mark.parametrize("layout", ["mono", "2.1", "quad", "5.1", "7.1"])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_any_layout_becomes_stereo(tmp_path: Path, layout: str, suffix: str) -> None:
    if suffix == "flac" and layout not in ("mono", "quad", "5.1"):
        pytest.skip("one container is enough for the rarer layouts")
    file = tmp_path / f"bed.{suffix}"
    tone = f"sine=220:r=44100:d=2,aformat=channel_layouts={layout}"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone, file)
    stem = stems.read(file)
    assert (stem.channels, stem.rate_hz) == (2, MASTER_RATE_HZ)
    assert stem.duration_ms == pytest.approx(2_000, abs=2)
    assert 0.01 < np.abs(stem.samples).max() <= 1.0


@pytest.mark.parametrize("gain", [1.0, -0.7, 0.5])
def test_the_episode_s_own_stem_is_taken(tmp_path: Path, gain: float) -> None:
    stems.refuse_foreign(written(tmp_path, gain * SCORE), episode(SCORE), SPOKEN)


def test_a_stem_that_is_some_samples_late_is_taken(tmp_path: Path) -> None:
    late = np.roll(SCORE, 2_000, axis=0)
    stems.refuse_foreign(written(tmp_path, late), episode(SCORE), SPOKEN)


def test_a_silent_stem_is_taken(tmp_path: Path) -> None:
    stems.refuse_foreign(written(tmp_path, 0 * SCORE), episode(SCORE), SPOKEN)


def test_without_music_in_the_pauses_nothing_is_concluded(tmp_path: Path) -> None:
    stems.refuse_foreign(written(tmp_path, noisy(2, 0.02)), episode(0 * SCORE), SPOKEN)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_another_episode_s_stem_is_refused(tmp_path: Path, seed: int) -> None:
    with pytest.raises(Rejected, match="nowhere in the episode"):
        stems.refuse_foreign(written(tmp_path, noisy(seed, 0.02)), episode(SCORE), SPOKEN)


@pytest.mark.parametrize("gain", [1.0, 0.5, -1.0])
def test_the_whole_mix_is_no_stem(tmp_path: Path, gain: float) -> None:
    whole = episode(SCORE)
    with pytest.raises(Rejected, match="with its dialogue"):
        stems.refuse_foreign(written(tmp_path, gain * whole.samples), whole, SPOKEN)


@pytest.mark.parametrize("seconds", [3, 11, 13])
def test_a_stem_of_another_length_is_refused(tmp_path: Path, seconds: int) -> None:
    other = np.resize(SCORE, (seconds * MASTER_RATE_HZ, 2))
    with pytest.raises(Rejected, match=f"{seconds}000 ms of sound"):
        stems.refuse_foreign(written(tmp_path, other), episode(SCORE), SPOKEN)
