"""What is said: words with their times, and the speech of which no words were made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dubbing.media import sound
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.review import SpeechWithoutLine, Unscripted
from dubbing.model.service import Queue
from dubbing.model.speech import Hearing, text_of
from dubbing.model.time import Span
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import write_json

NAME, VERSION = "transcribe", 3
STAGE = Stage(
    per=Per.EPISODE,
    reads=(Read("separate"), Read("extract")),
    leaves=(Leaf("hearing.json", Hearing),),
    queue=Queue.ASR,
)


@dataclass(frozen=True, slots=True)
class Settings:
    transcriber: str
    language: str


def run(work: Work, settings: Settings) -> None:
    speech = sound.read(work.inputs["separate"] / "speech.wav")
    tail = work.inputs["extract"] / "tail.wav"
    with work.engines.transcriber(settings.transcriber) as transcriber:
        hearing = transcriber.transcribe(speech, settings.language)
        if tail.exists():
            after = transcriber.transcribe(_as_heard(sound.read(tail)), settings.language)
            hearing = after_picture(hearing, after, speech.duration_ms, settings.language)
    write_json(work.out / "hearing.json", hearing)


def _as_heard(tail: Audio) -> Audio:
    return sound.resample(Audio.of_mono(tail.mono(), tail.rate_hz), SPEECH_RATE_HZ)


def after_picture(hearing: Hearing, after: Hearing, end_ms: int, language: str) -> Hearing:
    """A hearing, and what is said after the picture's end, where no line can be."""
    spans = [Span(span.start_ms + end_ms, span.end_ms + end_ms) for span in after.speech]
    unscripted = [
        SpeechWithoutLine(
            shifted,
            Unscripted.AFTER_PICTURE,
            text_of([w for w in after.words if span.contains(w.span.start_ms)], language),
        )
        for shifted, span in zip(spans, after.speech, strict=True)
    ]
    return replace(
        hearing,
        speech=(*hearing.speech, *spans),
        without_words=(*hearing.without_words, *unscripted),
    )
