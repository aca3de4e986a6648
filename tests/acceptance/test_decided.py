"""What people decided of a release can be seen and taken back, and what was published is not dropped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command import Dub, contents


def test_what_people_decided_is_listed_and_taken_back(localized_series: Path, dub: Dub) -> None:
    assert "Nothing was corrected" in dub("edit", localized_series, "--list").stdout
    line = ("--episode", 1, "--line", 1)
    dub("edit", localized_series, *line, "--language", "EN", "--text", "Mine.")
    dub("edit", localized_series, *line, "--speaker", "s2")
    dub("edit", localized_series, "--character", "c1", "--name", "Shen Qing")
    listed = dub("edit", localized_series, "--list").stdout
    assert all(said in listed for said in ("ep01 line 1", "Mine.", "s2", "Shen Qing"))
    (said,) = json.loads(dub("edit", localized_series, "--list", "--json").stdout)["lines"]
    assert (said["translations"], said["speaker"]) == ({"en": "Mine."}, "s2")
    dub("edit", localized_series, *line, "--language", "en", "--undo")
    dub("edit", localized_series, "--character", "c1", "--undo")
    listed = dub("edit", localized_series, "--list").stdout
    assert "s2" in listed
    assert "Mine." not in listed
    assert "Shen Qing" not in listed
    dub("edit", localized_series, *line, "--undo")
    assert "Nothing was corrected" in dub("edit", localized_series, "--list").stdout
    again = dub.refused("edit", localized_series, *line, "--undo")
    assert "`dub edit --list` shows all there is" in again


def test_a_published_dub_is_not_dropped_unasked(localized_series: Path, dub: Dub) -> None:
    before = contents(localized_series / "localized")
    options = ("--to", "en,es-419", "--profile", "fake", "--no-dub")
    message = dub.refused("run", localized_series, *options)
    assert "ep01 en dub" in message
    assert "--replace" in message
    assert contents(localized_series / "localized") == before


@pytest.mark.parametrize(
    ("option", "of"),
    [
        ("--text", ("--line", 1, "--language", "en")),
        ("--source", ("--line", 1)),
        ("--name", ("--character", "c1")),
    ],
)
def test_what_is_no_text_is_refused_and_leaves_nothing(
    localized_series: Path, dub: Dub, option: str, of: tuple[object, ...]
) -> None:
    """As a terminal in GBK sends 大, which no UTF-8 file can hold."""
    before = contents(localized_series)
    gbk = os.fsdecode("大".encode("gbk"))
    message = dub.refused("edit", localized_series, "--episode", 1, *of, option, gbk)
    assert "UTF-8" in message
    assert contents(localized_series) == before


def test_pipes_and_links_of_theirs_stay_and_hold_nobody_up(
    localized_series: Path, dub: Dub
) -> None:
    localized = localized_series / "localized"
    os.mkfifo(localized / "ep01" / "to-the-mixer")
    (localized / "gone.txt").symlink_to("nowhere")
    (localized / "footage").symlink_to(localized_series)
    (localized / "ep02" / "ep02.mp4").unlink()
    os.mkfifo(localized / "ep02" / "ep02.mp4")  # in the place of a file of ours
    dub.run(localized_series, "--replace", to="en,es-419,fr")
    assert (localized / "ep01" / "to-the-mixer").is_fifo()
    assert (localized / "gone.txt").is_symlink()
    assert (localized / "footage").is_symlink()
    assert (localized / "ep02" / "ep02.edited.mp4").is_fifo()
    assert (localized / "ep02" / "ep02.mp4").is_file()


def test_what_would_do_nothing_is_refused(localized_series: Path, dub: Dub) -> None:
    line = ("edit", localized_series, "--episode", 1, "--line", 1)
    for empty in ("", "  "):
        assert "--source ''" in dub.refused(*line, "--language", "en", "--text", empty)
    dub(*line, "--source", "")
    assert "taken out" in dub.refused(*line, "--language", "en", "--text", "Back again.")
    before = contents(localized_series)
    for options in (
        ("--undo", "--source", "x"),
        ("--undo", "--speaker", "s2"),
        ("--list", "--undo"),
        ("--list",),
    ):
        assert "Traceback" not in dub(*line, *options, status=2).stderr
    assert contents(localized_series) == before


@pytest.mark.parametrize("options", [(), ("--flagged",), ("--json",), ("--flagged", "--json")])
def test_a_report_of_an_episode_that_was_not_published_is_refused(
    localized_series: Path, dub: Dub, options: tuple[str, ...]
) -> None:
    message = dub.refused("report", localized_series, "--episodes", "2-3", *options)
    assert "episodes that were published: 1, 2" in message
