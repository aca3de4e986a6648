"""What is said: words with their times, and the speech of which no words were made."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media import sound
from dubbing.model.service import Queue
from dubbing.model.speech import Hearing
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "transcribe", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("separate"),),
    leaves=(Leaf("hearing.json", Hearing),),
    queue=Queue.ASR,
)


@dataclass(frozen=True, slots=True)
class Settings:
    transcriber: str
    language: str


def run(work: Work, settings: Settings) -> None:
    speech = sound.read(work.inputs["separate"] / "speech.wav")
    with work.engines.transcriber(settings.transcriber) as transcriber:
        hearing = transcriber.transcribe(speech, settings.language)
    write_json(work.out / "hearing.json", hearing)
