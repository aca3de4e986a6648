"""A dozen kinds of media files from delivery to dub; `bench_media.py` tries all of them."""

from __future__ import annotations

from pathlib import Path

import make_media
import pytest
from bench_media import tried
from command import Dub

KINDS = {kind.name: kind for kind in make_media.kinds()}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("codecs wmv2 wmav2 wmv", "localized"),
        ("codecs mpeg4-b mp3 avi", "localized"),
        ("sound 8000 Hz mp3 avi", "localized"),
        ("layout quad mkv", "localized"),
        ("layout antiphase mp4", "localized"),
        ("sound 300 ms early mp4", "localized"),
        ("sound 1000 ms late ts", "localized"),
        ("picture shorter mkv", "localized"),
        ("uneven waves mp4", "localized"),
        ("cut at 1.5 s mp4", "localized"),
        ("joined 2 times ts", "localized"),
        ("two languages mkv", "localized"),
        ("truncated faststart mp4", "refused"),
        ("picture alone", "refused"),
    ],
)
def test_a_kind_of_media(
    name: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBBING_CACHE", str(tmp_path / "cache"))
    result = tried(KINDS[name], tmp_path / "made")
    assert result.outcome == outcome, result.detail


def test_there_are_two_hundred_kinds() -> None:
    assert len(KINDS) >= 200


def test_probe_lists_the_soundtracks_and_what_will_be_done(tmp_path: Path) -> None:
    two = make_media.make(KINDS["two languages mkv"], tmp_path / "two")
    dub = Dub(tmp_path / "cache")
    said = " ".join(dub("probe", two).stdout.split())
    assert "stream 2 of 2 is heard: it is tagged chi" in said
    assert "heard stream 2, chi" in said
    assert "stream 1, eng" in said
    assert "heard stream 1, eng" in " ".join(dub("probe", two, "--from", "en").stdout.split())
    old = make_media.make(KINDS["codecs wmv2 wmav2 wmv"], tmp_path / "old")
    said = " ".join(dub("probe", old).stdout.split())
    assert "MP4 can't hold wmv2, so it is encoded anew as H.264." in said
    assert "MP4 can't hold wmav2, so it is encoded anew as AAC." in said
