"""Channels of opposite polarity: what is heard on loudspeakers is gone where they are added up.

A cable or a plug-in the wrong way round turns one channel over. Speech is heard in the mean of the channels,
in which a voice on both of them would then cancel out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubbing.model.audio import Audio
from dubbing.model.time import ms_to_samples

_FRAME_MS = 40
_LOUD_DB = -30.0  # frames this far below the loud ones don't count
_CANCELLED_DB = (
    -9.0
)  # a mean this far below its channels has lost what both have (independent ones: -3 dB)
_SOME = 0.1  # of the loud frames: a voice that is turned over, under music that isn't


def opposed(audio: Audio) -> float:
    """The share of the loud frames in which two channels cancel each other out, 0 to 1."""
    if audio.channels != 2:
        return 0.0
    frames = _frames(audio)
    if not len(frames):
        return 0.0
    power = (frames**2).mean(axis=(1, 2))
    loud = power > max(np.percentile(power, 95) * 10 ** (_LOUD_DB / 10), 1e-9)
    if not loud.any():
        return 0.0
    mean = (frames.mean(axis=2) ** 2).mean(axis=1)
    return float((mean[loud] < power[loud] * 10 ** (_CANCELLED_DB / 10)).mean())


def in_phase(audio: Audio) -> Audio:
    """The sound with its second channel turned over, where most of it is the wrong way round."""
    if opposed(audio) <= 0.5:
        return audio
    return Audio(audio.samples * np.array([1.0, -1.0], dtype=np.float32), audio.rate_hz)


def mono(audio: Audio) -> Audio:
    """One channel to listen to: the mean, or the louder of two that cancel each other out."""
    samples = audio.mono()
    if opposed(audio) > _SOME:
        power = (audio.samples.astype(np.float64) ** 2).sum(axis=0)
        samples = audio.samples[:, int(power.argmax())]
    return Audio.of_mono(samples, audio.rate_hz)


def _frames(audio: Audio) -> npt.NDArray[np.float64]:
    size = ms_to_samples(_FRAME_MS, audio.rate_hz)
    count = audio.frames // size
    whole = audio.samples[: count * size].astype(np.float64)
    return whole.reshape(count, size, audio.channels)
