"""What people put into a localized release, or changed there, stays when it is published anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from dubbing.formats.digest import sha256_of
from dubbing.publishing.theirs import Theirs, carry

OURS = ("manifest.json", "ep01/en/ep01.en.srt", "ep01/ep01.mp4", "ep02/en/ep02.en.srt")


@pytest.fixture
def before(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    folder = tmp_path / "localized"
    for path in OURS:
        write(folder / path, f"ours: {path}")
    return folder, {path: sha256_of(folder / path) for path in OURS}


@pytest.fixture
def anew(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    for path in OURS[:3]:
        write(folder / path, f"anew: {path}")
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("path", ["notes.txt", "ep01/en/ep01.en.ass", "cut 2/剪辑/trailer.mp4"])
def test_a_file_that_is_not_ours_stays(
    before: tuple[Path, dict[str, str]], anew: Path, path: str
) -> None:
    folder, ours = before
    write(folder / path, "theirs")
    assert carry(folder, anew, ours) == [Theirs(path, path)]
    assert (anew / path).read_text() == "theirs"


@pytest.mark.parametrize(
    ("path", "kept_as"),
    [
        ("ep01/en/ep01.en.srt", "ep01/en/ep01.en.edited.srt"),
        ("ep01/ep01.mp4", "ep01/ep01.edited.mp4"),
        ("ep02/en/ep02.en.srt", "ep02/en/ep02.en.srt"),  # which is not published any more
    ],
)
def test_a_file_of_ours_that_was_changed_is_kept_beside_the_new_one(
    before: tuple[Path, dict[str, str]], anew: Path, path: str, kept_as: str
) -> None:
    folder, ours = before
    write(folder / path, "changed by hand")
    assert carry(folder, anew, ours) == [Theirs(path, kept_as)]
    assert (anew / kept_as).read_text() == "changed by hand"
    if kept_as != path:
        assert (anew / path).read_text() == f"anew: {path}"


def test_changes_of_several_runs_are_all_kept(
    before: tuple[Path, dict[str, str]], anew: Path
) -> None:
    folder, ours = before
    write(folder / "ep01/ep01.mp4", "second change")
    write(folder / "ep01/ep01.edited.mp4", "first change")
    carry(folder, anew, ours)
    kept = {path.read_text() for path in (anew / "ep01").glob("ep01*.mp4")}
    assert kept == {"anew: ep01/ep01.mp4", "first change", "second change"}


def test_links_stay_links_and_are_not_followed(
    before: tuple[Path, dict[str, str]], anew: Path, tmp_path: Path
) -> None:
    folder, ours = before
    write(tmp_path / "elsewhere" / "huge.mov", "far away")
    (folder / "footage").symlink_to(tmp_path / "elsewhere")
    (folder / "gone.txt").symlink_to("nowhere")
    carry(folder, anew, ours)
    assert (anew / "footage").readlink() == tmp_path / "elsewhere"
    assert (anew / "gone.txt").is_symlink()


def test_a_folder_of_theirs_where_a_file_of_ours_goes_is_kept_elsewhere(
    before: tuple[Path, dict[str, str]], anew: Path
) -> None:
    folder, ours = before
    write(folder / "cast.html" / "notes.txt", "theirs")
    write(anew / "cast.html", "ours")
    carry(folder, anew, ours)
    assert (anew / "cast.html-notes.txt").read_text() == "theirs"


def test_nothing_of_ours_is_carried_over(before: tuple[Path, dict[str, str]], anew: Path) -> None:
    folder, ours = before
    assert carry(folder, anew, ours) == []
    assert not (anew / "ep02").exists()
