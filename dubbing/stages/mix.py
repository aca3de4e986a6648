"""The dub track: every take at its place over the bed, as loud as the platform asks, as long as the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dubbing.errors import Defect
from dubbing.media import dsp, ducking, loudness, sound
from dubbing.model.audio import Audio
from dubbing.model.dub import DUCK_DB, Bed, BedKind, Fit, MixReport
from dubbing.model.episode import MediaInfo
from dubbing.model.job import Deliverable, LoudnessTarget
from dubbing.model.speech import Transcript
from dubbing.model.time import ms_to_samples
from dubbing.stages import Leaf, Per, Published, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "mix", 4
STAGE = Stage(
    per=Per.LANGUAGE,
    reads=(
        Read("extract"),
        Read("separate"),
        Read("script"),
        Read("synthesize"),
        Read("probe"),
    ),
    leaves=(
        Leaf("mix.json", MixReport),
        Leaf("dub.m4a", published=Published("{name}/{tag}/{file}.{tag}.m4a", "audio")),
    ),
    deliverable=Deliverable.DUB,
    reported=True,
)

_BITRATE = 192_000
_LEVEL_RANGE_DB = 6.0  # a shout stays louder than a whisper, within reason
_CODEC_HEADROOM_DB = 0.5  # an encoder moves peaks
_MAX_ENCODINGS = 4


@dataclass(frozen=True, slots=True)
class Settings:
    loudness: LoudnessTarget


def run(work: Work, settings: Settings) -> None:
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
    fits = read_json(work.inputs["synthesize"] / "fits.json", tuple[Fit, ...])
    made = read_json(work.inputs["separate"] / "bed.json", Bed)
    source = sound.read(work.inputs["extract"] / "source.wav")
    takes = [sound.read(work.inputs["synthesize"] / f"{fit.line:04d}.wav") for fit in fits]
    spans = {u.number: u.span for u in transcript.utterances}
    originals = [source.cut(spans[fit.line]) for fit in fits]
    levels_db = line_levels_db(originals)

    bed = source
    if made.kind is BedKind.DUCKED:
        unscripted = [one.span for one in transcript.without_line]
        unscripted = [span for span in unscripted if span.start_ms < media.duration_ms]
        spoken = [*spans.values(), *unscripted]
        bed = ducking.duck(source, spoken, [fit.span for fit in fits], DUCK_DB)
    else:
        bed = sound.read(work.inputs["separate"] / "bed.wav")
    placed = [
        (fit.span.start_ms, _at_level(take, level_db, bed.channels))
        for fit, take, level_db in zip(fits, takes, levels_db, strict=True)
    ]
    programme = dsp.mix_at(bed, placed)
    if programme.frames != ms_to_samples(media.duration_ms, programme.rate_hz):
        raise Defect(f"{work.label}: the dub has {programme.frames} samples")
    report = _encode(work, settings.loudness, programme, made)
    write_json(work.out / "mix.json", report)


def line_levels_db(originals: list[Audio]) -> list[float]:
    """The level in dBFS (RMS) each line's take is given: the original's, near the middle of them all."""
    levels = [_rms_db(original) for original in originals]
    middle = float(np.median(levels)) if levels else 0.0
    return [
        float(np.clip(level, middle - _LEVEL_RANGE_DB, middle + _LEVEL_RANGE_DB))
        for level in levels
    ]


def _at_level(take: Audio, level_db: float, channels: int) -> Audio:
    gained = loudness.gain(take, level_db - _rms_db(take))
    return Audio(np.repeat(gained.samples, channels, axis=1), take.rate_hz)


def _rms_db(audio: Audio) -> float:
    power = float(np.mean(audio.samples.astype(np.float64) ** 2)) if audio.frames else 0.0
    return 10.0 * math.log10(max(power, 1e-8))


def _encode(work: Work, target: LoudnessTarget, programme: Audio, bed: Bed) -> MixReport:
    """Encodes, reads back and measures; a peak that the encoder raised too far is limited further."""
    file = work.out / "dub.m4a"
    ceiling_dbtp = target.true_peak_dbtp - _CODEC_HEADROOM_DB
    for _ in range(_MAX_ENCODINGS):
        asked = LoudnessTarget(target.integrated_lufs, target.tolerance_lu, ceiling_dbtp)
        sound.encode_aac(loudness.normalize_loudness(programme, asked), file, _BITRATE)
        heard = sound.decode(file, programme.rate_hz)
        true_peak_dbtp = loudness.true_peak_dbtp(heard)
        if true_peak_dbtp <= target.true_peak_dbtp:
            break
        ceiling_dbtp -= true_peak_dbtp - target.true_peak_dbtp + 0.1
    return MixReport(
        bed=bed.kind,
        duck_db=DUCK_DB if bed.kind is BedKind.DUCKED else 0.0,
        integrated_lufs=round(loudness.loudness_lufs(heard), 2),
        true_peak_dbtp=round(true_peak_dbtp, 2),
        duration_ms=heard.duration_ms,
        speech_left_db=bed.speech_left_db,
    )
