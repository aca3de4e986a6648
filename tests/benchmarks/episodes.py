"""Episodes whose truth is known: human speech put on a timeline, with synthesized music under it.

The speech is that of `shared/speech` beside the checkout (`manifest.json` says what is said, by whom).
Nothing here is random but for seeds, so two runs hear the same episode.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, sosfiltfilt

from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio, Samples
from dubbing.model.speech import Turn
from dubbing.model.time import Span, ms_to_samples, seconds_to_ms

SPEECH_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "speech"
DIALOGUE = "en_dialogue_pyannote_sample.flac"  # the clip with several speakers, and their turns
MUSIC_DB = -18.0  # of the music, against the speech

_STEP_MS = 10
_AUDIBLE_DB = (
    -22.0
)  # from a clip's loudest tenth: the first sound of a word, above its room's noise
_PAUSE_MS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Something said by one speaker, without music."""

    text: str
    language: str
    speaker: str
    audio: Audio  # mono, 16 kHz


@dataclass(frozen=True, slots=True)
class Line:
    """A clip on the timeline of an episode."""

    text: str
    speaker: str
    span: Span  # from the first sound of the speech to the last: measured without the music
    parts: tuple[Span, ...]  # the same without its pauses of 300 ms or more


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    audio: Audio  # 48 kHz stereo
    lines: tuple[Line, ...]

    @property
    def speech(self) -> Audio:
        """What engines hear of it: mono, 16 kHz."""
        return at_rate(Audio.of_mono(self.audio.mono(), self.audio.rate_hz), SPEECH_RATE_HZ)

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(line.speaker, part) for line in self.lines for part in line.parts)


def manifest() -> list[dict]:
    return json.loads((SPEECH_FOLDER / "manifest.json").read_text("utf-8"))


def clips(language: str) -> list[Clip]:
    """The clips of one language that have one speaker each, in the manifest's order."""
    return [
        Clip(entry["transcript"], language, entry["speaker"], read(entry["file"]))
        for entry in manifest()
        if entry["language"] == language and "turns" not in entry
    ]


def dialogue() -> tuple[Audio, str, tuple[Turn, ...]]:
    """The telephone dialogue: its sound (mono, 16 kHz), its text and its turns."""
    entry = next(entry for entry in manifest() if entry["file"] == DIALOGUE)
    turns = tuple(
        Turn(turn["speaker"], Span(seconds_to_ms(turn["start"]), seconds_to_ms(turn["end"])))
        for turn in entry["turns"]
    )
    return read(DIALOGUE), entry["transcript"], turns


def read(name: str) -> Audio:
    samples, rate_hz = soundfile.read(SPEECH_FOLDER / name, dtype="float32", always_2d=True)
    return at_rate(Audio.of_mono(samples.mean(axis=1), rate_hz), SPEECH_RATE_HZ)


def at_rate(audio: Audio, rate_hz: int) -> Audio:
    return Audio(
        np.ascontiguousarray(soxr.resample(audio.samples, audio.rate_hz, rate_hz), np.float32),
        rate_hz,
    )


def pieces(clip: Clip, longest_ms: int = 4000) -> list[Clip]:
    """A clip cut at its pauses, as made-up dialogues need it. The pieces carry no text."""
    spans: list[Span] = []
    for span in _audible(clip.audio):
        if spans and spans[-1].join(span).duration_ms <= longest_ms:
            spans[-1] = spans[-1].join(span)
        else:
            spans.append(span)
    return [Clip("", clip.language, clip.speaker, clip.audio.cut(s)) for s in spans]


def build(
    clips: Sequence[Clip],
    *,
    gaps_ms: Iterable[int] = (700, 300, 1200, 450),
    music_db: float | None = MUSIC_DB,
    lead_ms: int = 1500,
    seed: int = 1,
) -> Episode:
    """An episode of clips at one level, with the given gaps between them, over and over.

    `music_db` is the level of the music against the speech; None for none.
    """
    gaps = list(gaps_ms)
    total_ms = lead_ms + sum(c.audio.duration_ms for c in clips) + max(gaps) * (len(clips) + 1)
    voice = np.zeros(ms_to_samples(total_ms, MASTER_RATE_HZ), dtype=np.float32)
    lines: list[Line] = []
    at_ms = lead_ms
    for index, clip in enumerate(clips):
        sound = at_rate(clip.audio, MASTER_RATE_HZ).mono()
        sound = sound * (0.1 / max(1e-6, _speech_rms(sound)))
        start = ms_to_samples(at_ms, MASTER_RATE_HZ)
        voice[start : start + len(sound)] += sound
        parts = [Span(s.start_ms + at_ms, s.end_ms + at_ms) for s in _audible(clip.audio)]
        lines.append(Line(clip.text, clip.speaker, parts[0].join(parts[-1]), tuple(parts)))
        at_ms += clip.audio.duration_ms + gaps[index % len(gaps)]
    voice = voice[: ms_to_samples(at_ms + 500, MASTER_RATE_HZ)]
    mixed = np.stack([voice, voice], axis=1)
    if music_db is not None:
        mixed += music(len(voice), seed) * (0.1 * 10 ** (music_db / 20))
    return Episode(Audio(np.clip(mixed, -1, 1).astype(np.float32), MASTER_RATE_HZ), tuple(lines))


