"""Which voice each character has in a language: one that is near in pitch, and nobody else's.

Voices are given in order of first appearance and never taken back, so that a character sounds the same
in every episode. A person's decision goes first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dubbing.model.dub import Cast, CastVoice, Character, Voicing
from dubbing.stages import Work
from dubbing.store.artifacts import read_json, write_json
from voices import Voice

NAME, VERSION = "cast", 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided: a character's voice in this language."""

    character: str
    voice: str


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    voices: tuple[Voice, ...]  # all that speak the language, in the catalogue's order
    decisions: tuple[Decision, ...]


def run(work: Work, settings: Settings) -> None:
    cast = read_json(work.inputs["identify"] / "cast.json", Cast)
    given = give_voices(cast.characters, settings.voices, settings.decisions)
    voicing = Voicing(
        {
            speaker: CastVoice(character.name, given[character.name])
            for character in cast.characters
            if (speaker := character.speaker_in(settings.episode)) is not None
        }
    )
    write_json(work.out / "voicing.json", voicing)


def give_voices(
    characters: Sequence[Character], voices: Sequence[Voice], decisions: Sequence[Decision] = ()
) -> dict[str, str]:
    """Character -> voice. Voices must not be empty.

    While a voice is free it is given to nobody twice; after that, to characters who do not meet in the
    episode where the later one first appears, and then to whom it fits best. Only that episode counts:
    what comes later in the series must not change a voice that was given.
    """
    decided = {decision.character: decision.voice for decision in decisions}
    given: dict[str, str] = {}
    for character in characters:
        if character.name in decided:
            given[character.name] = decided[character.name]
            continue

        def cost(voice: Voice, character: Character = character) -> tuple[int, int, float]:
            holders = [c for c in characters if given.get(c.name) == voice.name]
            reserved = sum(1 for name in decided.values() if name == voice.name)
            first = character.appearances[0].episode
            together = sum(1 for c in holders if c.speaker_in(first) is not None)
            return together + reserved, len(holders), _distance(character, voice)

        given[character.name] = min(voices, key=cost).name
    return given


def _distance(character: Character, voice: Voice) -> float:
    """How far apart in pitch, in octaves; 0 if the character's pitch is not known."""
    if character.pitch_hz <= 0:
        return 0.0
    return abs(math.log2(character.pitch_hz / voice.pitch_hz))
