"""What is said: words with their times."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media import sound
from dubbing.model.service import Queue
from dubbing.model.speech import Word
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "transcribe", 1
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("separate"),),
    leaves=(Leaf("words.json", tuple[Word, ...]),),
    queue=Queue.ASR,
)


@dataclass(frozen=True, slots=True)
class Settings:
    transcriber: str
    language: str


def run(work: Work, settings: Settings) -> None:
    speech = sound.read(work.inputs["separate"] / "speech.wav")
    with work.engines.transcriber(settings.transcriber) as transcriber:
        words = transcriber.transcribe(speech, settings.language)
    write_json(work.out / "words.json", words)
