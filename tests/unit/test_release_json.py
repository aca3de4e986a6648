"""A release folder is read in full, and each mistake in it gets one clear message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dubbing.errors import Rejected
from dubbing.formats.decisions import (
    correct_line,
    decide_voice,
    name_character,
    read_cast,
    read_corrections,
)
from dubbing.formats.release_json import read_release, release_of_video
from dubbing.model.episode import Term
from dubbing.model.job import LineCorrection

GOOD: dict[str, Any] = {
    "schema": 1,
    "release": "fated",
    "title": "Fated",
    "source_language": "zh",
    "episodes": [{"number": 2, "video": "b.mp4"}, {"number": 1, "video": "a.mp4"}],
    "glossary": "glossary.csv",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "release.json").write_text(json.dumps(GOOD))
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").touch()
    (tmp_path / "glossary.csv").write_text(
        "source,language,target,note\n沈清,en,Shen Qing,the heroine\n", "utf-8-sig"
    )
    return tmp_path


def change(folder: Path, **fields: Any) -> None:
    (folder / "release.json").write_text(json.dumps({**GOOD, **fields}))


def test_a_release_is_read_with_its_episodes_in_order(folder: Path) -> None:
    release = read_release(folder)
    assert [(e.number, e.name, e.video.name) for e in release.episodes] == [
        (1, "ep01", "a.mp4"),
        (2, "ep02", "b.mp4"),
    ]
    assert release.glossary == (Term("沈清", "en", "Shen Qing", "the heroine"),)


def test_a_video_alone_is_a_release_of_one_episode(tmp_path: Path) -> None:
    release = release_of_video(tmp_path / "my clip (1).mp4", "zh")
    assert (release.name, len(release.episodes)) == ("my-clip-1", 1)


@pytest.mark.parametrize(
    ("fields", "where", "found"),
    [
        ({"schema": 2}, "schema", "2"),
        ({"release": "../up"}, "release", "'../up'"),
        ({"source_language": "klingonese!"}, "source_language", "klingonese!"),
        ({"episodes": []}, "episodes", "empty"),
        ({"episodes": [{"number": 0, "video": "a.mp4"}]}, "episodes[0].number", "0"),
        ({"episodes": [{"number": 1, "video": "../a.mp4"}]}, "episodes[0].video", "../a.mp4"),
        ({"episodes": [{"number": 1, "video": "/etc/passwd"}]}, "episodes[0].video", "/etc/passwd"),
        ({"episodes": [{"number": 1, "video": "c.mp4"}]}, "episodes[0].video", "no such file"),
        (
            {"episodes": [{"number": 1, "video": "a.mp4", "bed": "../m.wav"}]},
            "episodes[0].bed",
            "..",
        ),
        ({"episodes": [{"number": "one", "video": "a.mp4"}]}, "episodes", "str"),
        ({"episode": []}, "release.json", "unknown field"),
        (
            {"episodes": [{"number": 1, "video": "a.mp4"}, {"number": 1, "video": "b.mp4"}]},
            "episodes[1].number",
            "1, which episodes[0] has too",
        ),
    ],
)
def test_a_mistake_is_refused_by_its_field(folder: Path, fields, where: str, found: str) -> None:
    change(folder, **fields)
    with pytest.raises(Rejected) as refused:
        read_release(folder)
    assert where in refused.value.where
    assert found in refused.value.found
    assert "release.json" in refused.value.where


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.mp4"
    outside.touch()
    (folder / "a.mp4").unlink()
    (folder / "a.mp4").symlink_to(outside)
    with pytest.raises(Rejected, match="inside the release"):
        read_release(folder)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            "source,language,target\n沈清,pt,São Qing\n".encode().replace(b"\xc3\xa3", b"\xe3"),
            "not UTF-8",
        ),
        ("source,language,target\n顧承澤,en,Gu Chengze\n".encode("big5"), "not UTF-8"),
        (b"name,translation\n", "name,translation"),
        ("source,language,target\n沈清,en\n".encode(), "沈清"),
        ("source,language,target\n沈清,en,Shen, Qing\n".encode(), "沈清"),
        ("source,language,target\n沈清,xx-!,Shen\n".encode(), "xx-!"),
    ],
)
def test_a_glossary_that_cannot_be_read_is_refused(
    folder: Path, content: bytes, found: str
) -> None:
    (folder / "glossary.csv").write_bytes(content)
    with pytest.raises(Rejected) as refused:
        read_release(folder)
    assert "glossary.csv" in refused.value.where
    assert found in refused.value.found


def test_corrections_are_added_line_by_line_and_comments_kept(tmp_path: Path) -> None:
    file = tmp_path / "corrections.toml"
    file.write_text("# by Ana\n[[line]]\nepisode = 1\nline = 7\nsource = '你'\n", "utf-8")
    correct_line(file, LineCorrection(1, 7, translations={"en": "You"}))
    correct_line(file, LineCorrection(1, 7, translations={"es-419": "Tú"}))
    correct_line(file, LineCorrection(2, 1, speaker="s2"))
    assert read_corrections(file) == (
        LineCorrection(1, 7, source="你", translations={"en": "You", "es-419": "Tú"}),
        LineCorrection(2, 1, speaker="s2"),
    )
    assert file.read_text("utf-8").startswith("# by Ana")


def test_decisions_on_the_cast_are_kept_beside_each_other(tmp_path: Path) -> None:
    file = tmp_path / "cast.toml"
    decide_voice(file, "c1", "en", "kumo")
    decide_voice(file, "c1", "es-419", "alpha")
    name_character(file, "c1", "Shen Qing")
    found = read_cast(file)["c1"]
    assert (found.name, found.voices) == ("Shen Qing", {"en": "kumo", "es-419": "alpha"})


@pytest.mark.parametrize(
    "content",
    [
        "[[line]]\nepisode = 1\n",
        "[[line]]\nepisode = 1\nline = 1\nsorce = 'x'\n",
        "[[line]]\nepisode = 1\nline = 1\n[[line]]\nepisode = 1\nline = 1\n",
        "[[line]\n",
    ],
)
def test_a_typing_error_in_a_correction_is_refused_and_not_written_over(tmp_path, content) -> None:
    file = tmp_path / "corrections.toml"
    file.write_text(content)
    with pytest.raises(Rejected):
        correct_line(file, LineCorrection(1, 2, source="x"))
    assert file.read_text() == content
