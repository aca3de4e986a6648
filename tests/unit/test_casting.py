"""Who is who in the series, and who speaks with which voice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dubbing.model.dub import Cast
from dubbing.model.speech import Voiceprint
from dubbing.stages.cast import Decision, give_voices
from dubbing.stages.identify import add_episode
from voices import Gender, Voice


def voiceprint(
    speaker: str, person: int, pitch_hz: float = 150.0, noise: float = 0.05
) -> Voiceprint:
    rng = np.random.default_rng([person, *speaker.encode()])
    vector = np.eye(8)[person] + noise * rng.normal(size=8)
    return Voiceprint(speaker, tuple(vector / np.linalg.norm(vector)), pitch_hz, 5000)


def voice(name: str, pitch_hz: float) -> Voice:
    return Voice(name, "fake", name, ("en",), Gender.FEMALE, pitch_hz, "Apache-2.0")


def test_the_same_person_is_the_same_character_in_the_next_episode() -> None:
    cast = add_episode(Cast(()), 1, (voiceprint("s1", 0), voiceprint("s2", 1)), 0.7)
    cast = add_episode(cast, 2, (voiceprint("s1", 1), voiceprint("s2", 2)), 0.7)
    assert [(c.name, c.speaker_in(1), c.speaker_in(2)) for c in cast.characters] == [
        ("c1", "s1", None),
        ("c2", "s2", "s1"),
        ("c3", None, "s2"),
    ]


def test_two_speakers_of_one_episode_are_never_one_character() -> None:
    cast = add_episode(Cast(()), 1, (voiceprint("s1", 0),), 0.7)
    cast = add_episode(cast, 2, (voiceprint("s1", 0), voiceprint("s2", 0)), 0.7)
    assert sum(c.speaker_in(2) is not None for c in cast.characters) == 2


episodes = st.lists(
    st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True), min_size=1, max_size=6
)
BANK = [voice(f"v{i}", 90.0 + 40 * i) for i in range(4)]


def _grow(series: list[list[int]]) -> list[Cast]:
    casts, cast = [], Cast(())
    for number, people in enumerate(series, start=1):
        prints = tuple(
            voiceprint(f"s{i}", person, 100.0 + 25 * person)
            for i, person in enumerate(people, start=1)
        )
        cast = add_episode(cast, number, prints, 0.7)
        casts.append(cast)
    return casts


@given(episodes)
def test_a_later_episode_changes_no_voice(series: list[list[int]]) -> None:
    given_so_far: dict[str, str] = {}
    for cast in _grow(series):
        now = give_voices(cast.characters, BANK)
        assert given_so_far.items() <= now.items()
        given_so_far = now


@given(episodes)
def test_nobody_shares_a_voice_while_one_is_free(series: list[list[int]]) -> None:
    characters = _grow(series)[-1].characters
    voices = give_voices(characters, BANK)
    first = [voices[c.name] for c in characters[: len(BANK)]]
    assert len(set(first)) == len(first)


def test_a_voice_is_near_in_pitch_and_a_person_decides_first() -> None:
    cast = add_episode(Cast(()), 1, (voiceprint("s1", 0, 95.0), voiceprint("s2", 1, 205.0)), 0.7)
    assert give_voices(cast.characters, BANK) == {"c1": "v0", "c2": "v3"}
    decided = give_voices(cast.characters, BANK, [Decision("c2", "v0")])
    assert decided == {"c1": "v1", "c2": "v0"}
