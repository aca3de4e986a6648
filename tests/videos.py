"""Sound that is found again in any video, and what players make of a video."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np

from dubbing.media.muxing import Label
from dubbing.model.audio import MASTER_RATE_HZ, Audio

ORIGINAL = Label("zho", "Original")


def clicks(
    seconds: float, at_ms: list[int], *, rate_hz: int = MASTER_RATE_HZ, channels: int = 2
) -> Audio:
    """Silence with short bursts of 3 kHz, whose onsets are found again after any codec."""
    samples = np.zeros((round(seconds * rate_hz), channels), dtype=np.float32)
    burst = np.sin(2 * np.pi * 3_000 * np.arange(rate_hz // 50) / rate_hz) * np.hanning(
        rate_hz // 50
    )
    for ms in at_ms:
        start = ms * rate_hz // 1_000
        samples[start : start + len(burst)] += 0.8 * burst[: len(samples) - start, np.newaxis]
    return Audio(samples, rate_hz)


def heard_at_ms(audio: Audio) -> list[float]:
    """Where the bursts of `clicks` are, by matched filter."""
    burst = clicks(0.02, [0], rate_hz=audio.rate_hz, channels=1).samples[:, 0]
    match = np.abs(np.correlate(np.pad(audio.mono(), (0, len(burst))), burst))
    strong = np.flatnonzero(match > 0.5 * match.max())
    groups = np.split(strong, np.flatnonzero(np.diff(strong) > audio.rate_hz // 20) + 1)
    return [float(g[match[g].argmax()]) * 1_000 / audio.rate_hz for g in groups]


def run(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout


def ffprobe(path: Path) -> dict[str, list[dict]]:
    return json.loads(
        run(
            "ffprobe",
            "-v",
            "error",
            "-of",
            "json",
            "-show_streams",
            "-show_chapters",
            "-show_format",
            path,
        )
    )


def decoded(path: Path, stream: str) -> Audio:
    """A stream of a file as a player that heeds timestamps plays it, from presentation time 0."""
    raw = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            str(path),
            "-map",
            f"0:{stream}",
            "-ac",
            "1",
            "-ar",
            "48000",
            *("-af", "aresample=async=1:first_pts=0", "-f", "f32le", "pipe:1"),
        ],
        check=True,
        capture_output=True,
    ).stdout
    return Audio.of_mono(np.frombuffer(raw, dtype=np.float32), 48_000)
