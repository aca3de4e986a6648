"""The producer's music-and-effects stem: read, folded down, and looked at whether it is this episode's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubbing.errors import Rejected
from dubbing.media import sound
from dubbing.media.channels import mono
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.time import Span, ms_to_samples

CHANNELS = 2
_TOLERANCE_MS = 500

_RATE_HZ = 8_000  # what is compared: no more is needed to tell one music from another
_FRAME_MS = 250
_REACH_MS = 60  # by how much two exports of one cut are apart at most
_HEARD_DB = -50.0  # frames in which either is below this say nothing
_FEWEST_FRAMES = 8  # 2 s: of less, nothing is concluded
_OTHER = 0.2  # a frame's likeness below which it is another sound
_SAME = 0.995  # and above which it is the same sound, dialogue and all
_FOREIGN_SHARE = 0.95
_SAME_SHARE = 0.9


def read(path: Path) -> Audio:
    """The stem in stereo, at the soundtrack's rate. Raises Rejected."""
    stem = sound.decode(path, MASTER_RATE_HZ, channels=CHANNELS)
    if stem.channels == CHANNELS:
        return stem
    return Audio(np.repeat(stem.samples, CHANNELS, axis=1), stem.rate_hz)


def refuse_foreign(path: Path, source: Audio, spoken: Sequence[Span] | None) -> None:
    """Raises Rejected for a stem that is not of this episode: of another length, or of other content.

    `source` is the episode's soundtrack, `spoken` where somebody speaks in it; None: nobody has listened,
    and only the length is looked at. In the pauses, the soundtrack is the stem: one that is nowhere like it
    is another's. Where somebody speaks, it is not: a stem that is like it even there is the whole mix.
    Where hardly anything sounds, nothing is concluded.
    """
    stem = read(path)
    if abs(stem.duration_ms - source.duration_ms) > _TOLERANCE_MS:
        raise Rejected(
            f"bed {path.name}",
            found=f"{stem.duration_ms} ms of sound",
            expected=f"{source.duration_ms} ms, as long as the picture",
            remedy="Deliver the music-and-effects stem of this very cut.",
        )
    if spoken is None:
        return
    likeness = _likeness(source, stem)
    frames = [Span(i * _FRAME_MS, (i + 1) * _FRAME_MS) for i in range(len(likeness))]
    said_ms = [sum(frame.overlap_ms(span) for span in spoken) for frame in frames]
    in_pauses = _known(likeness[[not ms for ms in said_ms]])
    in_speech = _known(likeness[[ms == _FRAME_MS for ms in said_ms]])
    if len(in_pauses) >= _FEWEST_FRAMES and (in_pauses < _OTHER).mean() > _FOREIGN_SHARE:
        raise Rejected(
            f"bed {path.name}",
            found="sound that is nowhere in the episode's own soundtrack",
            expected="the music and effects that are heard in this episode",
            remedy="Deliver the music-and-effects stem of this very episode.",
        )
    if len(in_speech) >= _FEWEST_FRAMES and (in_speech > _SAME).mean() > _SAME_SHARE:
        raise Rejected(
            f"bed {path.name}",
            found="the episode's whole soundtrack, with its dialogue",
            expected="music and effects without dialogue",
            remedy="Deliver the music-and-effects stem, or leave `bed` out of the release.json.",
        )


def _known(likeness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return likeness[~np.isnan(likeness)]


def _likeness(source: Audio, stem: Audio) -> npt.NDArray[np.float64]:
    """How alike two sounds are in each frame of 250 ms: the highest correlation, 0 to 1.

    NaN where either is silent. Polarity and level don't count.
    """
    sounds = [sound.resample(mono(one), _RATE_HZ).samples[:, 0] for one in (source, stem)]
    length = min(map(len, sounds))
    size, reach = ms_to_samples(_FRAME_MS, _RATE_HZ), ms_to_samples(_REACH_MS, _RATE_HZ)
    count = max(0, (length - 2 * reach) // size)
    if not count:
        return np.zeros(0)
    # The first frame begins at `reach`: against a pause of speech, 60 ms don't count.
    inner = sounds[0][reach : reach + count * size].reshape(count, size).astype(np.float64)
    wide = np.lib.stride_tricks.sliding_window_view(sounds[1], size + 2 * reach)[::size][:count]
    wide = wide.astype(np.float64)
    least = size * 10 ** (_HEARD_DB / 10)
    heard = ((inner**2).sum(axis=1) > least) & (
        (wide**2).sum(axis=1) > least * (size + 2 * reach) / size
    )
    width = 1 << int(np.ceil(np.log2(2 * size + 2 * reach)))
    products = np.fft.irfft(
        np.fft.rfft(wide, width) * np.conj(np.fft.rfft(inner, width)), width, axis=1
    )[:, : 2 * reach + 1]
    sums = np.cumsum(np.pad(wide**2, ((0, 0), (1, 0))), axis=1)
    energies = (sums[:, size:] - sums[:, :-size])[:, : 2 * reach + 1]
    own = (inner**2).sum(axis=1, keepdims=True)
    likeness = (np.abs(products) / np.sqrt(np.maximum(own * energies, 1e-12))).max(axis=1)
    return np.where(heard, likeness, np.nan)
