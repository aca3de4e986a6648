"""How much of a voice is left in a bed, where that is known; and what becomes of a bed that mumbles."""

from __future__ import annotations

import math
from pathlib import Path

import episodes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from dubbing.engines.registry import Engines
from dubbing.media import sound
from dubbing.media.leakage import speech_left_db
from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio
from dubbing.model.dub import DUCK_DB, Bed, BedKind, bed_of
from dubbing.stages import Work, separate
from dubbing.store.artifacts import ArtifactStore, read_json

SECONDS = 20
FRAMES = SECONDS * MASTER_RATE_HZ


def _babble(seed: int) -> np.ndarray:
    """Something that comes and goes like speech: noise in syllables and pauses, (frames, 2)."""
    rng = np.random.default_rng(seed)
    steps = np.repeat(rng.random(SECONDS * 5) > 0.4, MASTER_RATE_HZ // 5)
    band = butter(2, (250, 5000), "bandpass", fs=MASTER_RATE_HZ, output="sos")
    voice = sosfilt(band, rng.normal(size=FRAMES)) * steps
    return np.repeat(0.1 * voice[:, np.newaxis] / voice.std(), 2, axis=1)


SPEECH = _babble(1)
MUSIC = episodes.music(FRAMES)
MUSIC = 0.05 * MUSIC / MUSIC.std()


def _audio(samples: np.ndarray) -> Audio:
    return Audio(samples.astype(np.float32), MASTER_RATE_HZ)


def test_music_alone_is_no_speech() -> None:
    left_db = speech_left_db(_audio(SPEECH), _audio(MUSIC))
    assert left_db is not None
    assert left_db < DUCK_DB - 8


def test_music_as_loud_as_the_speech_is_no_speech_either() -> None:
    left_db = speech_left_db(_audio(SPEECH), _audio(2 * MUSIC))
    assert left_db is not None
    assert left_db < DUCK_DB - 3


def test_somebody_else_who_speaks_is_not_this_speech() -> None:
    left_db = speech_left_db(_audio(SPEECH), _audio(0.5 * _babble(2)))
    assert left_db is not None
    assert left_db < DUCK_DB - 3


@settings(max_examples=10, deadline=None)
@given(st.floats(-18, 0))
def test_what_leaks_is_found_as_loud_as_it_is(leak_db: float) -> None:
    bed = MUSIC + SPEECH * 10 ** (leak_db / 20)
    left_db = speech_left_db(_audio(SPEECH), _audio(bed))
    assert left_db == pytest.approx(leak_db, abs=1.0)


def test_what_leaks_muffled_late_and_turned_is_found_too() -> None:
    low = butter(2, 1500, fs=MASTER_RATE_HZ, output="sos")
    muffled = -sosfilt(low, np.roll(SPEECH, 120, axis=0), axis=0)
    left_db = speech_left_db(_audio(SPEECH), _audio(MUSIC + muffled))
    power_db = 10 * math.log10(np.mean(muffled**2) / np.mean(SPEECH**2))
    assert left_db == pytest.approx(power_db, abs=3)


@pytest.mark.parametrize("frames", [0, 1, 1000, MASTER_RATE_HZ // 2])
def test_where_hardly_anybody_speaks_nothing_can_be_said(frames: int) -> None:
    assert speech_left_db(_audio(SPEECH[:frames]), _audio(MUSIC[:frames])) is None


def test_where_nobody_speaks_nothing_can_be_said() -> None:
    assert speech_left_db(_audio(0 * SPEECH), _audio(MUSIC)) is None


def test_an_empty_bed_has_nothing_left() -> None:
    assert speech_left_db(_audio(SPEECH), _audio(0 * MUSIC)) == -60.0


@given(st.none() | st.floats(-60, 20))
def test_a_bed_is_taken_unless_ducking_leaves_less_speech(left_db: float | None) -> None:
    bed = bed_of(left_db)
    worse = left_db is not None and left_db > DUCK_DB
    assert bed.kind is (BedKind.DUCKED if worse else BedKind.SEPARATED)
    assert bed.speech_left_db == left_db


def separated(folder: Path, source: np.ndarray, separator: str = "fake") -> Bed:
    """The verdict on a soundtrack. The fake separator takes the middle for speech, the sides for the bed."""
    (folder / "extract").mkdir()
    (folder / "out").mkdir()
    sound.write(folder / "extract" / "source.wav", Audio(source.astype(np.float32), MASTER_RATE_HZ))
    with Engines() as engines:
        work = Work(
            "ep01", {"extract": folder / "extract"}, folder / "out", engines,
            ArtifactStore(folder / "store"), lambda _done, _total: None,
        )  # fmt: skip
        separate.run(work, separate.Settings(separator))
    speech = sound.read(folder / "out" / "speech.wav")
    assert (speech.rate_hz, speech.channels) == (SPEECH_RATE_HZ, 1)
    return read_json(folder / "out" / "bed.json", Bed)


SIDES = MUSIC[:, :1] * [1, -1]  # all of it is in what tells left from right


def test_a_clean_bed_is_taken(tmp_path: Path) -> None:
    bed = separated(tmp_path, SPEECH + SIDES)
    assert bed.kind is BedKind.SEPARATED
    assert bed.speech_left_db is not None
    assert bed.speech_left_db < -25
    kept = sound.read(tmp_path / "out" / "bed.wav").samples
    assert np.abs(kept - SIDES).max() < 1e-3


@pytest.mark.parametrize("quieter_side", [0.0, 0.5])
def test_a_bed_in_which_somebody_still_speaks_is_not(tmp_path: Path, quieter_side: float) -> None:
    bed = separated(tmp_path, SPEECH * [1, quieter_side] + SIDES)
    assert bed.kind is BedKind.DUCKED
    assert bed.speech_left_db is not None
    assert bed.speech_left_db > -20
    assert not (tmp_path / "out" / "bed.wav").exists()


def test_without_a_separator_there_is_nothing_to_judge(tmp_path: Path) -> None:
    assert separated(tmp_path, SPEECH + SIDES, "none") == Bed(BedKind.DUCKED, None)


def test_music_alone_is_all_bed(tmp_path: Path) -> None:
    assert separated(tmp_path, SIDES) == Bed(BedKind.SEPARATED, None)
