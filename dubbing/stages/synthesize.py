"""Every line spoken by its character's voice, and fitted to its utterance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from dubbing.engines import lines
from dubbing.engines.ports import Port, TranslationRequest
from dubbing.engines.translating import amounts
from dubbing.engines.translating.routes import Hop
from dubbing.media import dsp, sound
from dubbing.model.audio import Audio
from dubbing.model.dub import OWN, Fit, Recording, Voicing
from dubbing.model.episode import MediaInfo
from dubbing.model.fitting import MARGIN_MS, Shorten, ask, settle, slots
from dubbing.model.job import Deliverable, OwnVoice
from dubbing.model.service import Gate, Queue
from dubbing.model.speech import Line, Script
from dubbing.model.time import Span, ms_to_samples
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json
from voices import Voice

NAME, VERSION = "synthesize", 7
STAGE = Stage(
    per=Per.LANGUAGE,
    reads=(
        Read("translate"),
        Read("cast"),
        Read("probe"),
        Read("reference", optional=True),
    ),
    leaves=(
        Leaf("fits.json", tuple[Fit, ...]),
        Leaf("*.wav", optional=True),
    ),
    deliverable=Deliverable.DUB,
    reported=True,
    queue=Queue.TTS,
    gate=Gate.TRANSLATION,
)
_MAX_SHORTENINGS = 2


@dataclass(frozen=True, slots=True)
class Settings:
    language: str
    synthesizer: str
    stand_in: bool  # the synthesizer is a last resort
    voices: tuple[Voice, ...]  # all that the cast may name
    own: Mapping[str, OwnVoice]  # characters that speak in their own voices
    route: tuple[Hop, ...]  # for shorter translations


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A line's last take, before it is stretched."""

    line: Line
    text: str
    voice: Voice
    slot: Span
    natural_ms: int
    speed: float
    take: lines.Take
    shortened: bool


def run(work: Work, settings: Settings) -> None:
    script = read_json(work.inputs["translate"] / "script.json", Script)
    voicing = read_json(work.inputs["cast"] / "voicing.json", Voicing)
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    voices = _voices(work, settings)
    room = slots([line.span for line in script.lines], media.duration_ms)

    def speak(index: int) -> _Spoken:
        line = script.lines[index]
        cast = voicing.speakers[line.speaker]
        key = cast.character if cast.voice == OWN else cast.voice
        return _speak(work, settings, line, voices[key], room[index])

    info = work.engines.info(Port.SYNTHESIZER, settings.synthesizer)
    spoken = []
    with ThreadPoolExecutor(max(os.cpu_count() or 1, info.together)) as pool:
        for one in pool.map(speak, range(len(script.lines))):
            spoken.append(one)
            work.progress(len(spoken), len(script.lines))

    fits: list[Fit] = []
    for one in spoken:
        fit = settle(
            line=one.line.number,
            text=one.text,
            voice=one.voice.name,
            natural_ms=one.natural_ms,
            spoken_ms=one.take.duration_ms,
            speed=one.speed,
            utterance=one.line.span,
            slot=one.slot,
            free_from_ms=max((f.span.end_ms + MARGIN_MS for f in fits), default=0),
            end_ms=media.duration_ms,
            shortened=one.shortened,
            stand_in=settings.stand_in,
        )
        fits.append(fit)
        sound.write(work.out / f"{fit.line:04d}.wav", _fitted(one.take.audio(), fit))
    write_json(work.out / "fits.json", tuple(fits))


def _voices(work: Work, settings: Settings) -> dict[str, Voice]:
    """The bank's by their names, and characters' own by the characters'."""
    voices = {voice.name: voice for voice in settings.voices}
    if settings.own:
        folder = work.inputs["reference"]
        for name, found in read_json(folder / "recordings.json", dict[str, Recording]).items():
            if name in settings.own:
                allowed = settings.own[name]
                voices[name] = lines.own_voice(name, allowed, found.pitch_hz, found.sha256)
    return voices


def _speak(work: Work, settings: Settings, line: Line, voice: Voice, slot: Span) -> _Spoken:
    text = line.text
    natural = _take(work, settings, voice, text, 1.0)
    shortenings = 0
    # What people wrote is spoken as it stands, and what nobody translated; nobody translates half a sentence.
    may_shorten = bool(line.engines) and not line.by_people and not line.sentence
    while isinstance(
        asked := ask(natural.duration_ms, text, slot, may_shorten=may_shorten), Shorten
    ):
        shortenings += 1
        may_shorten = shortenings < _MAX_SHORTENINGS
        shorter = _shorter(work, settings, line, asked.max_chars)
        if len(shorter) < len(text) and not _loses_numbers(settings, line, text, shorter):
            text = shorter
            natural = _take(work, settings, voice, text, 1.0)
    take = natural
    if asked.speed != 1.0:
        take = _take(work, settings, voice, text, asked.speed)
    return _Spoken(
        line=line,
        text=text,
        voice=voice,
        slot=slot,
        natural_ms=natural.duration_ms,
        speed=asked.speed,
        take=take,
        shortened=text != line.text,
    )


def _take(work: Work, settings: Settings, voice: Voice, text: str, speed: float) -> lines.Take:
    recording = work.inputs["reference"] / voice.reference if voice.name == OWN else None
    return lines.speak(
        work.engines,
        work.store,
        settings.synthesizer,
        voice,
        text,
        settings.language,
        speed,
        recording,
    )


def _loses_numbers(settings: Settings, line: Line, text: str, shorter: str) -> bool:
    """Whether a shorter translation lacks a number that the longer one has."""
    source = settings.route[0].source
    missing = amounts.changed(line.source_text, shorter, source, settings.language)
    return bool(
        set(missing) - set(amounts.changed(line.source_text, text, source, settings.language))
    )


def _shorter(work: Work, settings: Settings, line: Line, max_chars: int) -> str:
    request = TranslationRequest(line.source_text, line.terms, max_chars)
    return lines.translate(work.engines, work.store, settings.route, [request])[0].text


def _fitted(take: Audio, fit: Fit) -> Audio:
    """The take at its tempo, to the millisecond as long as its span: what differs is silence."""
    stretched = dsp.stretch(take, fit.stretch) if fit.stretch != 1.0 else take
    frames = ms_to_samples(fit.span.duration_ms, take.rate_hz)
    samples = np.zeros((frames, take.channels), dtype=np.float32)
    kept = min(frames, stretched.frames)
    samples[:kept] = stretched.samples[:kept]
    return Audio(samples, take.rate_hz)
