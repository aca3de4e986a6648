"""The sound of an episode: lines spoken one after another, over music made of sines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from dubbing.demo.series import Scene
from dubbing.media import dsp
from dubbing.media.sound import resample
from dubbing.media.takes import trim
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.job import LoudnessTarget
from dubbing.model.time import Span, ms_to_samples

FRAME_MS = 40  # of the picture: lines begin on a frame, so that a test can ask for frames

_KEPT_MS = 20  # of silence, which `trim` leaves at each end of a take
_INTRO_MS = 2800
_OUTRO_MS = 3400
_LINE_LUFS = -20.0
_MUSIC_BELOW_SPEECH_LU = 18.0
_PROGRAMME = LoudnessTarget(integrated_lufs=-16.0, true_peak_dbtp=-1.5)

_CHORD_S = 4.0
_NOTE = re.compile(r"([A-G]#?)(\d)")
_SEMITONES = {
    name: i
    for i, name in enumerate(["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"])
}
_Stereo = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Soundtrack:
    audio: Audio  # 48 kHz stereo
    spans: tuple[Span, ...]  # where each line is spoken, to 5 ms


def make_soundtrack(scene: Scene, takes: Sequence[Audio]) -> Soundtrack:
    """An episode's lines, as spoken, over its music. `takes` are mono, one a line, in order."""
    spans: list[Span] = []
    placed: list[tuple[int, Audio]] = []
    position_ms = _INTRO_MS
    for line, take in zip(scene.lines, takes, strict=True):
        spoken = resample(trim(take), MASTER_RATE_HZ)
        start_ms = _next_frame_ms(position_ms + line.pause_ms)
        spans.append(Span(start_ms, start_ms + spoken.duration_ms - 2 * _KEPT_MS))
        level_db = _LINE_LUFS - dsp.loudness_lufs(spoken)
        placed.append((start_ms - _KEPT_MS, dsp.gain(spoken, level_db)))
        position_ms = spans[-1].end_ms
    end_ms = _next_frame_ms(position_ms + _OUTRO_MS)
    music = make_music(scene.chords, end_ms)
    mixed = dsp.mix_at(music, placed)
    return Soundtrack(dsp.normalize_loudness(mixed, _PROGRAMME), tuple(spans))


def make_music(chords: Sequence[str], duration_ms: int) -> Audio:
    """A slow pad and a plucked figure over the chords, again and again: 48 kHz stereo, faded at both ends."""
    frames = ms_to_samples(duration_ms, MASTER_RATE_HZ)
    chord_frames = round(_CHORD_S * MASTER_RATE_HZ)
    mix: _Stereo = np.zeros((frames + 2 * chord_frames, 2))
    for index, start in enumerate(range(0, frames, chord_frames)):
        bass, *notes = (_frequency_hz(note) for note in chords[index % len(chords)].split())
        _add(mix, start, _pad((bass, *notes)))
        for step in range(8):
            pluck = _pluck(notes[(0, 1, 2, 1, 2, 0, 1, 2)[step]] * (2 if step == 4 else 1))
            left = 0.5 + 0.35 * np.cos(step * np.pi / 2)
            for echo in range(3):  # each later, softer, and on the other side
                delay = round((step * _CHORD_S / 8 + echo * 0.375) * MASTER_RATE_HZ)
                side = left if echo % 2 == 0 else 1 - left
                _add(mix, start + delay, 0.35**echo * pluck[:, np.newaxis] * [side, 1 - side])
    mix = mix[:frames] * _fades(frames, fade_s=1.5)[:, np.newaxis]
    music = Audio(np.ascontiguousarray(mix, dtype=np.float32), MASTER_RATE_HZ)
    target_lufs = _LINE_LUFS - _MUSIC_BELOW_SPEECH_LU
    return dsp.gain(music, target_lufs - dsp.loudness_lufs(music))


@cache
def _pad(frequencies_hz: tuple[float, ...]) -> _Stereo:
    """Strings, roughly: three detuned voices a note, the two sides a little apart."""
    seconds = np.arange(round((_CHORD_S + 1.5) * MASTER_RATE_HZ)) / MASTER_RATE_HZ
    sides = []
    for side in (-1, 1):
        sound = np.zeros_like(seconds)
        for frequency_hz in frequencies_hz:
            for detuned in (0.997, 1.0 + side * 0.001, 1.003):
                phase = 2 * np.pi * frequency_hz * detuned * seconds + side * 0.7
                sound += np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.1 * np.sin(3 * phase)
        sides.append(sound)
    swell = 1 + 0.15 * np.sin(2 * np.pi * 0.25 * seconds)
    envelope = _fades(len(seconds), fade_s=1.5) * swell
    return 0.08 * np.stack(sides, axis=1) * envelope[:, np.newaxis]


@cache
def _pluck(frequency_hz: float) -> npt.NDArray[np.float64]:
    seconds = np.arange(round(1.6 * MASTER_RATE_HZ)) / MASTER_RATE_HZ
    tone = np.zeros_like(seconds)
    for harmonic, level in ((1, 1.0), (2, 0.4), (3, 0.15), (4, 0.08)):
        decay = np.exp(-seconds * (2.2 + 1.4 * harmonic))
        tone += level * decay * np.sin(2 * np.pi * harmonic * frequency_hz * seconds)
    return 0.5 * tone * np.minimum(1, seconds / 0.004)


def _fades(frames: int, fade_s: float) -> npt.NDArray[np.float64]:
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, round(fade_s * MASTER_RATE_HZ)))
    envelope = np.ones(frames)
    envelope[: len(ramp)] *= ramp[:frames]
    envelope[-len(ramp) :] *= ramp[::-1][-frames:]
    return envelope


def _add(mix: _Stereo, start: int, sound: _Stereo) -> None:
    end = min(len(mix), start + len(sound))
    mix[start:end] += sound[: end - start]


def _frequency_hz(note: str) -> float:
    """The pitch of a note such as A4 (440 Hz) in equal temperament."""
    match = _NOTE.fullmatch(note)
    if match is None:
        raise ValueError(f"{note!r} is not a note such as A4 or C#3")
    semitones = _SEMITONES[match[1]] - 9 + 12 * (int(match[2]) - 4)
    return float(440.0 * 2.0 ** (semitones / 12))


def _next_frame_ms(ms: int) -> int:
    return -(-ms // FRAME_MS) * FRAME_MS
