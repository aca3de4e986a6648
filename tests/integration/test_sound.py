"""Sound through files, encoders and ffmpeg's filters, measured by what comes out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import Rejected
from dubbing.media import dsp, ffmpeg, sound
from dubbing.model.audio import Audio
from dubbing.model.job import LoudnessTarget


def speechlike(seconds: float, *, pitch_hz: float = 140.0, rate_hz: int = 48_000) -> Audio:
    """Syllables of a buzzing voice, a little hiss, and pauses: four syllables a second."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    syllables = np.clip(np.sin(2 * np.pi * 4 * t), 0, None) ** 0.5 * (
        0.6 + 0.4 * np.sin(2 * np.pi * 0.3 * t)
    )
    wave = sum(np.sin(2 * np.pi * k * pitch_hz * t + k) / k for k in range(1, 25))
    hiss = np.random.default_rng(0).standard_normal(len(t)) * 0.01
    return Audio.of_mono(0.15 * syllables * wave + hiss, rate_hz)


def stereo(audio: Audio) -> Audio:
    return Audio(np.repeat(audio.samples, 2, axis=1), audio.rate_hz)


def beeps(seconds: float, at_s: list[float], rate_hz: int) -> Audio:
    samples = np.zeros(round(seconds * rate_hz))
    beep = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(rate_hz // 20) / rate_hz)
    for s in at_s:
        samples[round(s * rate_hz) : round(s * rate_hz) + len(beep)] = beep
    return Audio.of_mono(samples, rate_hz)


def sounding_ms(audio: Audio) -> list[tuple[float, float]]:
    """Start and end of each stretch louder than 0.4 of the peak."""
    envelope = np.abs(audio.mono())
    loud = np.flatnonzero(envelope > 0.4 * envelope.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > audio.rate_hz // 50) + 1)
    return [(g[0] * 1_000 / audio.rate_hz, g[-1] * 1_000 / audio.rate_hz) for g in groups]


def ebur128(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, by ffmpeg's meter."""
    said = subprocess.run(
        [
            "ffmpeg",
            "-nostats",
            "-i",
            str(path),
            "-map",
            "0:a:0",
            "-af",
            "ebur128=peak=true",
            "-f",
            "null",
            "-",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    summary = said[said.rindex("Summary:") :]
    integrated = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    assert integrated
    assert peak
    return float(integrated[1]), float(peak[1])


def test_sixteen_bits_clip_and_never_wrap(tmp_path: Path) -> None:
    loud = Audio(
        np.array([[1.5], [-1.5], [1.0], [-1.0], [0.5], [0.99999]], dtype=np.float32), 48_000
    )
    sound.write(tmp_path / "a.wav", loud)
    np.testing.assert_allclose(
        sound.read(tmp_path / "a.wav").samples[:, 0], [1, -1, 1, -1, 0.5, 1], atol=1 / 32_000
    )


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100])
def test_resampling_keeps_place_and_length(rate_hz: int) -> None:
    original = beeps(2.0, [0.25, 1.5], 48_000)
    resampled = sound.resample(original, rate_hz)
    assert resampled.frames == 2 * rate_hz
    for (start, end), (start_then, end_then) in zip(
        sounding_ms(resampled), sounding_ms(original), strict=True
    ):
        assert start == pytest.approx(start_then, abs=0.3)
        assert end == pytest.approx(end_then, abs=0.3)


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("frames", [1_000, 48_000, 100_001])
def test_aac_gives_back_as_much_as_it_took_and_in_place(
    tmp_path: Path, rate_hz: int, frames: int
) -> None:
    original = Audio.silence(frames, 2, rate_hz)
    at = frames // 2
    original.samples[at : at + 48] = np.hanning(48)[:, np.newaxis] * 0.9
    sound.encode_aac(original, tmp_path / "a.m4a")
    decoded = sound.decode(tmp_path / "a.m4a", rate_hz)
    assert decoded.frames == frames
    assert decoded.channels == 2
    lag = np.correlate(decoded.samples[:, 0], original.samples[at : at + 48, 0]).argmax() - at
    assert abs(lag) * 1_000 / rate_hz < 1.0


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_stems_of_all_kinds_decode(tmp_path: Path, codec: str) -> None:
    original = stereo(speechlike(2.0, rate_hz=44_100))
    sound.write(tmp_path / "a.wav", original)
    file = tmp_path / f"b.{codec}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), str(file)], check=True)
    decoded = sound.decode(file, 48_000)
    assert (decoded.rate_hz, decoded.channels) == (48_000, 2)
    assert decoded.duration_ms == pytest.approx(2_000, abs=1 if codec != "mp3" else 60)
    assert dsp.loudness_lufs(decoded) == pytest.approx(
        dsp.loudness_lufs(original), abs=0.3 if codec != "mp3" else 1.0
    )


def test_what_is_no_sound_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound at all " * 50)
    with pytest.raises(Rejected, match="expected a sound file"):
        sound.decode(tmp_path / "a.wav", 48_000)
    with pytest.raises(Rejected, match="no such file"):
        sound.decode(tmp_path / "b.wav", 48_000)


@pytest.mark.parametrize("target", [LoudnessTarget(), LoudnessTarget(-23.0, 1.0, -2.0)])
def test_another_meter_agrees_on_the_loudness_reached(
    tmp_path: Path, target: LoudnessTarget
) -> None:
    programme = stereo(speechlike(10.0))
    sound.write(tmp_path / "a.wav", dsp.normalize_loudness(programme, target))
    integrated_lufs, peak_dbtp = ebur128(tmp_path / "a.wav")
    assert integrated_lufs == pytest.approx(target.integrated_lufs, abs=0.3)
    assert peak_dbtp <= target.true_peak_dbtp + 0.15  # the meter rounds to 0.1


def test_another_meter_agrees_on_any_sound(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for number, level in enumerate([0.02, 0.2, 0.5]):
        audio = Audio((rng.standard_normal((48_000 * 4, 2)) * level / 3).astype(np.float32), 48_000)
        file = tmp_path / f"{number}.wav"
        sound.write(file, audio)
        integrated_lufs, peak_dbtp = ebur128(file)
        assert dsp.loudness_lufs(sound.read(file)) == pytest.approx(integrated_lufs, abs=0.15)
        assert dsp.true_peak_dbtp(sound.read(file)) == pytest.approx(peak_dbtp, abs=0.4)


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
@pytest.mark.parametrize("tempo", [0.9, 1.05, 1.2, 1.4])
def test_stretched_sound_is_in_place_at_every_tempo(tempo: float, rate_hz: int) -> None:
    original = beeps(3.0, [0.0, 0.5, 1.7, 2.95], rate_hz)  # from the first sample to the last
    stretched = dsp.stretch(original, tempo)
    assert stretched.frames == round(original.frames / tempo)
    heard = sounding_ms(stretched)
    assert len(heard) == 4
    for (start, end), (start_then, end_then) in zip(heard, sounding_ms(original), strict=True):
        assert start == pytest.approx(start_then / tempo, abs=1)
        assert end == pytest.approx(end_then / tempo, abs=5)


@pytest.mark.parametrize("tempo", [0.9, 1.15, 1.4])
def test_stretching_keeps_pitch_loudness_and_channels(tempo: float) -> None:
    original = stereo(speechlike(3.0, pitch_hz=180))
    stretched = dsp.stretch(original, tempo)
    assert stretched.channels == 2
    np.testing.assert_allclose(stretched.samples[:, 0], stretched.samples[:, 1], atol=1e-4)
    assert dsp.median_pitch_hz(stretched) == pytest.approx(180, rel=0.03)
    assert dsp.loudness_lufs(stretched) == pytest.approx(dsp.loudness_lufs(original), abs=1.5)
    assert stretched.samples.tobytes() == dsp.stretch(original, tempo).samples.tobytes()


def test_a_stretch_of_one_or_of_nothing_changes_nothing() -> None:
    audio = speechlike(0.5)
    assert dsp.stretch(audio, 1.0) is audio
    assert dsp.stretch(Audio.silence(0, 1, 48_000), 1.2).frames == 0
    assert dsp.stretch(Audio.silence(10, 1, 48_000), 1.25).frames == 8
    with pytest.raises(ValueError, match="outside"):
        dsp.stretch(audio, 3.0)


def test_pitch_of_a_synthesizer_s_voices() -> None:
    low = sound.parse_wav(ffmpeg.espeak("Good evening. I have been waiting.", voice="en-us"))
    high = sound.parse_wav(ffmpeg.espeak("Good evening. I have been waiting.", voice="en-us+f4"))
    assert 60 < dsp.median_pitch_hz(low) < 140
    assert 150 < dsp.median_pitch_hz(high) < 260
