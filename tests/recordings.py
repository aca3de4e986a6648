"""Recordings of nobody, for voices to be taken from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dubbing.media import sound
from dubbing.model.audio import Audio


def record(path: Path, pitch_hz: float, noise: float = 0.0) -> Path:
    """Four seconds that sound like a voice of a pitch."""
    time = np.arange(4 * 24_000) / 24_000
    tones = sum(np.sin(2 * np.pi * pitch_hz * n * time) / n for n in range(1, 12))
    hiss = noise * np.random.default_rng(0).normal(size=len(time))
    samples = 0.1 * (tones + hiss) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    sound.write(path, Audio.of_mono(samples.astype(np.float32), 24_000))
    return path
