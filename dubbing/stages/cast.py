"""Which voice each character has in a language: one that is like its own, and nobody else's.

Voices are given in order of first appearance and never taken back, so that a character sounds the same
in every episode: only the episode where somebody first appears counts. A person's decision goes before all,
and takes no voice away from anybody else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dubbing.model.casting import as_people_say, same_as
from dubbing.model.dub import OWN, Cast, CastVoice, Character, Voicing
from dubbing.model.job import CharacterDecision, Deliverable
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json
from voices import Voice

NAME, VERSION = "cast", 2
STAGE = Stage(
    per=Per.LANGUAGE,
    reads=(Read("identify"),),
    leaves=(Leaf("voicing.json", Voicing),),
    deliverable=Deliverable.DUB,
    reported=True,
)

_ALIKE_OCTAVES = 0.25  # voices nearer than that in pitch are hard to tell apart in one scene


@dataclass(frozen=True, slots=True)
class Settings:
    episode: int
    language: str
    voices: tuple[Voice, ...]  # all that speak the language, in the catalogue's order
    decisions: Mapping[str, CharacterDecision]  # of this language alone
    given: Mapping[str, str] = field(default_factory=dict)  # character -> voice, as published
    own: tuple[str, ...] = ()  # characters that speak in their own voices


def run(work: Work, settings: Settings) -> None:
    heard = read_json(work.inputs["identify"] / "cast.json", Cast)
    cast = as_people_say(heard, settings.decisions)
    given = give_voices(heard, cast, settings.voices, settings.given)
    decided = {
        same_as(name, settings.decisions): decision.voices[settings.language]
        for name, decision in settings.decisions.items()
        if settings.language in decision.voices
    }
    decided |= dict.fromkeys(settings.own, OWN)
    voicing = Voicing(
        {
            speaker: CastVoice(character.name, decided.get(character.name, given[character.name]))
            for character in cast.characters
            for speaker in character.speakers_in(settings.episode)
        }
    )
    write_json(work.out / "voicing.json", voicing)


def give_voices(
    heard: Cast, cast: Cast, voices: Sequence[Voice], before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Character -> voice, for all of a cast. Voices must not be empty.

    `heard` is the cast as the machine knows it: its characters are given their voices first, so that what people
    join or tell apart (`cast`) changes nobody else's voice. `before` are voices that were given in an earlier release
    and stay, if they can still be had.
    """
    by_name = {voice.name: voice for voice in voices}
    given = {name: by_name[v].name for name, v in (before or {}).items() if v in by_name}
    known: list[Character] = []
    for character in (*heard.characters, *cast.characters):
        if character.name not in given:
            first = character.appearances[0].episode
            others = [c for c in known if c.appearances[0].episode <= first]
            given[character.name] = _best(character, others, given, voices)
        known.append(character)
    return given


def _best(
    character: Character,
    others: Sequence[Character],
    given: Mapping[str, str],
    voices: Sequence[Voice],
) -> str:
    """The voice for somebody new. In this order: nobody's of the same scene, of the same gender, the one that the
    fewest have, and then the nearest in pitch that is unlike those of the same scene."""
    first = character.appearances[0].episode
    scene = [given[c.name] for c in others if c.speakers_in(first) and c.name != character.name]
    holders = [given[c.name] for c in others if c.name != character.name]
    heard_with = [voice for voice in voices if voice.name in scene]

    def cost(voice: Voice) -> tuple[int, bool, int, float]:
        crossing = bool(character.gender) and voice.gender != character.gender
        nearest = min((_octaves(voice.pitch_hz, v.pitch_hz) for v in heard_with), default=1.0)
        unlike = max(0.0, _ALIKE_OCTAVES - nearest)
        distance = _octaves(character.pitch_hz, voice.pitch_hz)
        return scene.count(voice.name), crossing, holders.count(voice.name), distance + unlike

    return min(voices, key=cost).name


def _octaves(one_hz: float, other_hz: float) -> float:
    """How far apart in pitch; 0 if one is not known."""
    if one_hz <= 0 or other_hz <= 0:
        return 0.0
    return abs(math.log2(one_hz / other_hz))
