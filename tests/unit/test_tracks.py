"""Which soundtrack is heard: by language, by what it is for, and by where somebody speaks."""

from __future__ import annotations

import pytest

from dubbing.media.tracks import best, closeness
from dubbing.model.episode import SoundTrack


def track(stream: int, language: str = "", **given: object) -> SoundTrack:
    return SoundTrack(stream, "aac", 48_000, 2, language=language, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", ["zho", "chi", "zh", "cmn", "zh-CN", "zh_TW", "zh-hans"])
def test_any_spelling_of_chinese_is_chinese(tag: str) -> None:
    assert closeness(tag, "zh") == closeness(tag, "zh-Hant") == 3


@pytest.mark.parametrize(
    ("tag", "closest"), [("yue", 2), ("", 1), ("und", 1), ("not a tag", 1), ("eng", 0), ("jpn", 0)]
)
def test_other_tags_are_less_close(tag: str, closest: int) -> None:
    assert closeness(tag, "zh") == closest


@pytest.mark.parametrize("tag", ["chi", "zho", "cmn"])
def test_the_spoken_language_goes_before_the_default(tag: str) -> None:
    heard, why = best([track(1, "eng", default=True), track(2, tag)], "zh")
    assert heard.stream == 2
    assert f"it is tagged {tag}" in why


def test_a_track_that_says_nothing_goes_before_one_in_another_language() -> None:
    heard, why = best([track(1, "eng", default=True), track(2), track(3, "jpn")], "zh")
    assert heard.stream == 2
    assert "no other language" in why


@pytest.mark.parametrize("aside", ["commentary", "audio description"])
def test_what_is_said_about_an_episode_is_not_the_episode(aside: str) -> None:
    heard, why = best([track(1, "chi", default=True, aside=aside), track(2, "chi")], "zh")
    assert heard.stream == 2
    assert aside in why


def test_a_commentary_alone_is_heard_all_the_same() -> None:
    assert best([track(1, aside="commentary")], "zh")[0].stream == 1


def test_music_and_effects_are_not_heard_whatever_their_tag() -> None:
    tracks = [track(1, "chi", default=True, speech=0.0), track(2, "eng", speech=0.4)]
    heard, why = best(tracks, "zh")
    assert heard.stream == 2
    assert "somebody speaks" in why


def test_of_two_of_one_language_the_one_with_more_speech_is_heard() -> None:
    tracks = [track(1, default=True, speech=0.05), track(2, speech=0.5)]
    assert best(tracks, "zh")[0].stream == 2
    alike = [track(1, speech=0.45), track(2, default=True, speech=0.5)]
    assert best(alike, "zh")[0].stream == 2


def test_where_nobody_speaks_anywhere_the_default_is_heard() -> None:
    tracks = [track(1, speech=0.0), track(2, default=True, speech=0.0)]
    heard, why = best(tracks, "zh")
    assert heard.stream == 2
    assert "default" in why
