"""A full disk is named by its folder, with what is free there; so is what may not be written."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dubbing.errors import Rejected
from dubbing.making import disk

NO_ROOM = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB and twenty files, which is full."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "tmpfs", folder],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("no mount here")
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small disk: {mounted.stderr.decode()}")
    try:
        room = os.statvfs(folder)
        (folder / "filler").write_bytes(b"0" * room.f_bavail * room.f_frsize)
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_cache_is_named_and_can_be_cleaned(small: Path, tmp_path: Path) -> None:
    refused = disk.rejected(NO_ROOM, small / "cache", tmp_path / "localized")
    assert isinstance(refused, Rejected)
    assert refused.where == f"the disk of {small}"
    assert "0 MB free" in refused.found
    assert f"`dub clean` removes what can be made again from {small / 'cache'}" in refused.remedy


def test_a_full_output_is_named_and_cleaning_the_cache_is_not_advised(
    small: Path, tmp_path: Path
) -> None:
    refused = disk.rejected(NO_ROOM, tmp_path / "cache", small / "fated" / "localized")
    assert isinstance(refused, Rejected)
    assert refused.where == f"the disk of {small}"
    assert "dub clean" not in refused.remedy


def test_the_file_that_did_not_fit_says_which_disk_it_is(small: Path, tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(small / "ep01.mp4"))
    refused = disk.rejected(error, tmp_path / "cache", tmp_path / "localized")
    assert isinstance(refused, Rejected)
    assert refused.where == f"the disk of {small}"


def test_a_cache_on_a_full_disk_is_refused_before_any_work(small: Path) -> None:
    (small / "cache").mkdir()
    for number in range(os.statvfs(small).f_favail):
        (small / f"{number}").mkdir()
    with pytest.raises(Rejected, match="no space left"):
        disk.check_cache(small / "cache")


def test_a_name_that_is_too_long_says_how_long_it_may_be(tmp_path: Path) -> None:
    try:
        (tmp_path / ("婚" * 100)).touch()
    except OSError as error:
        refused = disk.rejected(error, tmp_path)
    assert isinstance(refused, Rejected)
    assert refused.expected == "at most 255 bytes"


def test_what_is_no_matter_of_the_disk_stays_what_it_is(tmp_path: Path) -> None:
    error = ConnectionResetError(errno.ECONNRESET, "reset")
    assert disk.rejected(error, tmp_path) is error
