"""How characters sound that are dubbed in their own voices: their cleanest lines, as a recording to clone from.

A recording is made of the first episode in which a character appears and never changes, as its voice in the
dub must not: later episodes carry it on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dubbing.formats.digest import sha256_of
from dubbing.media import dsp, sound, takes
from dubbing.model.audio import MASTER_RATE_HZ, Audio
from dubbing.model.casting import as_people_say
from dubbing.model.dub import Bed, BedKind, Cast, Recording
from dubbing.model.job import CharacterDecision, Deliverable
from dubbing.model.speech import Diarization, Transcript, Turn, Utterance
from dubbing.model.time import ms_to_samples
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "reference", 1
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("extract"),
        Read("separate"),
        Read("diarize"),
        Read("script"),
        Read("identify"),
        Read("reference", From.BEFORE, optional=True),
    ),
    leaves=(
        Leaf("recordings.json", dict[str, Recording]),
        Leaf("*.wav", optional=True),
    ),
    deliverable=Deliverable.DUB,
)

_ENOUGH_MS = 10_000  # engines that clone listen to 3 to 12 s
_SHORTEST_MS = 800  # of a line: shorter ones are shouts and sighs
_PAUSE_MS = 150
_FRAME_MS = 20
_SURE = 0.6  # the transcriber's confidence: noise is understood badly


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    characters: tuple[str, ...]  # who speaks in their own voice
    decisions: dict[str, CharacterDecision]  # who is who


def run(work: Work, settings: Settings) -> None:
    recordings: dict[str, Recording] = {}
    if "reference" in work.inputs:
        before = work.inputs["reference"]
        recordings = read_json(before / "recordings.json", dict[str, Recording])
        for name in recordings:
            os.link(before / f"{name}.wav", work.out / f"{name}.wav")
    heard = read_json(work.inputs["identify"] / "cast.json", Cast)
    transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
    turns = read_json(work.inputs["diarize"] / "diarization.json", Diarization).turns
    speech: Audio | None = None
    for character in as_people_say(heard, settings.decisions).characters:
        speakers = character.speakers_in(settings.episode)
        if character.name not in settings.characters or character.name in recordings:
            continue
        lines = [u for u in transcript.utterances if u.speaker in speakers]
        if not lines:
            continue
        speech = speech or _speech(work)
        chosen = cleanest(lines, turns, speech)
        file = work.out / f"{character.name}.wav"
        recording = takes.join([speech.cut(u.span) for u in chosen], _PAUSE_MS)
        sound.write(file, recording)
        recordings[character.name] = Recording(
            episode=settings.episode,
            lines=tuple(u.number for u in chosen),
            sha256=sha256_of(file),
            pitch_hz=round(dsp.median_pitch_hz(recording), 1),
        )
    write_json(work.out / "recordings.json", recordings)


def cleanest(lines: Sequence[Utterance], turns: Sequence[Turn], speech: Audio) -> list[Utterance]:
    """Some ten seconds of one person's lines, in order: those with the least under them.

    Lines come first in which nobody else speaks, that are long enough and were understood; among those the ones
    whose quietest moments are furthest below their loudest: music and rooms fill them.
    """

    def flaws(line: Utterance) -> tuple[int, float]:
        others_ms = sum(t.span.overlap_ms(line.span) for t in turns if t.speaker != line.speaker)
        flawed = (
            (others_ms > 0) + (line.span.duration_ms < _SHORTEST_MS) + (line.confidence < _SURE)
        )
        return flawed, -clearance_db(speech.cut(line.span))

    chosen: list[Utterance] = []
    flawless = [line for line in lines if flaws(line)[0] == 0]
    for line in sorted(flawless or lines, key=flaws):
        if sum(c.span.duration_ms for c in chosen) < _ENOUGH_MS:
            chosen.append(line)
    return sorted(chosen, key=lambda line: line.span.start_ms)


def clearance_db(audio: Audio) -> float:
    """How far a line's quietest moments are below its loudest: its tenth against its ninetieth percentile."""
    frame = ms_to_samples(_FRAME_MS, audio.rate_hz)
    mono = audio.mono()
    count = len(mono) // frame
    if count == 0:
        return 0.0
    power = np.mean(mono[: count * frame].reshape(count, frame).astype(np.float64) ** 2, axis=1)
    quiet, loud = np.percentile(power + 1e-10, (10, 90))
    return float(10 * np.log10(loud / quiet))


def _speech(work: Work) -> Audio:
    """The episode's speech at full rate, mono: what is left when a separated bed is taken from the source."""
    source = sound.read(work.inputs["extract"] / "source.wav")
    samples = source.samples
    if read_json(work.inputs["separate"] / "bed.json", Bed).kind is BedKind.SEPARATED:
        samples = samples - sound.read(work.inputs["separate"] / "bed.wav").samples
    return Audio.of_mono(Audio(samples, source.rate_hz).mono(), MASTER_RATE_HZ)
