"""How much of a voice is still in what should be without it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubbing.model.audio import Audio
from dubbing.model.time import ms_to_samples

_FRAME_MS = 80  # longer than an echo is spread, shorter than a syllable stays the same
_VOICE_HZ = (200.0, 6000.0)
_SPEAKS_DB = -30.0  # frames this far below the loud ones are pauses
_SILENT = 1e-6  # mean power of speech below which nobody speaks: -60 dBFS
_FEWEST_FRAMES = 12  # about a second of speech: in less, music may go along with it by chance

Spectra = npt.NDArray[np.complex128]  # of shape (frames, bins)


def speech_left_db(speech: Audio, bed: Audio) -> float | None:
    """How loud speech is in a bed while somebody speaks, in dB against the speech itself.

    What counts is the part of the bed that follows the speech wave by wave, in each band from 200 Hz to 6 kHz,
    however it was filtered: the projection of its spectra on those of the speech. Music that only sounds at the same
    time does not follow it; what it has in common with it by chance is taken off. Music that was left in the speech
    counts like speech that was left in the bed. Words that a separator has not noticed at all are not in its speech,
    and not found. -60.0 at the least; None where hardly anybody speaks.
    Both are of the same rate, channels and frames.
    """
    left = whole = 0.0
    spoken = False
    for voice, under in zip(speech.samples.T, bed.samples.T, strict=True):
        voices, unders = _spectra(voice, speech.rate_hz), _spectra(under, bed.rate_hz)
        power = (np.abs(voices) ** 2).sum(axis=1)
        if not len(power) or power.mean() < _SILENT:
            continue
        speaks = power > np.percentile(power, 95) * 10 ** (_SPEAKS_DB / 10)
        count = int(np.count_nonzero(speaks))
        if count < _FEWEST_FRAMES:
            continue
        spoken = True
        voices, unders = voices[speaks], unders[speaks]
        own = (np.abs(voices) ** 2).sum(axis=0)
        others = (np.abs(unders) ** 2).sum(axis=0)
        common = np.abs((unders * voices.conj()).sum(axis=0)) ** 2 / np.maximum(own, 1e-12)
        # Of spectra that have nothing to do with each other, one part in as many as there are is common.
        common = (common - others / count) * count / (count - 1)
        left += float(common.sum())
        whole += float(own.sum())
    if not spoken:
        return None
    return round(10 * float(np.log10(max(left / whole, 1e-6))), 1)


def _spectra(samples: npt.NDArray[np.float32], rate_hz: int) -> Spectra:
    """Of frames side by side, so that each says something of its own; scaled so that power is that of samples."""
    size = ms_to_samples(_FRAME_MS, rate_hz)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    window = np.hanning(size)
    bins_hz = np.fft.rfftfreq(size, 1 / rate_hz)
    voiced = (bins_hz >= _VOICE_HZ[0]) & (bins_hz <= _VOICE_HZ[1])
    spectra = np.fft.rfft(frames * window, axis=1)[:, voiced]
    return np.asarray(spectra * np.sqrt(2 / (size * (window**2).sum())), np.complex128)
