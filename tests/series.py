"""A small series of tones, which the fake engines hear as speech."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dubbing.model.audio import Audio

RATE_HZ = 48_000
# (start s, pitch Hz, length s): three people, one of them only in the first episode.
EPISODES: Mapping[str, tuple[float, list[tuple[float, float, float]]]] = {
    "a.mp4": (12.0, [(1.0, 150, 1.5), (3.2, 220, 2.0), (6.0, 150, 0.6), (7.1, 310, 3.1)]),
    "b.mp4": (9.0, [(0.5, 220, 1.0), (2.0, 150, 2.5), (6.0, 150, 1.2)]),
}


def tones(seconds: float, lines: Sequence[tuple[float, float, float]]) -> Audio:
    """Speech as the fakes hear it, in stereo over a quiet chord that differs left and right."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    music = 0.004 * np.sin(2 * np.pi * 330 * time)
    voice = np.zeros_like(time)
    for start_s, pitch_hz, length_s in lines:
        inside = (time >= start_s) & (time < start_s + length_s)
        edge = np.minimum(time - start_s, start_s + length_s - time) / 0.01
        voice += inside * np.clip(edge, 0, 1) * 0.3 * np.sin(2 * np.pi * pitch_hz * time)
    return Audio(np.stack([voice + music, voice - music], axis=1).astype(np.float32), RATE_HZ)


def make_series(folder: Path, make_video: Callable[..., Path]) -> Path:
    """The series as a release, with a glossary."""
    folder.mkdir(parents=True)
    for name, (seconds, lines) in EPISODES.items():
        make_video(folder / name, seconds=seconds, audio=tones(seconds, lines))
    (folder / "glossary.csv").write_text("source,language,target,note\n你,en,Thou,\n", "utf-8")
    document = {
        "schema": 1,
        "release": "fated",
        "title": "Fated <Love> [/b]",
        "source_language": "zh",
        "episodes": [{"number": i, "video": v} for i, v in enumerate(EPISODES, start=1)],
        "glossary": "glossary.csv",
    }
    (folder / "release.json").write_text(json.dumps(document))
    return folder
