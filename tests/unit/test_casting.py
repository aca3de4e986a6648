"""Who is who in the series, and who speaks with which voice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import Rejected
from dubbing.formats.decisions import join_characters, move_speaker, read_cast, read_decisions
from dubbing.model.casting import as_people_say, spoken_of
from dubbing.model.dub import Appearance, Cast, Character
from dubbing.model.job import CharacterDecision, SpeakerAt
from dubbing.model.speech import Voiceprint
from dubbing.stages.cast import give_voices
from dubbing.stages.identify import add_episode
from voices import Gender, Voice

SAME_PERSON = 0.7


def voiceprint(
    speaker: str, person: int, pitch_hz: float = 150.0, noise: float = 0.05
) -> Voiceprint:
    rng = np.random.default_rng([person, *speaker.encode()])
    vector = np.eye(8)[person] + noise * rng.normal(size=8)
    return Voiceprint(speaker, tuple((vector / np.linalg.norm(vector)).tolist()), pitch_hz, 5000)


def voice(name: str, pitch_hz: float) -> Voice:
    gender = Gender.MALE if pitch_hz < 165 else Gender.FEMALE
    return Voice(name, "fake", name, ("en",), gender, pitch_hz, "Apache-2.0")


def grow(series: list[list[int]]) -> list[Cast]:
    """The cast after each episode; an episode is its people, in the order in which they are heard."""
    casts, cast = [], Cast(())
    for number, people in enumerate(series, start=1):
        prints = tuple(
            voiceprint(f"s{i}", person, 100.0 + 25 * person)
            for i, person in enumerate(people, start=1)
        )
        cast = add_episode(cast, number, prints, SAME_PERSON)
        casts.append(cast)
    return casts


def places(cast: Cast) -> dict[str, list[tuple[int, str]]]:
    return {c.name: [(a.episode, a.speaker) for a in c.appearances] for c in cast.characters}


def test_the_same_person_is_the_same_character_in_the_next_episode() -> None:
    assert places(grow([[0, 1], [1, 2]])[-1]) == {
        "c1": [(1, "s1")],
        "c2": [(1, "s2"), (2, "s1")],
        "c3": [(2, "s2")],
    }


def test_one_person_heard_as_two_is_one_character_only_if_beyond_doubt() -> None:
    cast = grow([[0, 0]])[-1]
    assert len(cast.characters) == 2  # nobody knows either of them
    first = grow([[0]])[-1]
    twice = add_episode(first, 2, (voiceprint("s1", 0), voiceprint("s2", 0)), SAME_PERSON)
    assert places(twice) == {"c1": [(1, "s1"), (2, "s1"), (2, "s2")]}
    known, likeness = np.array(first.characters[0].appearances[0].embedding), 0.8
    aside = np.eye(8)[7] - known[7] * known
    less_like = likeness * known + np.sqrt(1 - likeness**2) * aside / np.linalg.norm(aside)
    doubtful = Voiceprint("s2", tuple(less_like.tolist()), 100.0, 5000)
    cast = add_episode(first, 2, (voiceprint("s1", 0), doubtful), SAME_PERSON)
    assert places(cast) == {"c1": [(1, "s1"), (2, "s1")], "c2": [(2, "s2")]}


episodes = st.lists(
    st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True), min_size=1, max_size=6
)
BANK = [voice(f"v{i}", 90.0 + 40 * i) for i in range(4)]


@given(episodes)
def test_a_later_episode_changes_nobody(series: list[list[int]]) -> None:
    known: dict[str, list[tuple[int, str]]] = {}
    for cast in grow(series):
        now = places(cast)
        assert all(now[name][: len(before)] == before for name, before in known.items())
        known = now


@given(episodes)
def test_a_later_episode_changes_no_voice(series: list[list[int]]) -> None:
    given_so_far: dict[str, str] = {}
    for cast in grow(series):
        now = give_voices(cast, cast, BANK)
        assert given_so_far.items() <= now.items()
        given_so_far = now


@given(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
def test_nobody_shares_a_voice_in_a_scene_while_one_is_free(people: list[int]) -> None:
    cast = grow([people])[-1]
    assert len(set(give_voices(cast, cast, BANK).values())) == len(people)


def test_a_voice_is_of_the_same_gender_and_near_in_pitch() -> None:
    first = (voiceprint("s1", 0, 95.0), voiceprint("s2", 1, 205.0), voiceprint("s3", 2, 140.0))
    cast = add_episode(Cast(()), 1, first, SAME_PERSON)
    assert give_voices(cast, cast, BANK) == {"c1": "v0", "c2": "v3", "c3": "v1"}
    # Somebody of another scene has a man's voice again, and not the woman's that is free.
    cast = add_episode(cast, 2, (voiceprint("s1", 3, 100.0),), SAME_PERSON)
    assert give_voices(cast, cast, BANK)["c4"] == "v0"


def test_a_voice_that_was_given_stays_when_better_ones_come() -> None:
    cast = grow([[0, 1]])[-1]
    before = give_voices(cast, cast, BANK)
    better = [voice("x", 100.0), voice("y", 125.0), *BANK]
    assert give_voices(cast, cast, better) != before
    assert give_voices(cast, cast, better, before) == before


def test_joined_characters_are_one_and_nobody_else_sounds_otherwise() -> None:
    heard = grow([[0, 1], [2, 3], [0, 2]])[-1]
    cast = as_people_say(heard, {"c3": CharacterDecision(same_as="c1")})
    assert places(cast)["c1"] == [(1, "s1"), (2, "s1"), (3, "s1"), (3, "s2")]
    assert "c3" not in places(cast)
    before = give_voices(heard, heard, BANK)
    after = give_voices(heard, cast, BANK)
    assert {n: after[n] for n in ("c1", "c2", "c4")} == {n: before[n] for n in ("c1", "c2", "c4")}


def test_whoever_was_told_apart_is_known_from_then_on() -> None:
    # Two people whom the machine takes for one: the second is a little different.
    def heard(speaker: str, away: float) -> Voiceprint:
        vector = np.array([1.0, away, 0, 0])
        return Voiceprint(speaker, tuple((vector / np.linalg.norm(vector)).tolist()), 200.0, 5000)

    cast = Cast(())
    for number, away in enumerate((0.0, 0.6, 0.05, 0.55, 0.0), start=1):
        cast = add_episode(cast, number, (heard("s1", away),), SAME_PERSON)
    assert list(places(cast)) == ["c1"]
    told = as_people_say(cast, {"mother": CharacterDecision(speakers=(SpeakerAt(2, "s1"),))})
    assert places(told) == {
        "c1": [(1, "s1"), (3, "s1"), (5, "s1")],
        "mother": [(2, "s1"), (4, "s1")],
    }


@given(episodes, st.data())
def test_whatever_people_say_every_speaker_is_somebody(
    series: list[list[int]], data: st.DataObject
) -> None:
    heard = grow(series)[-1]
    speakers = [(a.episode, a.speaker) for c in heard.characters for a in c.appearances]
    moved = data.draw(st.lists(st.sampled_from(speakers), unique=True))
    names = [c.name for c in heard.characters]
    decisions = {
        "new": CharacterDecision(speakers=tuple(SpeakerAt(*m) for m in moved)),
        **({names[-1]: CharacterDecision(same_as=names[0])} if len(names) > 1 else {}),
    }
    found = [place for one in places(as_people_say(heard, decisions)).values() for place in one]
    assert sorted(found) == sorted(speakers)


def test_what_people_say_of_the_cast_is_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "cast.toml"
    join_characters(file, "c7", "c1")
    move_speaker(file, SpeakerAt(3, "s2"), "mother")
    move_speaker(file, SpeakerAt(3, "s2"), "c2")
    move_speaker(file, SpeakerAt(4, "s1"), "mother")
    cast = read_cast(file)
    assert cast["c7"].same_as == "c1"
    assert cast["c2"].speakers == (SpeakerAt(3, "s2"),)
    assert cast["mother"].speakers == (SpeakerAt(4, "s1"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[c1]\nsame_as = "c2"\n[c2]\nsame_as = "c1"', "circle"),
        ('[c1]\nsame_as = "mum"', "'mum'"),
        ("[mum]\nname = 'Mum'", "not heard"),
        ("[mum]\nvoices = { en = 'kumo' }", "not heard"),
        ('[mum]\nspeakers = ["ep3"]', "'ep3'"),
        ('[a]\nspeakers = ["ep03 s2"]\n[b]\nspeakers = ["ep3 s2"]', "who is a too"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "cast.toml").write_text(text)
    with pytest.raises(Rejected, match=said):
        read_decisions(tmp_path / "cast.toml", None)


@pytest.mark.parametrize(
    ("decisions", "heard"),
    [
        ({"c9": CharacterDecision("Shen Qing")}, ("c9",)),
        ({"c3": CharacterDecision(same_as="c1")}, ("c1", "c3")),
        ({"mother": CharacterDecision(speakers=(SpeakerAt(2, "s1"),))}, ()),
        (
            {
                "mother": CharacterDecision(speakers=(SpeakerAt(2, "s1"),)),
                "c4": CharacterDecision(same_as="mother"),
            },
            ("c4",),
        ),
    ],
)
def test_whom_people_speak_of_as_heard(
    decisions: dict[str, CharacterDecision], heard: tuple[str, ...]
) -> None:
    assert spoken_of(decisions) == heard


@pytest.mark.parametrize("episode", [1, 2, 3])
def test_whom_people_name_has_a_voice_and_takes_nobodys(episode: int) -> None:
    heard = grow([[0, 1], [1, 2], [0, 3]])[-1]
    mother = Character("mother", (Appearance(episode, "mother", (0.0,) * 8, 210.0, 2000),))
    named = replace(heard, named=(mother,))
    cast = as_people_say(named, {})
    assert [c.name for c in cast.characters] == ["c1", "c2", "c3", "c4", "mother"]
    before, after = give_voices(heard, heard, BANK), give_voices(named, cast, BANK)
    assert {name: voice for name, voice in after.items() if name != "mother"} == before
    here = {after[c.name] for c in heard.characters if c.speakers_in(episode)}
    assert after["mother"] not in here


def test_whom_people_name_is_nobody_whom_the_machine_hears_later() -> None:
    mother = Character("mother", (Appearance(1, "mother", (0.0,) * 8, 210.0, 2000),))
    cast = replace(grow([[0, 1]])[-1], named=(mother,))
    grown = add_episode(cast, 2, (voiceprint("s1", 1), voiceprint("s2", 5)), SAME_PERSON)
    assert list(places(grown)) == ["c1", "c2", "c3"]
    assert grown.named == (mother,)
    one = as_people_say(grown, {"c3": CharacterDecision(same_as="mother")})
    assert places(one)["mother"] == [(1, "mother"), (2, "s2")]
    said = {"c1": CharacterDecision(speakers=(SpeakerAt(1, "mother"),))}
    assert places(as_people_say(grown, said))["c1"] == [(1, "s1"), (1, "mother")]
