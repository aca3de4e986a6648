"""How calm the bed under a dub is, and how much of the original's speech is heard in it.

An episode of human speech with music is dubbed by the embedded engines. From its report follow the gains of
the ducked original: as they are now, and as they were at first (pauses over 400 ms came up, within 250 ms, and
speech that no take covers was no further down). Speech is where the VAD hears it in the original.
Run it from the root of the checkout: python tests/benchmarks/bench_duck.py [VIDEO]...
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from runs import Command, make_release, speech_episode

from dubbing.engines import vad
from dubbing.media import sound
from dubbing.media.channels import mono
from dubbing.media.ducking import Envelope, envelope, gains_of
from dubbing.media.inspecting import probe
from dubbing.media.soundtrack import extract_audio
from dubbing.model.audio import SPEECH_RATE_HZ
from dubbing.model.dub import DUCK_DB
from dubbing.model.report import EpisodeReport
from dubbing.model.time import Span, merge, ms_to_samples
from dubbing.store.artifacts import read_json

RATE_HZ = 1_000  # of the envelopes that are measured
FULL_DB = -6.0  # original speech that is less turned down than this is at full level


def main(videos: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if not videos:
            videos = [make_release(root / "speech", speech_episode()) / "ep.mp4"]
        for video in videos:
            out = root / f"{video.stem}-dub"
            Command(root / "cache").run(video, "en", "--out", out)
            (report,) = out.glob("*/en/report.json")
            _show(video, read_json(report, EpisodeReport), root)


def _show(video: Path, report: EpisodeReport, folder: Path) -> None:
    extract_audio(video, folder / "source.wav", probe(video, "zh"))
    heard = sound.resample(mono(sound.read(folder / "source.wav")), SPEECH_RATE_HZ)
    speech = vad.speech_spans(heard)
    spoken = [line.utterance for line in report.lines]
    spoken += [one.span for one in report.speech_without_line]
    takes = [line.sounds for line in report.lines if line.sounds is not None]
    before = envelope(
        ms_to_samples(report.duration_ms, RATE_HZ),
        RATE_HZ,
        merge((line.utterance for line in report.lines), gap_ms=400),
        DUCK_DB,
        release_ms=250,
    )
    now = gains_of(len(before), RATE_HZ, spoken, takes, DUCK_DB)
    print(f"{video.name}: {report.duration_ms / 1000:.1f} s, {len(report.lines)} lines")
    print(
        f"{'':8}{'swings > 6 dB a minute':>24}{'speech at full level':>22}{'speech alone above -30 dB':>27}"
    )
    for name, gains in (("before", before), ("now", now)):
        minute = 60_000 / report.duration_ms
        print(
            f"{name:8}{swings(gains) * minute:>24.1f}{seconds_above(gains, speech, FULL_DB):>20.2f} s"
            f"{seconds_above(gains, speech, -30.0, takes):>25.2f} s"
        )


def swings(gains: Envelope, least_db: float = 6.0) -> int:
    """How often the gain goes up or down by more than `least_db`, from one turning point to the next."""
    levels_db = 20.0 * np.log10(np.maximum(gains.astype(np.float64), 1e-6))
    count, falling, turning_db = 0, False, 0.0
    for level_db in levels_db.tolist():
        moved_db = level_db - turning_db if falling else turning_db - level_db
        if moved_db > least_db:
            count, falling, turning_db = count + 1, not falling, level_db
        elif moved_db < 0:
            turning_db = level_db
    return count


def seconds_above(
    gains: Envelope, speech: list[Span], level_db: float, takes: list[Span] | None = None
) -> float:
    """How long the original speaks with a gain above a level; where takes are given, only outside of them."""
    counts = np.zeros(len(gains), dtype=bool)
    for span in speech:
        counts[span.start_ms : span.end_ms] = True
    for take in takes or ():
        counts[take.start_ms : take.end_ms] = False
    return float(np.count_nonzero(counts & (gains > 10 ** (level_db / 20)))) / RATE_HZ


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
