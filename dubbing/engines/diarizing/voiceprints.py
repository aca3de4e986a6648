"""What every diarizer returns: speakers in order of first appearance, with a voiceprint each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dubbing.media.dsp import median_pitch_hz
from dubbing.model.audio import Audio
from dubbing.model.speech import Diarization, Turn, Voiceprint

Vectors = npt.NDArray[np.float32]  # the last axis of unit length


def named(
    turns: Sequence[Turn], speech: Audio, embeddings: Mapping[str, npt.NDArray[Any]]
) -> Diarization:
    """The turns with speakers named s1, s2, ... by first appearance, and a voiceprint of each.

    `turns` are in order, `speech` is mono at 16 kHz; `embeddings` are of the speakers of the turns, of shape (n,)
    and of any length.
    """
    order = list(dict.fromkeys(turn.speaker for turn in turns))
    names = {speaker: f"s{number}" for number, speaker in enumerate(order, start=1)}
    voiceprints = []
    for speaker, name in names.items():
        spans = [turn.span for turn in turns if turn.speaker == speaker]
        spoken = np.concatenate([speech.cut(span).mono() for span in spans])
        voiceprints.append(
            Voiceprint(
                name,
                embedding=tuple(round(float(x), 6) for x in unit(embeddings[speaker])),
                pitch_hz=round(median_pitch_hz(Audio.of_mono(spoken, speech.rate_hz)), 1),
                speech_ms=sum(span.duration_ms for span in spans),
            )
        )
    return Diarization(
        tuple(Turn(names[turn.speaker], turn.span) for turn in turns), tuple(voiceprints)
    )


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """Vectors of length 1, along the last axis."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return cast("Vectors", (vectors / np.maximum(length, 1e-12)).astype(np.float32))