def music(frames: int, seed: int = 1) -> Samples:
    """Chords, bass, a plucked tune and a hi-hat at 96 beats a minute: float32 of shape (frames, 2), RMS 1."""
    random = np.random.default_rng(seed)
    beat = MASTER_RATE_HZ * 60 // 96
    sound = np.zeros((frames + 4 * beat, 2))
    time_s = np.arange(4 * beat) / MASTER_RATE_HZ
    chords = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))
    for bar, start in enumerate(range(0, frames, 4 * beat)):
        chord = chords[bar % len(chords)]
        swell = np.minimum(1, np.minimum(time_s / 0.3, (time_s[-1] - time_s) / 0.3 + 0.05))
        for note, side in zip((*chord, chord[0] - 24), (0.3, 0.5, 0.7, 0.5), strict=True):
            tone = sum(np.sin(2 * np.pi * _hz(note) * k * time_s) / k**1.5 for k in (1, 2, 3, 4))
            sound[start : start + 4 * beat] += np.outer(0.3 * swell * tone, (side, 1 - side))
        for step in range(8):
            at = start + step * beat // 2
            length = beat // 2
            pluck_s = time_s[:length]
            note = chord[int(random.integers(3))] + 12
            pluck = np.exp(-5 * pluck_s) * np.sin(2 * np.pi * _hz(note) * pluck_s)
            hat = np.exp(-60 * pluck_s) * random.normal(size=length)
            sound[at : at + length] += np.outer(0.6 * pluck + 0.15 * hat, (0.5, 0.5))
    sound = sound[:frames]
    return (sound / max(1e-9, np.sqrt(np.mean(sound**2)))).astype(np.float32)


def shares_right(truth: Sequence[Turn], found: Sequence[Turn], step_ms: int = 10) -> float:
    """The part of the truth's speaking time, 0 to 1, in which the speaker is right or one of those right.

    The found names are matched to the true ones one to one, as well as can be. Time in which the truth
    speaks and nobody was found counts as wrong.
    """
    from scipy.optimize import linear_sum_assignment

    names, found_names = sorted({t.speaker for t in truth}), sorted({t.speaker for t in found})
    end_ms = max(t.span.end_ms for t in (*truth, *found))
    true_frames = _frames(truth, names, end_ms, step_ms)
    found_frames = _frames(found, found_names, end_ms, step_ms)
    together = true_frames.astype(int) @ found_frames.T.astype(int)
    rows, columns = linear_sum_assignment(together, maximize=True)
    right = np.zeros(true_frames.shape[1], dtype=bool)
    for row, column in zip(rows, columns, strict=True):
        right |= true_frames[row] & found_frames[column]
    return float(right.sum() / true_frames.any(axis=0).sum())


def _frames(turns: Sequence[Turn], names: Sequence[str], end_ms: int, step_ms: int) -> np.ndarray:
    frames = np.zeros((len(names), end_ms // step_ms + 1), dtype=bool)
    for turn in turns:
        row = names.index(turn.speaker)
        frames[row, turn.span.start_ms // step_ms : turn.span.end_ms // step_ms] = True
    return frames


def _audible(audio: Audio) -> list[Span]:
    """Where a clean clip can be heard, pauses of 300 ms or more left out."""
    levels_db = _levels_db(audio)
    loud_db = np.percentile(levels_db, 90)
    room_db = np.percentile(levels_db, 5)
    threshold_db = min(max(loud_db + _AUDIBLE_DB, room_db + 6), loud_db - 8)
    loud = levels_db > threshold_db
    loud &= np.append(loud[1:], False) | np.append(False, loud[:-1])  # a click is no speech
    spans: list[Span] = []
    for index in np.flatnonzero(loud).tolist():
        span = Span(index * _STEP_MS, (index + 1) * _STEP_MS)
        if spans and spans[-1].gap_ms(span) < _PAUSE_MS:
            spans[-1] = spans[-1].join(span)
        else:
            spans.append(span)
    return [span for span in spans if span.duration_ms >= 60]


def _levels_db(audio: Audio) -> np.ndarray:
    step = ms_to_samples(_STEP_MS, audio.rate_hz)
    band = butter(4, (200, 6000), "bandpass", fs=audio.rate_hz, output="sos")  # no rumble, no hiss
    mono = sosfiltfilt(band, audio.mono().astype(np.float64))
    count = len(mono) // step
    return 10 * np.log10(np.mean(mono[: count * step].reshape(count, step) ** 2, axis=1) + 1e-10)


def _speech_rms(samples: Samples) -> float:
    """The level of the louder half: silence around speech doesn't count."""
    step = MASTER_RATE_HZ // 50
    count = max(1, len(samples) // step)
    power = np.mean(samples[: count * step].reshape(count, -1) ** 2, axis=1)
    return float(np.sqrt(np.mean(power[power >= np.median(power)])))


def _hz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)
