"""Where somebody speaks: Silero's detector, its edges then moved to where the sound itself rises and falls.

The detector (MIT, its weights travel inside faster-whisper) decides in frames of 32 ms and with some
inertia. A subtitle may start 80 ms off at most, so each edge is looked for again in the level of the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.time import Span, merge, ms_to_samples

FRAME_MS = 32  # what Silero's network decides on: 512 samples
_STEP_MS = 10  # resolution of the level that edges are looked for in

_VOICE_HZ = (200, 6000)

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VadSettings:
    """What counts as speech. The defaults are tuned for dialogue with music under it."""

    onset: float = 0.5  # a frame this probable starts speech
    offset: float = 0.3  # and one less probable than this may end it
    pause_ms: int = 260  # shorter silences are part of the speech: plosives, hesitations
    shortest_ms: int = 120  # shorter than any syllable said alone
    reach_ms: int = 240  # how far from Silero's edge the sound's own edge is looked for


_FAINT = VadSettings(onset=0.2, offset=0.1)
_DYING_MS = 600  # how long a last syllable takes to die away
_LEAST_FAINT_MS = 250  # shorter ones are clicks and breath


def probabilities(speech: Audio) -> Probabilities:
    """How probably each frame of 32 ms is speech, 0 to 1, float32 of shape (frames,).

    `speech` is mono at 16 kHz; ValueError for another rate. The last frame may be part silence.
    """
    from faster_whisper.vad import get_vad_model

    if speech.rate_hz != SPEECH_RATE_HZ:
        raise ValueError(f"speech must be at {SPEECH_RATE_HZ} Hz, not {speech.rate_hz} Hz")
    size = ms_to_samples(FRAME_MS, SPEECH_RATE_HZ)
    mono = speech.mono()
    if not len(mono):
        return np.zeros(0, dtype=np.float32)
    padded = np.pad(mono, (0, -len(mono) % size))
    return cast("Probabilities", np.asarray(get_vad_model()(padded), dtype=np.float32).ravel())


def speech_spans(
    speech: Audio, settings: VadSettings | None = None, found: Probabilities | None = None
) -> list[Span]:
    """Where somebody speaks, in order and apart, inside mono sound at 16 kHz.

    `found` is what `probabilities` gave, where the caller has it already.
    """
    settings = settings or VadSettings()
    if found is None:
        found = probabilities(speech)
    if not len(found):
        return []
    coarse = merge(_above(found, settings), gap_ms=settings.pause_ms)
    coarse = [s for s in coarse if s.duration_ms >= settings.shortest_ms]
    levels_db = _levels_db(speech)
    refined: list[Span] = []
    for index, span in enumerate(coarse):
        before_ms = refined[-1].end_ms if refined else 0
        after_ms = coarse[index + 1].start_ms if index + 1 < len(coarse) else speech.duration_ms
        refined.append(_refine(span, before_ms, after_ms, levels_db, settings.reach_ms))
    return [span for span in refined if span.duration_ms]


def all_speech(
    speech: Audio, settings: VadSettings | None = None, found: Probabilities | None = None
) -> list[Span]:
    """`speech_spans`, and faint speech: how words die away, and what is whispered or under loud music.

    Where speech starts is left as it is: breath is faint, too.
    """
    found = probabilities(speech) if found is None else found
    clear = speech_spans(speech, settings, found)
    faint = speech_spans(speech, _FAINT, found)
    reached: list[Span] = []
    for index, span in enumerate(clear):
        next_ms = clear[index + 1].start_ms if index + 1 < len(clear) else speech.duration_ms
        ends = [one.end_ms for one in faint if one.start_ms < span.end_ms < one.end_ms]
        end_ms = min(max(ends, default=span.end_ms), next_ms, span.end_ms + _DYING_MS)
        reached.append(Span(span.start_ms, end_ms))
    alone = [
        span
        for span in faint
        if span.duration_ms >= _LEAST_FAINT_MS and not any(span.overlap_ms(one) for one in reached)
    ]
    return sorted([*reached, *alone])


def _above(found: Probabilities, settings: VadSettings) -> list[Span]:
    """Runs of frames that start at the onset threshold and last above the offset threshold."""
    spans: list[Span] = []
    start: int | None = None
    for index, probability in enumerate([*found.tolist(), 0.0]):
        if start is None and probability >= settings.onset:
            start = index
        elif start is not None and probability < settings.offset:
            spans.append(Span(start * FRAME_MS, index * FRAME_MS))
            start = None
    return spans


def _levels_db(speech: Audio) -> npt.NDArray[np.float64]:
    """The level of each 10 ms in dBFS, of the band that voices fill: no rumble, no bass notes, no hiss."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(4, _VOICE_HZ, "bandpass", fs=speech.rate_hz, output="sos")
    step = ms_to_samples(_STEP_MS, speech.rate_hz)
    mono = speech.mono().astype(np.float64)
    padded = sosfiltfilt(band, np.pad(mono, (0, -len(mono) % step)), padlen=0).reshape(-1, step)
    return cast("npt.NDArray[np.float64]", 10 * np.log10(np.mean(padded**2, axis=1) + 1e-10))


def _refine(
    span: Span,
    earliest_ms: int,
    latest_ms: int,
    levels_db: npt.NDArray[np.float64],
    reach_ms: int,
) -> Span:
    """A span whose edges lie where the level leaves the floor around it, as far as that can be told."""
    count = len(levels_db)
    start, end = span.start_ms // _STEP_MS, min(count, -(-span.end_ms // _STEP_MS))
    reach = reach_ms // _STEP_MS
    low = max(-(-earliest_ms // _STEP_MS), start - reach)
    high = min(count, latest_ms // _STEP_MS, end + reach)
    inside = levels_db[start:end]
    if not len(inside):
        return span
    loud_db = float(np.percentile(inside, 90))

    first = _rise(levels_db[low : min(end, start + reach)], start - low, loud_db)
    last = _rise(levels_db[max(start, end - reach) : high][::-1], high - end, loud_db)
    start_ms = (low + first) * _STEP_MS
    end_ms = (high - last) * _STEP_MS
    if end_ms - start_ms < _STEP_MS * 4:
        return span
    return Span(start_ms, end_ms)


def _rise(levels_db: npt.NDArray[np.float64], expected: int, loud_db: float) -> int:
    """The index at which sound that was at its floor starts to rise to speech.

    The floor is what is quietest before the expected edge. Speech is louder than it by a third of
    the way to its full level.
    """
    if not len(levels_db):
        return 0
    floor_db = float(np.median(np.sort(levels_db[: max(1, expected)])[: max(1, expected // 2 + 1)]))
    threshold_db = max(floor_db + 0.3 * (loud_db - floor_db), loud_db - 35)
    above = levels_db >= threshold_db
    # The edge is the first of two loud steps in a row: a click is no speech.
    rising = np.flatnonzero(above[:-1] & above[1:])
    if not len(rising):
        return min(expected, len(levels_db))
    return int(rising[0])
