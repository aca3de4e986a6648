"""What SenseVoice is given to hear, against Kaldi's own, and how what it says is spelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.transcribing.sensevoice import SenseVoice, bands, spelled, stacked
from dubbing.errors import Rejected
from dubbing.model.audio import SPEECH_RATE_HZ, Audio

NAMES = ("<blank>", "<|zh|>", "你", "好", "▁the", "se")


@pytest.mark.torch
@pytest.mark.parametrize("level", [1e-4, 0.1, 1.0])
def test_bands_are_those_of_kaldi(level: float) -> None:
    import torch
    from torchaudio.compliance import kaldi

    samples = np.random.default_rng(1).normal(0, level / 3, 20_000).astype(np.float32)
    theirs = kaldi.fbank(
        torch.from_numpy(samples[np.newaxis] * 32768), num_mel_bins=80, window_type="hamming",
        dither=0.0, energy_floor=0.0, sample_frequency=SPEECH_RATE_HZ, snip_edges=True,
    ).numpy()  # fmt: skip
    ours = bands(samples)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-2
    assert np.abs(ours - theirs).mean() < 1e-4


@given(st.integers(0, 20_000))
def test_any_sound_is_some_steps(frames: int) -> None:
    found = stacked(bands(np.zeros(frames, np.float32)))
    assert found.shape[1] == 560
    assert len(found) == max(1, ((max(frames, 1360) - 400) // 160 + 1 - 7) // 6 + 1)
    assert np.isfinite(found).all()


def test_steps_hold_seven_frames_side_by_side() -> None:
    frames = np.repeat(np.arange(20, dtype=np.float32)[:, np.newaxis], 80, axis=1)
    assert stacked(frames).reshape(-1, 7, 80)[:, :, 0].tolist() == [
        [0, 1, 2, 3, 4, 5, 6], [6, 7, 8, 9, 10, 11, 12], [12, 13, 14, 15, 16, 17, 18],
    ]  # fmt: skip


def _logs(*steps: tuple[int, float]) -> np.ndarray:
    """Each step's likeliest token with its probability; the others share the rest."""
    made = np.zeros((len(steps), len(NAMES)))
    for step, (token, probability) in zip(made, steps, strict=True):
        step[:] = (1 - probability) / (len(NAMES) - 1)
        step[token] = probability
    return np.log(made)


def test_repeats_are_one_token_and_a_blank_between_makes_two() -> None:
    found = spelled(_logs((2, 0.6), (2, 0.9), (0, 0.9), (2, 0.8), (3, 0.7)), NAMES)
    assert [(t.text, round(t.probability, 3)) for t in found] == [
        ("你", 0.9),
        ("你", 0.8),
        ("好", 0.7),
    ]
    assert [round(t.start_s, 3) for t in found] == [0.0, 0.18, 0.24]
    assert [round(t.end_s, 3) for t in found] == [0.18, 0.24, 0.3]


def test_what_is_said_beside_the_words_is_left_out_and_letters_keep_their_space() -> None:
    found = spelled(_logs((1, 0.9), (4, 0.9), (5, 0.9)), NAMES)
    assert "".join(token.text for token in found) == " these"


def test_nothing_said_is_nothing() -> None:
    assert spelled(_logs((0, 0.9), (0, 0.9)), NAMES) == ()
    assert spelled(np.zeros((0, len(NAMES))), NAMES) == ()


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0.5, 0.99)), max_size=30))
def test_tokens_are_in_order_and_apart(steps: list[tuple[int, float]]) -> None:
    edge_s = 0.0
    for token in spelled(_logs(*steps) if steps else np.zeros((0, 6)), NAMES):
        assert edge_s <= token.start_s < token.end_s <= len(steps) * 0.06 + 1e-9
        assert 0 <= token.probability <= 1
        edge_s = token.end_s


def test_a_language_that_it_does_not_hear_is_refused_with_those_it_does() -> None:
    with pytest.raises(Rejected, match="en, ja, ko, zh"):
        SenseVoice().transcribe(Audio.silence(1600, 1, SPEECH_RATE_HZ), "fr")
