"""Who speaks when, and how each speaker sounds."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media import sound
from dubbing.model.service import Queue
from dubbing.model.speech import Diarization
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "diarize", 1
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("separate"),),
    leaves=(Leaf("diarization.json", Diarization),),
    queue=Queue.ASR,
)


@dataclass(frozen=True, slots=True)
class Settings:
    diarizer: str


def run(work: Work, settings: Settings) -> None:
    speech = sound.read(work.inputs["separate"] / "speech.wav")
    with work.engines.diarizer(settings.diarizer) as diarizer:
        diarization = diarizer.diarize(speech)
    write_json(work.out / "diarization.json", diarization)
