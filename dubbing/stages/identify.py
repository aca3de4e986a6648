"""Who is who in the series: the speakers of one more episode, matched to the characters so far.

Each episode adds to the cast of the episode before it and changes nothing in that. So who somebody is
depends only on the episodes up to it, and nobody becomes somebody else because a later episode arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dubbing.errors import Rejected
from dubbing.model.casting import voice_of
from dubbing.model.dub import Appearance, Cast, Character
from dubbing.model.speech import Diarization, Voiceprint
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "identify", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("diarize"),
        Read("identify", From.BEFORE, optional=True),
    ),
    leaves=(Leaf("cast.json", Cast),),
    reported=True,
)

# What a speaker has to be like somebody who is in the episode already, to be the same person heard as two,
# above what makes two appearances one person's. `tests/benchmarks/bench_casting.py` shows what it does.
_HEARD_TWICE = 0.15


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    same_person: float  # the cosine similarity from which on two voiceprints are one person's
    speakers: Mapping[str, str] = field(
        default_factory=dict
    )  # of this episode -> who people say it is
    # Whom people speak of as heard. Empty before the release's last episode: they may still appear.
    characters: tuple[str, ...] = ()


def run(work: Work, settings: Settings) -> None:
    cast = Cast(())
    if "identify" in work.inputs:
        cast = read_json(work.inputs["identify"] / "cast.json", Cast)
    diarization = read_json(work.inputs["diarize"] / "diarization.json", Diarization)
    grown = add_episode(cast, settings.episode, diarization.voiceprints, settings.same_person)
    _refuse_unheard(settings, (v.speaker for v in diarization.voiceprints), grown, work.label)
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
    return Cast(tuple(characters))


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
    known = [character.name for character in cast.characters]
    unheard = [name for name in settings.characters if name not in known]
    if unheard:
        raise Rejected(
            "cast.toml",
            found=f"{', '.join(unheard)}, whom nobody heard up to {label}, the last episode",
            expected=f"characters of this series: {', '.join(known)}",
            remedy="Correct the name, or take the entry out.",
        )
