"""What is done to sound: gain, placing, time-stretch; and the pitch of a voice.

Loudness and ducking have modules of their own. Nothing here changes what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dubbing.errors import Defect
from dubbing.media import ffmpeg
from dubbing.media.loudness import (
    gain,
    limit,
    loudness_lufs,
    normalize_loudness,
    true_peak_dbtp,
)
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.time import ms_to_samples

__all__ = [
    "gain",
    "limit",
    "loudness_lufs",
    "median_pitch_hz",
    "mix_at",
    "normalize_loudness",
    "pitch_range_st",
    "stretch",
    "true_peak_dbtp",
]

_STRETCH_TIMEOUT_S = 120.0
_STRETCH_PAD_MS = 200  # silence around what is stretched: its ends are then as good as its middle
# The filter lets sound come early or late by this share of what a tempo of infinity would take away:
# measured on clicks, the same at 24 and 48 kHz and from tempo 0.9 to 1.4.
_STRETCH_DELAY_MS = 28.0

_LOWEST_PITCH_HZ = 60.0
_HIGHEST_PITCH_HZ = 400.0
_PITCH_FRAME_MS = 50  # three periods of the lowest pitch
_PITCH_HOP_MS = 10
_PITCH_LEVEL_DB = -25.0  # frames this far below the loud ones are not asked
_PITCH_APERIODICITY = 0.15  # YIN's threshold (de Cheveigné and Kawahara, 2002)
_PITCH_MIN_FRAMES = 5


def mix_at(base: Audio, items: Sequence[tuple[int, Audio]]) -> Audio:
    """The base with each item added at its absolute position in ms.

    An item of one channel goes to all channels of the base. Raises Defect for an item of another
    rate or channel count, and for one that reaches beyond the end: a tail is never cut in silence.
    """
    samples = base.samples.copy()
    for position_ms, item in items:
        if item.rate_hz != base.rate_hz or item.channels not in (1, base.channels):
            raise Defect(
                f"{item.channels} channels at {item.rate_hz} Hz can't be mixed into "
                f"{base.channels} at {base.rate_hz} Hz"
            )
        start = ms_to_samples(position_ms, base.rate_hz)
        end = start + item.frames
        if start < 0 or end > base.frames:
            raise Defect(
                f"{item.duration_ms} ms of sound at {position_ms} ms reach outside of "
                f"the {base.duration_ms} ms there are"
            )
        samples[start:end] += item.samples
    return Audio(samples, base.rate_hz)


def stretch(audio: Audio, tempo: float) -> Audio:
    """The sound `tempo` times as fast at the same pitch, all channels together.

    Returns exactly round(frames / tempo) frames, with what was at t now at t / tempo, to 2 ms. The
    sound's first and last words are whole. Raises ValueError for a tempo outside 0.5 to 2.
    """
    if not 0.5 <= tempo <= 2.0:
        raise ValueError(f"tempo {tempo} is outside 0.5 to 2.0")
    frames = round(audio.frames / tempo)
    if tempo == 1.0 or frames == 0:
        return audio
    pad_frames = ms_to_samples(_STRETCH_PAD_MS, audio.rate_hz)
    padded = Audio(
        np.pad(audio.samples, ((pad_frames, pad_frames), (0, 0))),
        audio.rate_hz,
    )
    raw = ffmpeg.collect(
        [ffmpeg.Pcm(padded)],
        ["-af", f"rubberband=tempo={tempo!r}:channels=together", "-f", "f32le"],
        timeout_s=_STRETCH_TIMEOUT_S,
    )
    stretched = np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(-1, audio.channels)
    delay_s = _STRETCH_DELAY_MS * (1.0 - 1.0 / tempo) / 1000
    start = round(pad_frames / tempo + delay_s * audio.rate_hz)
    if start + frames > len(stretched):
        raise Defect(f"stretched {padded.frames} frames at {tempo} to {len(stretched)} only")
    return Audio(np.ascontiguousarray(stretched[start : start + frames]), audio.rate_hz)


def median_pitch_hz(audio: Audio) -> float:
    """The median fundamental frequency of a voice between 60 and 400 Hz; 0.0 where none is found.

    By YIN (de Cheveigné and Kawahara, 2002), on the louder frames that are clearly periodic.
    """
    found = _pitches_hz(audio)
    return float(np.median(found)) if len(found) >= _PITCH_MIN_FRAMES else 0.0


def pitch_range_st(audio: Audio) -> float:
    """How far a voice's pitch goes up and down: the semitones from its tenth to its ninetieth percentile.

    What is an octave off the median is a mistake of the measurement. 0.0 where no pitch is found.
    """
    found = _pitches_hz(audio)
    if len(found) < _PITCH_MIN_FRAMES:
        return 0.0
    semitones = 12.0 * np.log2(found / np.median(found))
    low, high = np.quantile(semitones[np.abs(semitones) < 12.0], (0.1, 0.9))
    return float(high - low)


def _pitches_hz(audio: Audio) -> npt.NDArray[np.float64]:
    """The pitch of each frame that has one."""
    from dubbing.media.sound import resample

    mono = resample(Audio.of_mono(audio.mono(), audio.rate_hz), SPEECH_RATE_HZ).samples[:, 0]
    frame = ms_to_samples(_PITCH_FRAME_MS, SPEECH_RATE_HZ)
    longest = int(SPEECH_RATE_HZ / _LOWEST_PITCH_HZ) + 2
    if len(mono) < frame + longest:
        return np.zeros(0)
    hop = ms_to_samples(_PITCH_HOP_MS, SPEECH_RATE_HZ)
    frames = np.lib.stride_tricks.sliding_window_view(mono, frame + longest)[::hop]
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    loud = power > np.quantile(power, 0.95) * 10.0 ** (_PITCH_LEVEL_DB / 10.0)
    pitches = _yin(frames[loud].astype(np.float64), frame, longest)
    return np.asarray(pitches[pitches > 0.0])


def _yin(frames: npt.NDArray[np.float64], window: int, longest: int) -> npt.NDArray[np.float64]:
    """The pitch of each frame of shape (window + longest,), in Hz; 0.0 for those without."""
    lags = longest + 1
    size = 1 << int(np.ceil(np.log2(frames.shape[1] + window)))
    spectrum = np.fft.rfft(frames, size)
    head = np.fft.rfft(frames[:, :window], size)
    products = np.fft.irfft(spectrum * np.conj(head), size)[:, :lags]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energies = (energy[:, window:] - energy[:, :-window])[:, :lags]
    difference = np.maximum(energies[:, :1] + energies - 2.0 * products, 0.0)
    sums = np.cumsum(difference[:, 1:], axis=1)
    aperiodicity = np.ones_like(difference)
    np.divide(
        difference[:, 1:] * np.arange(1, lags), sums, out=aperiodicity[:, 1:], where=sums > 0.0
    )
    shortest = int(SPEECH_RATE_HZ / _HIGHEST_PITCH_HZ)
    inside = aperiodicity[:, shortest:longest]
    # The first dip below the threshold, at its bottom: a later one is an octave too low.
    dips = (
        (inside[:, 1:-1] < _PITCH_APERIODICITY)
        & (inside[:, 1:-1] <= inside[:, :-2])
        & (inside[:, 1:-1] < inside[:, 2:])
    )
    rows = np.flatnonzero(dips.any(axis=1))
    bottoms = dips[rows].argmax(axis=1) + shortest + 1
    left, middle, right = (aperiodicity[rows, bottoms + k] for k in (-1, 0, 1))
    curvature = left - 2.0 * middle + right
    offset = np.divide(
        0.5 * (left - right), curvature, out=np.zeros_like(middle), where=curvature > 0
    )
    pitches = np.zeros(len(frames))
    pitches[rows] = SPEECH_RATE_HZ / (bottoms + offset)
    return pitches
