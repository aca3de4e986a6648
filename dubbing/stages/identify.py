"""Who is who in the series: the speakers of one more episode, matched to the characters so far.

Each episode adds to the cast of the episode before it and changes nothing in that: a character keeps the
voiceprint of the episode it first appeared in. So the cast of an episode depends only on the episodes up
to it, and nobody sounds different because a later episode arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dubbing.model.dub import Appearance, Cast, Character
from dubbing.model.speech import Diarization, Voiceprint
from dubbing.stages import Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "identify", 1


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    same_person: float  # the cosine similarity from which on two voiceprints are one person's


def run(work: Work, settings: Settings) -> None:
    cast = Cast(())
    if "identify" in work.inputs:
        cast = read_json(work.inputs["identify"] / "cast.json", Cast)
    diarization = read_json(work.inputs["diarize"] / "diarization.json", Diarization)
    grown = add_episode(cast, settings.episode, diarization.voiceprints, settings.same_person)
    write_json(work.out / "cast.json", grown)


def add_episode(
    cast: Cast, episode: int, voiceprints: tuple[Voiceprint, ...], same_person: float
) -> Cast:
    """The cast with an episode's speakers in it: the best one-to-one match, the rest new characters."""
    from scipy.optimize import (
        linear_sum_assignment,
    )  # slow to import: a run with nothing to do needs it not

    characters = list(cast.characters)
    matched: dict[str, int] = {}
    if characters and voiceprints:
        similarity = (
            np.array([p.embedding for p in voiceprints])
            @ np.array([c.embedding for c in characters]).T
        )
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        matched = {
            voiceprints[row].speaker: int(column)
            for row, column in zip(rows, columns, strict=True)
            if similarity[row, column] >= same_person
        }
    for voiceprint in voiceprints:
        appearance = Appearance(episode, voiceprint.speaker)
        index = matched.get(voiceprint.speaker)
        if index is not None:
            character = characters[index]
            characters[index] = replace(character, appearances=(*character.appearances, appearance))
        else:
            characters.append(
                Character(
                    name=f"c{len(characters) + 1}",
                    appearances=(appearance,),
                    embedding=voiceprint.embedding,
                    pitch_hz=voiceprint.pitch_hz,
                )
            )
    return Cast(tuple(characters))
