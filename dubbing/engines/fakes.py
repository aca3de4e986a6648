"""Deterministic engines without weights: every port, in milliseconds, on any machine.

They answer from the content they are given, never from a clock or a random number, so that tests of
what surrounds an engine (store, pipeline, queue, mux) see real data flow at the speed of arithmetic.
Speech is whatever is loud; a speaker is a pitch; a word is 200 ms.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dubbing.engines.ports import (
    EngineInfo,
    Port,
    Separation,
    Translation,
    TranslationRequest,
    Weightless,
)
from dubbing.engines.synthesizing.spoken import spoken
from dubbing.media import sound
from dubbing.model.audio import Audio, Samples
from dubbing.model.review import SpeechWithoutLine, Unscripted
from dubbing.model.speech import Diarization, Hearing, Turn, Voiceprint, Word
from dubbing.model.time import Span, merge, ms_to_samples

_LANGUAGES = ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "pt-BR", "th", "vi", "zh")
_WORD_MS = 200
_FRAME_MS = 20
_LOUD = 0.02  # RMS above which a frame is speech: -34 dBFS
_WHISTLE_HZ = 1500  # no voice is as high
_HANZI = "你我他她是不在有人来去看听说想爱恨回家走吧好真的谁知道"
_SYLLABLES = [
    "la",
    "mi",
    "so",
    "re",
    "do",
    "fa",
    "ti",
    "na",
    "ke",
    "vo",
    "su",
    "ba",
    "lo",
    "pe",
    "ri",
    "mu",
]
_TAKE_RATE_HZ = 24_000
_MS_PER_CHARACTER = 60


class _Fake(Weightless):
    """What all fakes share: nothing to load, nothing to free."""

    port: Port

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="fake",
            port=self.port,
            revision="1",
            languages=frozenset(),
            licence="Apache-2.0",
            commercial=True,
            note="Makes no sense on purpose: for tests and drills.",
        )


class FakeSeparator(_Fake):
    """Calls the middle of the stereo picture speech and the rest the bed: they add up exactly."""

    port = Port.SEPARATOR

    def separate(self, audio: Audio) -> Separation | None:
        middle = np.repeat(audio.mono()[:, np.newaxis], audio.channels, axis=1)
        return Separation(
            speech=Audio(middle, audio.rate_hz), bed=Audio(audio.samples - middle, audio.rate_hz)
        )


class FakeDiarizer(_Fake):
    """A speaker is a pitch, in steps of a third of an octave, read off the zero crossings."""

    port = Port.DIARIZER
    same_person = 0.99

    def diarize(self, speech: Audio) -> Diarization:
        speakers: dict[int, str] = {}
        turns: list[Turn] = []
        pitches: dict[str, list[float]] = {}
        for span in _loud_spans(speech):
            pitch_hz = _crossings_hz(speech.cut(span))
            step = round(3 * np.log2(max(pitch_hz, 1.0)))
            speaker = speakers.setdefault(step, f"s{len(speakers) + 1}")
            turns.append(Turn(speaker, span))
            pitches.setdefault(speaker, []).append(pitch_hz)
        prints = tuple(
            Voiceprint(
                speaker,
                embedding=_unit_vector(str(step)),
                pitch_hz=float(np.median(pitches[speaker])),
                speech_ms=sum(t.span.duration_ms for t in turns if t.speaker == speaker),
            )
            for step, speaker in speakers.items()
        )
        return Diarization(tuple(turns), prints)


class FakeTranscriber(_Fake):
    """One character for each 200 ms that are loud, chosen by where they stand. It makes no words of a whistle."""

    port = Port.TRANSCRIBER

    def transcribe(self, speech: Audio, language: str) -> Hearing:
        spaced = language.split("-")[0] not in {"zh", "ja", "th"}
        words: list[Word] = []
        without: list[SpeechWithoutLine] = []
        loud = _loud_spans(speech)
        for span in loud:
            if _crossings_hz(speech.cut(span)) > _WHISTLE_HZ:
                without.append(SpeechWithoutLine(span, Unscripted.UNSURE))
                continue
            starts = range(span.start_ms, span.end_ms, _WORD_MS)
            for start_ms in starts:
                number = start_ms // _WORD_MS
                text = _SYLLABLES[number % 16] if spaced else _HANZI[number % len(_HANZI)]
                if start_ms == starts[-1]:
                    text += "." if spaced else "。"
                word_span = Span(start_ms, min(start_ms + _WORD_MS, span.end_ms))
                words.append(Word(text, word_span, confidence=0.99))
        return Hearing(tuple(words), tuple(loud), tuple(without))


class FakeTranslator(_Fake):
    """Two syllables for each character; the same in every target but for the tag at the front."""

    port = Port.TRANSLATOR

    @property
    def pairs(self) -> Mapping[tuple[str, str], float]:
        return dict.fromkeys(itertools.permutations(_LANGUAGES, 2), 0.5)

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        if source == target:
            raise ValueError(f"nothing to translate from {source} to {target}")
        return [_babble(request, target) for request in requests]


class FakeSynthesizer(_Fake):
    """A beep for each character: 60 ms each at speed 1, at a pitch that is the voice's own, or its recording's."""

    port = Port.SYNTHESIZER

    @property
    def info(self) -> EngineInfo:
        own: EngineInfo = super().info
        return replace(own, clones=True)

    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        if not 0.5 <= speed <= 2.0:
            raise ValueError(f"speed {speed} is not between 0.5 and 2.0")
        if not spoken(text, language):
            return Audio.silence(ms_to_samples(_FRAME_MS, _TAKE_RATE_HZ), 1, _TAKE_RATE_HZ)
        frames = ms_to_samples(round(_MS_PER_CHARACTER * len(text) / speed), _TAKE_RATE_HZ)
        time = np.arange(frames) / _TAKE_RATE_HZ
        recording = Path(voice)
        pitch_hz = float(100 + _digest(voice) % 200)
        if recording.is_file():
            pitch_hz = _crossings_hz(sound.read(recording))
        syllables = 0.6 + 0.4 * np.abs(np.sin(np.pi * time * speed * 1000 / _MS_PER_CHARACTER))
        return Audio.of_mono(0.3 * syllables * np.sin(2 * np.pi * pitch_hz * time), _TAKE_RATE_HZ)


def _loud_spans(speech: Audio) -> list[Span]:
    frame = ms_to_samples(_FRAME_MS, speech.rate_hz)
    count = speech.frames // frame
    frames = speech.mono()[: count * frame].reshape(count, frame)
    loud = np.sqrt(np.mean(frames**2, axis=1)) > _LOUD
    spans = [Span(i * _FRAME_MS, (i + 1) * _FRAME_MS) for i in np.flatnonzero(loud).tolist()]
    return [span for span in merge(spans, gap_ms=200) if span.duration_ms >= 100]


def _crossings_hz(audio: Audio) -> float:
    samples: Samples = audio.mono()
    crossings = int(np.count_nonzero(np.diff(np.signbit(samples))))
    return crossings / 2 * audio.rate_hz / max(1, len(samples))


def _babble(request: TranslationRequest, target: str) -> Translation:
    words = list(_syllables(request.text))
    limit = request.max_chars or 10_000
    while len(words) > 1 and len(" ".join(words)) + 1 > limit:
        words.pop()
    text = " ".join([target.split("-")[0], *words])
    for term in request.terms:
        text += f" {term.target}"
    notes = (f"over {limit} characters",) if len(text) + 1 > limit else ()
    return Translation(text + ".", notes)


def _syllables(text: str) -> Iterator[str]:
    for character in text:
        if character.isalnum():
            yield _SYLLABLES[ord(character) % 16] + _SYLLABLES[ord(character) // 16 % 16]


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _unit_vector(text: str) -> tuple[float, ...]:
    vector = np.random.default_rng(_digest(text)).normal(size=32)
    return tuple(float(x) for x in vector / np.linalg.norm(vector))
