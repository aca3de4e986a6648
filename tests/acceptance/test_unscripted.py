"""Speech that is no line is told wherever people look, and turned down in the dub."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command import Dub
from series import tones

from dubbing.media import sound

# A line, and three whistles, of which the fake transcriber makes no words.
_LINES = [(1.0, 150, 1.5), (4.0, 2000, 0.8), (6.0, 2500, 0.5), (8.0, 1800, 1.0)]
_WHISTLES = [
    {"start_ms": round(s * 1000), "end_ms": round((s + d) * 1000)} for s, _, d in _LINES[1:]
]


@pytest.fixture(scope="module")
def whistled(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    folder = tmp_path_factory.mktemp("whistled")
    make_video(folder / "clip.mp4", seconds=10.0, audio=tones(10.0, _LINES))
    return folder


def test_speech_without_a_line_is_reported_and_turned_down(whistled: Path, tmp_path: Path) -> None:
    dub = Dub(tmp_path / "cache")
    clip = whistled / "clip.mp4"
    said = dub("run", clip, "--to", "en", "--profile", "fake", "--out", tmp_path / "out").stdout
    assert "no line" in said
    assert "2.3 s of speech have no line" in said
    (file,) = (tmp_path / "out").rglob("en/report.json")
    report = json.loads(file.read_text("utf-8"))
    assert [line["source_text"] != "" for line in report["lines"]] == [True]
    assert report["speech_without_line"] == [
        {"span": span, "why": "unsure", "heard": ""} for span in _WHISTLES
    ]
    shown = dub("report", tmp_path / "out").stdout
    assert "speech without a line" in shown
    assert all(f"{span['start_ms'] / 1000:.1f}" in shown for span in _WHISTLES)
    (track,) = (tmp_path / "out").rglob("en/*.m4a")
    heard = sound.decode(track, 48_000).mono()

    def level_db(start_ms: int, end_ms: int) -> float:
        part = heard[start_ms * 48 : end_ms * 48].astype(np.float64)
        return float(10 * np.log10(np.mean(part**2)))

    line_db = level_db(1100, 1900)
    for span in _WHISTLES:
        assert level_db(span["start_ms"] + 50, span["end_ms"] - 50) < line_db - 10


@pytest.mark.parametrize(
    ("seconds", "spoken_s"), [(4.0, [(5.0, 1.0)]), (3.0, [(4.0, 0.8), (6.5, 1.2)]), (5.0, [])]
)
def test_speech_after_the_end_of_the_picture_is_reported(
    seconds: float,
    spoken_s: list[tuple[float, float]],
    tmp_path: Path,
    make_video: Callable[..., Path],
) -> None:
    lines = [(1.0, 150, 1.5), *((start_s, 150, length_s) for start_s, length_s in spoken_s)]
    make_video(tmp_path / "clip.mp4", seconds=seconds, audio=tones(8.0, lines))
    dub = Dub(tmp_path / "cache")
    dub.run(tmp_path / "clip.mp4", "--out", tmp_path / "out", to="en")
    (file,) = (tmp_path / "out").rglob("en/report.json")
    report = json.loads(file.read_text("utf-8"))
    assert len(report["lines"]) == 1
    told = report["speech_without_line"]
    assert [one["why"] for one in told] == ["after the picture's end"] * len(spoken_s)
    for one, (start_s, length_s) in zip(told, spoken_s, strict=True):
        assert abs(one["span"]["start_ms"] - start_s * 1000) <= 60
        assert abs(one["span"]["end_ms"] - (start_s + length_s) * 1000) <= 60
        assert one["heard"]
