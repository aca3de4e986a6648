"""The original under a dub: down where it speaks, calm over pauses, nearly gone where nothing covers it."""

from __future__ import annotations

import numpy as np
import pytest
from bench_duck import seconds_above, swings
from hypothesis import given
from hypothesis import strategies as st

from dubbing.media import ducking
from dubbing.media.ducking import ALONE_DB, JOIN_MS, RELEASE_MS, alone, duck, gains_of
from dubbing.model.audio import Audio
from dubbing.model.dub import DUCK_DB
from dubbing.model.time import Span, ms_to_samples

RATE_HZ = 8_000


def tone(seconds: float) -> Audio:
    """A steady tone, whose level after ducking is the gain."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = np.repeat(np.sin(2 * np.pi * 440 * time)[:, np.newaxis], 2, axis=1)
    return Audio(wave.astype(np.float32), RATE_HZ)


def level_db(sound: Audio, start_ms: int, end_ms: int) -> float:
    power = float(np.mean(sound.cut(Span(start_ms, end_ms)).samples.astype(np.float64) ** 2))
    return 10 * np.log10(power + 1e-12) + 3.01


spans = st.lists(
    st.tuples(st.integers(0, 3_000), st.integers(1, 600)).map(lambda s: Span(s[0], s[0] + s[1])),
    max_size=6,
)


@given(
    spans=spans,
    depth_db=st.floats(-40, -1),
    attack_ms=st.integers(0, 200),
    release_ms=st.integers(0, 300),
)
def test_it_is_down_under_the_spans_and_untouched_beyond_the_slopes(
    spans: list[Span], depth_db: float, attack_ms: int, release_ms: int
) -> None:
    frames = ms_to_samples(3_800, RATE_HZ)
    gains = ducking.envelope(
        frames, RATE_HZ, spans, depth_db, attack_ms=attack_ms, release_ms=release_ms
    )
    near = np.zeros(frames, dtype=bool)
    depth = np.float32(10 ** (depth_db / 20))
    for span in spans:
        start, end = (ms_to_samples(ms, RATE_HZ) for ms in (span.start_ms, span.end_ms))
        assert np.allclose(gains[start:end], depth)
        first = max(0, start - ms_to_samples(attack_ms, RATE_HZ))
        near[first : end + ms_to_samples(release_ms, RATE_HZ)] = True
    assert (gains[~near] == 1.0).all()
    assert ((gains >= depth * (1 - 1e-5)) & (gains <= 1.0)).all()


def test_the_slopes_have_no_step() -> None:
    spoken = [Span(1_000, 2_000), Span(5_000, 6_000)]
    gains = gains_of(RATE_HZ * 9, RATE_HZ, spoken, [Span(1_000, 1_500)], DUCK_DB)
    assert np.abs(np.diff(gains)).max() < np.pi / 2 / ms_to_samples(ducking.ATTACK_MS, RATE_HZ)


@pytest.mark.parametrize("pause_ms", [150, 500, 900, 1_199, JOIN_MS])
def test_it_stays_down_over_a_pause(pause_ms: int) -> None:
    spoken = [Span(1_000, 3_000), Span(3_000 + pause_ms, 6_000)]
    ducked = duck(tone(9), spoken, spoken, DUCK_DB)
    assert level_db(ducked, 3_000, 3_000 + pause_ms) == pytest.approx(DUCK_DB, abs=0.1)
    assert level_db(ducked, 7_000, 9_000) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("pause_ms", [2_000, 3_000, 5_000])
def test_it_comes_up_slowly_in_a_longer_one(pause_ms: int) -> None:
    spoken = [Span(1_000, 3_000), Span(3_000 + pause_ms, 9_000)]
    ducked = duck(tone(9), spoken, spoken, DUCK_DB)
    assert level_db(ducked, 3_000, 3_100) < DUCK_DB + 3
    assert level_db(ducked, 3_350, 3_450) < -5
    assert level_db(ducked, 3_000 + RELEASE_MS, 2_900 + pause_ms) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("ends_ms", [1_600, 2_500, 3_700])
def test_where_the_dub_ends_early_the_original_is_nearly_gone(ends_ms: int) -> None:
    spoken = [Span(1_000, 4_000)]
    ducked = duck(tone(6), spoken, [Span(1_000, ends_ms)], DUCK_DB)
    assert level_db(ducked, 1_000, ends_ms - 300) == pytest.approx(DUCK_DB, abs=0.1)
    assert level_db(ducked, ends_ms, 4_000) == pytest.approx(DUCK_DB + ALONE_DB, abs=0.1)
    assert level_db(ducked, 5_000, 6_000) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("take", [[], [Span(2_000, 3_000)], [Span(0, 6_000)]])
def test_speech_is_never_at_full_level(take: list[Span]) -> None:
    spoken = [Span(500, 1_500), Span(2_000, 3_000), Span(4_800, 5_200)]
    gains = gains_of(6_000, 1_000, spoken, take, DUCK_DB)
    assert seconds_above(gains, spoken, DUCK_DB + 0.1) == 0.0
    assert seconds_above(gains, spoken, -30.0, take) == 0.0


def test_what_is_alone() -> None:
    spoken = [Span(0, 1_000), Span(1_500, 2_500), Span(5_000, 6_000)]
    takes = [Span(0, 700), Span(1_600, 2_000), Span(1_900, 2_600)]
    assert alone(spoken, takes) == [Span(700, 1_000), Span(5_000, 6_000)]
    assert alone(spoken, [Span(0, 9_000)]) == []
    assert alone([Span(0, 150)], []) == []


def test_dialogue_does_not_pump() -> None:
    """Twelve lines with pauses of 0.5 to 1.1 s: one way down, one way up."""
    starts = [1_000 + i * 2_000 + (i * 37) % 300 for i in range(12)]
    spoken = [Span(start, start + 1_200) for start in starts]
    takes = [Span(s.start_ms, s.end_ms - 100) for s in spoken]
    assert swings(gains_of(30_000, 1_000, spoken, takes, DUCK_DB)) == 2


def test_swings_are_counted() -> None:
    calm = np.full(100, 0.1, dtype=np.float32)
    loud = np.ones(100, dtype=np.float32)
    assert swings(loud) == 0
    assert swings(np.concatenate([loud, calm, loud, calm])) == 3
    assert swings(np.concatenate([calm, loud])) == 2
