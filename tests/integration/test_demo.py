"""The demo series: what is made is what its truth says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubbing.demo.build import build_demo
from dubbing.demo.picture import HEIGHT, WIDTH, Subtitle, render_episode
from dubbing.demo.series import load_series
from dubbing.demo.soundtrack import FRAME_MS, make_music, make_soundtrack
from dubbing.formats.release_json import read_release
from dubbing.media import dsp, ffmpeg
from dubbing.media.sound import parse_wav
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.time import Span

_RATE_HZ = 24_000


def test_the_shipped_scene_is_a_scene() -> None:
    series = load_series()
    names = {person.name for person in series.characters}
    assert len(series.episodes) == 2
    for scene in series.episodes:
        assert {line.speaker for line in scene.lines} == names
        assert 7 <= len(scene.lines) <= 9
        assert all(line.pause_ms >= 700 for line in scene.lines[1:])
    assert {language for term in series.terms for language in term.targets} == {
        "en",
        "pt-BR",
        "es-419",
    }


def test_lines_start_on_frames_and_music_is_18_lu_below_them() -> None:
    scene = load_series().episodes[0]
    takes = [_tone(1000 + 130 * i) for i in range(len(scene.lines))]
    soundtrack = make_soundtrack(scene, takes)
    again = make_soundtrack(scene, takes)
    np.testing.assert_array_equal(soundtrack.audio.samples, again.audio.samples)
    for i, (span, line) in enumerate(zip(soundtrack.spans, scene.lines, strict=True)):
        assert span.start_ms % FRAME_MS == 0
        assert span.duration_ms == pytest.approx(1000 + 130 * i, abs=10)
        if i:
            assert line.pause_ms <= soundtrack.spans[i - 1].gap_ms(span) < line.pause_ms + FRAME_MS
    assert soundtrack.audio.channels == 2
    assert soundtrack.audio.duration_ms % FRAME_MS == 0
    assert dsp.loudness_lufs(soundtrack.audio) == pytest.approx(-16, abs=0.3)
    assert dsp.true_peak_dbtp(soundtrack.audio) <= -1.5 + 0.05
    between = soundtrack.audio.cut(
        Span(soundtrack.spans[3].end_ms + 100, soundtrack.spans[4].start_ms - 100)
    )
    during = soundtrack.audio.cut(soundtrack.spans[3])
    assert dsp.loudness_lufs(during) - dsp.loudness_lufs(between) == pytest.approx(18, abs=4)


def test_music_is_stereo_and_ends_in_silence() -> None:
    music = make_music(["A2 C4 E4 A4", "F2 C4 F4 A4"], 9000)
    assert music.duration_ms == 9000
    left, right = music.samples.T
    assert 0.2 < np.corrcoef(left, right)[0, 1] < 0.98
    assert np.abs(music.samples[[0, -1]]).max() < 1e-4
    assert dsp.loudness_lufs(music) == pytest.approx(-38, abs=0.1)


def test_subtitles_are_burned_in_inside_the_safe_area(tmp_path: Path) -> None:
    series = load_series()
    scene = series.episodes[0]
    video = tmp_path / "a folder, with 'odd' [letters].mp4"
    subtitle = Subtitle("小美", Span(1000, 2000), "我的戒指，是妈妈去世之前给我的。")
    render_episode(
        series, scene, [subtitle], Audio.silence(3 * MASTER_RATE_HZ, 2, MASTER_RATE_HZ), video
    )
    assert [path.name for path in tmp_path.iterdir()] == [video.name]
    silent, speaking = (_frame(video, at_ms) for at_ms in (500, 1500))
    bright = (speaking.astype(int) > 220) & (silent < 120)
    rows, columns = np.nonzero(bright)
    assert len(rows) > 2000  # pixels: the letters are there
    assert rows.max() <= 0.65 * HEIGHT
    assert rows.min() >= 0.14 * HEIGHT
    assert columns.min() >= 0.06 * WIDTH
    assert columns.max() <= 0.87 * WIDTH


@pytest.mark.models
def test_a_release_is_made_once_and_is_what_its_truth_says(tmp_path: Path) -> None:
    series = load_series()
    scene = replace(series.episodes[0], lines=series.episodes[0].lines[:2])
    short = replace(series, episodes=(scene,))
    told: list[str] = []
    demo = build_demo(tmp_path, lambda what, _done, _total: told.append(what), series=short)
    assert demo.built
    assert len(told) >= 3
    release = read_release(demo.release)
    assert release.source_language == "zh"
    assert {term.source for term in release.glossary} == {term.source for term in series.terms}
    truth = json.loads(demo.truth.read_text("utf-8"))
    (episode,) = truth["episodes"]
    assert [line["text"] for line in episode["lines"]] == [line.text for line in scene.lines]
    sound = _sound(release.episodes[0].video)
    assert sound.duration_ms == pytest.approx(episode["duration_ms"], abs=30)
    for line in episode["lines"]:
        before = sound.cut(Span(line["start_ms"] - 300, line["start_ms"] - 20))
        within = sound.cut(Span(line["start_ms"], line["end_ms"]))
        assert dsp.loudness_lufs(within) - dsp.loudness_lufs(before) > 10
    # Only the release folder is for `dub run`; nothing else is to be seen beside it.
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        series.release
    ]
    stamps = {path: path.stat().st_mtime_ns for path in demo.release.iterdir()}
    assert not build_demo(tmp_path, series=short).built
    assert stamps == {path: path.stat().st_mtime_ns for path in demo.release.iterdir()}
    first = release.episodes[0].video.read_bytes()
    release.episodes[0].video.write_bytes(b"damaged")
    assert build_demo(tmp_path, series=short).built
    assert release.episodes[0].video.read_bytes() == first


def _tone(duration_ms: int) -> Audio:
    """A vowel, roughly, between two silences."""
    seconds = np.arange(duration_ms * _RATE_HZ // 1000) / _RATE_HZ
    tone = 0.3 * sum(np.sin(2 * np.pi * 180 * k * seconds) / k for k in range(1, 8))
    silence = np.zeros(_RATE_HZ // 2)
    return Audio.of_mono(np.concatenate([silence, tone, silence]), _RATE_HZ)


def _frame(video: Path, at_ms: int) -> np.ndarray:
    """The brightness of one picture: uint8 of shape (height, width)."""
    arguments = ["-ss", str(at_ms / 1000), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray"]
    raw = ffmpeg.collect([ffmpeg.File(video)], arguments, timeout_s=60)
    return np.frombuffer(raw, dtype=np.uint8).reshape(HEIGHT, WIDTH)


def _sound(video: Path) -> Audio:
    arguments = ["-map", "0:a", "-c:a", "pcm_f32le", "-f", "wav"]
    return parse_wav(ffmpeg.collect([ffmpeg.File(video)], arguments, timeout_s=60))
