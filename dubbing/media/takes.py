"""Takes by pydub: silence trimmed from both ends, joined with pauses, exported as WAV.

pydub holds 16-bit samples, which is what synthesizers deliver; sound beyond full scale is clipped.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dubbing.media.sound import to_16_bit
from dubbing.model.audio import Audio

if TYPE_CHECKING:
    from pydub import AudioSegment

# A voice's last consonant is some 35 dB below its loudest vowel; a synthesizer's noise is lower.
_SILENCE_BELOW_PEAK_DB = 45.0
_STEP_MS = 5
_KEPT_MS = 20  # of silence at each end: plosives begin before they are loud, fricatives die away
_FADE_MS = 8  # within what is kept


def trim(take: Audio) -> Audio:
    """The take without the silence at its ends, of which 20 ms are kept and faded.

    Silence is what stays 45 dB below the take's own peak. A take that is all silence comes back
    with no frames at all.
    """
    from pydub.silence import detect_leading_silence

    segment = segment_of(take)
    if segment.max_dBFS == -math.inf:
        return Audio.silence(0, take.channels, take.rate_hz)
    threshold_dbfs = segment.max_dBFS - _SILENCE_BELOW_PEAK_DB
    leading_ms = detect_leading_silence(segment, threshold_dbfs, _STEP_MS)
    trailing_ms = detect_leading_silence(segment.reverse(), threshold_dbfs, _STEP_MS)
    start_ms = max(0, leading_ms - _KEPT_MS)
    end_ms = min(len(segment), len(segment) - trailing_ms + _KEPT_MS)
    kept = segment[start_ms:end_ms].fade_in(_FADE_MS).fade_out(_FADE_MS)
    return audio_of(kept)


def join(parts: Sequence[Audio], pause_ms: int) -> Audio:
    """The parts one after another with a pause between each two. All have the same rate and channels."""
    from pydub import AudioSegment

    if not parts or any(
        (part.rate_hz, part.channels) != (parts[0].rate_hz, parts[0].channels) for part in parts
    ):
        raise ValueError("parts to join must be one or more, of one rate and channel count")
    pause = AudioSegment.silent(pause_ms, frame_rate=parts[0].rate_hz)
    joined = segment_of(parts[0])
    for part in parts[1:]:
        joined = joined + pause.set_channels(parts[0].channels) + segment_of(part)
    return audio_of(joined)


def export_wav(take: Audio) -> bytes:
    """The take as a WAV file in memory, 16 bits."""
    file = io.BytesIO()
    segment_of(take).export(file, format="wav")
    return file.getvalue()


def segment_of(audio: Audio) -> AudioSegment:
    """The sound as pydub holds it."""
    from pydub import AudioSegment

    return AudioSegment(
        data=to_16_bit(audio).astype("<i2").tobytes(),
        sample_width=2,
        frame_rate=audio.rate_hz,
        channels=audio.channels,
    )


def audio_of(segment: AudioSegment) -> Audio:
    """The sound of a pydub segment: float32 of shape (frames, channels)."""
    samples = np.array(segment.set_sample_width(2).get_array_of_samples(), dtype=np.float32)
    return Audio((samples / np.float32(32768)).reshape(-1, segment.channels), segment.frame_rate)
