"""Speech for the listening engines, and the bed that the dub will lie on.

The bed is the producer's stem where there is one, else what the separator leaves if that is clean, else the
source itself, to be ducked where somebody speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media import channels, sound, stems
from dubbing.media.leakage import speech_left_db
from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio
from dubbing.model.dub import Bed, BedKind, bed_of
from dubbing.model.episode import MediaInfo
from dubbing.model.service import Queue
from dubbing.model.time import ms_to_samples
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "separate", 3
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("extract"),
        Read("probe"),
        Read("bed", From.RELEASE, optional=True),
    ),
    leaves=(
        Leaf("speech.wav"),
        Leaf("bed.json", Bed),
        Leaf("bed.wav", optional=True),
    ),
    reported=True,
    queue=Queue.ASR,
)


@dataclass(frozen=True, slots=True)
class Settings:
    separator: str


def run(work: Work, settings: Settings) -> None:
    source = sound.read(work.inputs["extract"] / "source.wav")
    speech = source
    bed = Bed(BedKind.DUCKED)
    if "bed" in work.inputs:
        media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
        sound.write(work.out / "bed.wav", _stem(work, media.duration_ms))
        bed = Bed(BedKind.STEM)
    else:
        with work.engines.separator(settings.separator) as separator:
            separation = separator.separate(source)
        if separation is not None:
            speech = separation.speech
            bed = bed_of(speech_left_db(speech, separation.bed))
            if bed.kind is BedKind.SEPARATED:
                sound.write(work.out / "bed.wav", separation.bed)
    heard = sound.resample(channels.mono(speech), SPEECH_RATE_HZ)
    sound.write(work.out / "speech.wav", heard)
    write_json(work.out / "bed.json", bed)


def _stem(work: Work, duration_ms: int) -> Audio:
    """The producer's stem at the soundtrack's rate, channels and length. The probe has looked at it."""
    stem = stems.read(work.inputs["bed"])
    fitted = Audio.silence(ms_to_samples(duration_ms, MASTER_RATE_HZ), stem.channels, stem.rate_hz)
    frames = min(fitted.frames, stem.frames)
    fitted.samples[:frames] = stem.samples[:frames]
    return fitted
