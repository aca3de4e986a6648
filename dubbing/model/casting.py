"""Who is who in a series, as people decided it: an overlay over what the machine heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dubbing.model.dub import Appearance, Cast, Character
from dubbing.model.job import CharacterDecision

# Of an appearance, at most: a long episode must not outweigh all the others.
_MOST_WEIGHT_MS = 20_000

Vector = npt.NDArray[np.float64]


def as_people_say(cast: Cast, decisions: Mapping[str, CharacterDecision]) -> Cast:
    """The cast with characters joined and told apart as people decided.

    Whoever was told apart from a character may be meant by that character's later appearances too: those go
    to whom of the two they are more like.
    """
    said = {(s.episode, s.speaker): name for name, d in decisions.items() for s in d.speakers}
    people: dict[str, list[Appearance]] = {c.name: [] for c in cast.characters}
    for character in cast.characters:
        _divide(character, said, people)
    for character in cast.named:
        for appearance in character.appearances:
            name = said.get((appearance.episode, appearance.speaker), character.name)
            people.setdefault(name, []).append(appearance)
    joined: dict[str, list[Appearance]] = {}
    for name, appearances in people.items():
        joined.setdefault(same_as(name, decisions), []).extend(appearances)
    return Cast(
        tuple(
            Character(name, tuple(sorted(found, key=lambda a: a.episode)))
            for name, found in joined.items()
            if found
        )
    )


def same_as(name: str, decisions: Mapping[str, CharacterDecision]) -> str:
    """Who a character is after all. Raises ValueError if it is said in a circle."""
    seen = [name]
    while name in decisions and decisions[name].same_as:
        name = decisions[name].same_as
        if name in seen:
            raise ValueError(f"{', '.join(seen)} are the same as each other in a circle")
        seen.append(name)
    return name


def spoken_of(decisions: Mapping[str, CharacterDecision]) -> tuple[str, ...]:
    """The characters of whom people decided something, without those that they made of speakers themselves."""
    said = {*decisions, *(d.same_as for d in decisions.values() if d.same_as)}
    made = {name for name, decision in decisions.items() if decision.speakers}
    return tuple(sorted(said - made))


def _divide(
    character: Character,
    said: Mapping[tuple[int, str], str],
    people: dict[str, list[Appearance]],
) -> None:
    """Gives each appearance of a character to whom it is, in order of episode."""
    own: list[Appearance] = []
    others: dict[str, list[Appearance]] = {}  # who was told apart from this character
    for appearance in character.appearances:
        name = said.get((appearance.episode, appearance.speaker))
        if name is None:
            candidates = {name: found for name, found in others.items() if found}
            if own or not candidates:
                candidates[character.name] = own
            name = max(candidates, key=lambda n: _likeness(appearance, candidates[n]))
        (own if name == character.name else others.setdefault(name, [])).append(appearance)
    people[character.name] += own
    for name, found in others.items():
        people.setdefault(name, []).extend(found)


def _likeness(appearance: Appearance, others: Sequence[Appearance]) -> float:
    return float(np.array(appearance.embedding) @ voice_of(others)) if others else -1.0


def voice_of(appearances: Iterable[Appearance]) -> Vector:
    """What appearances have in common: a vector of unit length."""
    total = sum(np.array(a.embedding) * min(a.speech_ms, _MOST_WEIGHT_MS) for a in appearances)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12))
