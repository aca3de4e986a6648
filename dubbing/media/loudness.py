"""How loud sound is, and making it as loud as a platform asks: ITU-R BS.1770-4.

Mono sound is measured as one channel, so the same samples on two channels are 3 LU louder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce

import numpy as np
import numpy.typing as npt

from dubbing.model.audio import Audio, Samples
from dubbing.model.job import LoudnessTarget

_BLOCK_S = 0.4  # BS.1770's gating block
_OVERSAMPLING = 4  # BS.1770 annex 2, for 48 kHz
_TAPS_A_PHASE = 12  # likewise
_CHUNK_FRAMES = 1 << 13

_LOOK_AHEAD_MS = 5.0
_RELEASE_MS = 80.0
_INAUDIBLE = 1e-5  # of gain reduction: there the sound is left as it is
_LIMITER_MARGIN = 0.997  # linear: aiming a little low, one pass is mostly enough
_LIMITER_PASSES = 3

_ACCURACY_LU = 0.1
_NORMALIZER_PASSES = 8


def gain(audio: Audio, gain_db: float) -> Audio:
    """The sound made louder by `gain_db`; nothing is clipped."""
    return Audio(audio.samples * np.float32(10.0 ** (gain_db / 20.0)), audio.rate_hz)


def loudness_lufs(audio: Audio) -> float:
    """Integrated loudness; -inf for silence, and for what lies below the gate of -70 LUFS.

    Sound shorter than one gating block (400 ms) is measured as one block of its own length.
    """
    import pyloudnorm

    if audio.frames == 0:
        return -math.inf
    # Rounded down: times the rate again, some lengths come out a hair longer than they are.
    length_s = math.nextafter(audio.frames / audio.rate_hz, 0.0)
    meter = pyloudnorm.Meter(audio.rate_hz, block_size=min(_BLOCK_S, length_s))
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = float(meter.integrated_loudness(audio.samples.astype(np.float64)))
    return measured if math.isfinite(measured) else -math.inf


def true_peak_dbtp(audio: Audio) -> float:
    """The highest peak between samples, by 4x oversampling, over all channels; -inf for silence."""
    peak = _true_peak(audio.samples)
    return 20.0 * math.log10(peak) if peak > 0.0 else -math.inf


def limit(audio: Audio, ceiling_dbtp: float) -> Audio:
    """The sound with no true peak above the ceiling. Where none is near, it is the same bit for bit.

    Looks 5 ms ahead and releases over 80 ms; all channels get the same gain, so that the stereo
    image stands still.
    """
    ceiling = 10.0 ** (ceiling_dbtp / 20.0)
    samples = audio.samples
    for _ in range(_LIMITER_PASSES):
        peaks = _peaks(samples, above=ceiling)
        if float(peaks.max(initial=0.0)) <= ceiling:
            return audio if samples is audio.samples else Audio(samples, audio.rate_hz)
        aim = ceiling * _LIMITER_MARGIN
        samples = samples * _limiter_gain(peaks, aim, audio.rate_hz)[:, np.newaxis]
    # What is left over now lies between samples, and is tiny.
    excess = max(1.0, _true_peak(samples) / ceiling * (1.0 + 1e-6))
    return Audio(samples / np.float32(excess), audio.rate_hz)


def normalize_loudness(audio: Audio, target: LoudnessTarget) -> Audio:
    """The sound at the target's integrated loudness, its true peaks under the target's ceiling.

    Gain, then the limiter, repeated until the loudness is within 0.1 LU. Sound of few high peaks may
    stay quieter, since the ceiling comes first. Silence stays as it is.
    """
    measured_lufs = loudness_lufs(audio)
    if measured_lufs == -math.inf:
        return audio
    gain_db = target.integrated_lufs - measured_lufs
    best, best_error_lu = audio, math.inf
    for _ in range(_NORMALIZER_PASSES):
        gained = gain(audio, gain_db)
        limited = limit(gained, target.true_peak_dbtp)
        error_lu = target.integrated_lufs - loudness_lufs(limited)
        if abs(error_lu) < best_error_lu:
            best, best_error_lu = limited, abs(error_lu)
        if abs(error_lu) <= _ACCURACY_LU:
            break
        gain_db += error_lu
    return best


def _limiter_gain(peaks: npt.NDArray[np.float32], ceiling: float, rate_hz: int) -> Samples:
    """The gain of each sample that keeps the peaks under the ceiling: shape (frames,)."""
    from scipy import ndimage

    reduction = np.maximum(0.0, 1.0 - ceiling / np.maximum(peaks.astype(np.float64), ceiling))
    half = max(1, round(_LOOK_AHEAD_MS / 1000 * rate_hz))
    # Each peak's reduction is held over the window of the smoother, so that the mean over the window
    # is never less than what the peak needs.
    held = ndimage.maximum_filter1d(reduction, 2 * half + 1, mode="constant")
    smooth = ndimage.uniform_filter1d(_released(held, rate_hz), 2 * half + 1, mode="nearest")
    smooth[smooth < _INAUDIBLE] = 0.0
    return np.asarray(1.0 - smooth, dtype=np.float32)


def _released(reduction: npt.NDArray[np.float64], rate_hz: int) -> npt.NDArray[np.float64]:
    """Each value falling off exponentially, and the highest of all that are falling."""
    # An exponential decay is a straight line in the logarithm: a running maximum finds the highest.
    decay = np.arange(len(reduction)) / (_RELEASE_MS / 1000 * rate_hz)
    level = np.full(len(reduction), -np.inf)
    np.log(reduction, out=level, where=reduction > 0.0)
    level += decay
    return np.asarray(np.exp(np.maximum.accumulate(level) - decay))


def _true_peak(samples: Samples) -> float:
    """The highest true peak, linear."""
    highest = 0.0
    bound = _overshoot()
    chunks = sorted(_chunks(samples), key=lambda chunk: -chunk[2])
    for start, end, sample_peak in chunks:
        if sample_peak * bound <= highest:
            break  # the rest can't reach it
        highest = max(highest, float(_oversampled_peaks(samples, start, end).max(initial=0.0)))
    return highest


def _peaks(samples: Samples, *, above: float) -> npt.NDArray[np.float32]:
    """The true peak at and after each sample, linear, over all channels: shape (frames,).

    Where it can't be `above`, the samples' own peak stands for it.
    """
    bound = _overshoot()
    peaks = _highest(np.abs(samples))
    for start, end, sample_peak in _chunks(samples):
        if sample_peak * bound > above:
            peaks[start:end] = _oversampled_peaks(samples, start, end)
    return np.asarray(peaks, dtype=np.float32)


def _chunks(samples: Samples) -> Iterator[tuple[int, int, float]]:
    """Stretches of the sound: start, end, and the highest sample that reaches into each."""
    for start in range(0, len(samples), _CHUNK_FRAMES):
        end = min(len(samples), start + _CHUNK_FRAMES)
        seen = samples[max(0, start - _TAPS_A_PHASE) : end + _TAPS_A_PHASE]
        yield start, end, float(np.abs(seen).max(initial=0.0))


def _oversampled_peaks(samples: Samples, start: int, end: int) -> npt.NDArray[np.float32]:
    from scipy import signal

    before = min(start, _TAPS_A_PHASE)
    seen = samples[start - before : end + _TAPS_A_PHASE]
    dense = signal.resample_poly(seen, _OVERSAMPLING, 1, axis=0, window=_interpolator())
    by_sample = _highest(_highest(np.abs(dense)).reshape(-1, _OVERSAMPLING))
    return np.asarray(by_sample[before : before + end - start], dtype=np.float32)


def _highest(rows: Samples) -> Samples:
    """The highest of each row. Column by column, since numpy is slow along an axis of two or four."""
    return reduce(np.maximum, rows.T)


def _interpolator() -> npt.NDArray[np.float32]:
    """The low-pass that interpolates between samples."""
    from scipy import signal

    taps = _TAPS_A_PHASE * _OVERSAMPLING + 1
    return np.asarray(
        signal.firwin(taps, 1.0 / _OVERSAMPLING, window=("kaiser", 7.0)), dtype=np.float32
    )


def _overshoot() -> float:
    """How far a true peak can lie above the samples around it, at the very most."""
    taps = np.abs(_interpolator()) * _OVERSAMPLING
    return float(max(taps[phase::_OVERSAMPLING].sum() for phase in range(_OVERSAMPLING)))
