"""Sound in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubbing.model.time import Span, ms_to_samples, samples_to_ms

Samples = npt.NDArray[np.float32]

MASTER_RATE_HZ = 48_000  # what beds, takes and mixes are held in: the rate of video soundtracks
SPEECH_RATE_HZ = 16_000  # what speech models hear


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """PCM sound. `samples` is float32 of shape (frames, channels), full scale at +-1.0."""

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(
                f"samples must be float32 of shape (frames, channels), "
                f"not {self.samples.dtype} of shape {self.samples.shape}"
            )

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[0])

    @property
    def duration_ms(self) -> int:
        return samples_to_ms(self.frames, self.rate_hz)

    def mono(self) -> Samples:
        """The mean of the channels: float32 of shape (frames,)."""
        if self.channels == 1:
            return self.samples[:, 0]
        mean: Samples = self.samples.mean(axis=1, dtype=np.float32)
        return mean

    def cut(self, span: Span) -> Audio:
        """What lies in `span`; shorter than it where the sound ends before."""
        start = ms_to_samples(span.start_ms, self.rate_hz)
        end = ms_to_samples(span.end_ms, self.rate_hz)
        return Audio(self.samples[start:end], self.rate_hz)

    @staticmethod
    def of_mono(samples: npt.ArrayLike, rate_hz: int) -> Audio:
        """Sound of one channel from an array of shape (frames,)."""
        return Audio(np.ascontiguousarray(samples, dtype=np.float32).reshape(-1, 1), rate_hz)

    @staticmethod
    def silence(frames: int, channels: int, rate_hz: int) -> Audio:
        return Audio(np.zeros((frames, channels), dtype=np.float32), rate_hz)
