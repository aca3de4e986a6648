"""Who is who in the series: the speakers of one more episode, matched to the characters so far.

Each episode adds to the cast of the episode before it and changes nothing in that. So who somebody is
depends only on the episodes up to it, and nobody becomes somebody else because a later episode arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dubbing.errors import Rejected
from dubbing.media import dsp, sound, takes
from dubbing.model.audio import Audio
from dubbing.model.casting import voice_of
from dubbing.model.dub import Appearance, Cast, Character
from dubbing.model.speech import Diarization, Transcript, Voiceprint
from dubbing.model.time import Span
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "identify", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("diarize"),
        Read("script", optional=True),
        Read("separate", optional=True),
        Read("identify", From.BEFORE, optional=True),
    ),
    leaves=(Leaf("cast.json", Cast),),
    reported=True,
)

# What a speaker has to be like somebody who is in the episode already, to be the same person heard as two,
# above what makes two appearances one person's. `tests/benchmarks/bench_casting.py` shows what it does.
_HEARD_TWICE = 0.15
_PAUSE_MS = 150  # between lines of one person, put together to be measured


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    same_person: float  # the cosine similarity from which on two voiceprints are one person's
    speakers: Mapping[str, str] = field(
        default_factory=dict
    )  # of this episode -> who people say it is
    # Whom people speak of as heard. Empty before the release's last episode: they may still appear.
    characters: tuple[str, ...] = ()
    new_speakers: tuple[str, ...] = ()  # whom people named in corrections of this episode's lines


def run(work: Work, settings: Settings) -> None:
    cast = Cast(())
    if "identify" in work.inputs:
        cast = read_json(work.inputs["identify"] / "cast.json", Cast)
    diarization = read_json(work.inputs["diarize"] / "diarization.json", Diarization)
    grown = add_episode(cast, settings.episode, diarization.voiceprints, settings.same_person)
    if settings.new_speakers:
        transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
        speech = sound.read(work.inputs["separate"] / "speech.wav")
        size = len(diarization.voiceprints[0].embedding) if diarization.voiceprints else 0
        for name in settings.new_speakers:
            lines = [u.span for u in transcript.utterances if u.speaker == name]
            if lines:
                grown = _with_named(grown, settings.episode, name, lines, speech, size)
    here = [*(v.speaker for v in diarization.voiceprints), *settings.new_speakers]
    _refuse_unheard(settings, here, grown, work.label)
    write_json(work.out / "cast.json", grown)


def add_episode(
    cast: Cast, episode: int, voiceprints: Sequence[Voiceprint], same_person: float
) -> Cast:
    """The cast with an episode's speakers in it.

    They are matched to the characters so far, one to one and as well as can be. `same_person` is the cosine
    similarity from which on two voiceprints are one person's. Who is left is somebody in the episode heard as two, if
    that is beyond doubt, or else somebody new.
    """
    heard = [
        Appearance(episode, v.speaker, v.embedding, v.pitch_hz, v.speech_ms) for v in voiceprints
    ]
    matched = _matched(cast.characters, heard, same_person)
    characters = list(cast.characters)
    for appearance, index in zip(heard, matched, strict=True):
        if index is None:
            characters.append(Character(f"c{len(characters) + 1}", (appearance,)))
        else:
            known = characters[index]
            characters[index] = replace(known, appearances=(*known.appearances, appearance))
    return replace(cast, characters=tuple(characters))


def _with_named(
    cast: Cast, episode: int, name: str, lines: Sequence[Span], speech: Audio, size: int
) -> Cast:
    """The cast with somebody in it whom people named: how they sound is measured in the lines that are theirs."""
    pitch_hz = dsp.median_pitch_hz(takes.join([speech.cut(span) for span in lines], _PAUSE_MS))
    spoken_ms = sum(span.duration_ms for span in lines)
    here = Appearance(episode, name, (0.0,) * size, pitch_hz, spoken_ms)
    people = {character.name: character for character in cast.named}
    before = people[name].appearances if name in people else ()
    people[name] = Character(name, (*before, here))
    return replace(cast, named=tuple(people.values()))


def _matched(
    characters: Sequence[Character], heard: Sequence[Appearance], same_person: float
) -> list[int | None]:
    """The index of each speaker's character, None if it is nobody known."""
    from scipy.optimize import (
        linear_sum_assignment,
    )  # slow to import: a run with nothing to do needs it not

    matched: list[int | None] = [None] * len(heard)
    if not characters or not heard:
        return matched
    known = np.array([voice_of(character.appearances) for character in characters])
    similarity = np.array([a.embedding for a in heard]) @ known.T
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if similarity[row, column] >= same_person:
            matched[row] = int(column)
    here = [index for index in matched if index is not None]
    for row, index in enumerate(matched):
        if index is None and here:
            best = max(here, key=lambda column: float(similarity[row, column]))
            if similarity[row, best] >= same_person + _HEARD_TWICE:
                matched[row] = best
    return matched


def _refuse_unheard(settings: Settings, here: Iterable[str], cast: Cast, label: str) -> None:
    """Raises Rejected where people speak of a speaker, or of a character, whom nobody heard."""
    speakers = sorted(here)
    for speaker, name in settings.speakers.items():
        if speaker not in speakers:
            raise Rejected(
                f"cast.toml, {name}.speakers",
                found=f"{speaker} in {label}",
                expected=f"one of its speakers: {', '.join(speakers)}",
                remedy="Look the speaker up in the episode's report.",
            )
    known = [character.name for character in (*cast.characters, *cast.named)]
    unheard = [name for name in settings.characters if name not in known]
    if unheard:
        raise Rejected(
            "cast.toml",
            found=f"{', '.join(unheard)}, whom nobody heard up to {label}, the last episode",
            expected=f"characters of this series: {', '.join(known)}",
            remedy="Correct the name, or take the entry out.",
        )
