"""What in the folder of a localized release is not ours: nothing that people put or changed there is lost.

A release takes the place of the folder that was there before. Files that the earlier manifest doesn't list are carried
over as they are. Files of ours that somebody changed stay too, beside what is published anew:
`ep01.en.srt` as `ep01.en.edited.srt`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dubbing.formats.digest import sha256_of


@dataclass(frozen=True, slots=True)
class Theirs:
    """A file of people's, in a localized release."""

    path: str  # in the folder
    kept_as: str  # another path where a file of ours takes its place


def theirs(folder: Path, ours: Mapping[str, str]) -> Iterator[str]:
    """Paths of files and links that are not ours, or not as they were. `ours` is path -> SHA-256."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*links, *files]):
            file = Path(parent) / name
            path = str(file.relative_to(folder))
            expected = ours.get(path)
            ordinary = (
                file.is_file() and not file.is_symlink()
            )  # a pipe is not read: that would wait
            if expected is None or not ordinary or sha256_of(file) != expected:
                yield path


def carry(folder: Path, into: Path, ours: Mapping[str, str]) -> list[Theirs]:
    """Puts what is not ours of `folder` into `into` too, which is on the same disk, and says what that is."""
    carried = []
    for path in theirs(folder, ours):
        kept_as = _free(into, path)
        target = into / kept_as
        target.parent.mkdir(parents=True, exist_ok=True)
        file = folder / path
        if file.is_symlink():
            target.symlink_to(file.readlink())
        else:
            _same(file, target)
        carried.append(Theirs(path, kept_as))
    return carried


def _same(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # another disk mounted there, or a file system without links
        shutil.copy2(file, target)


def _free(into: Path, path: str) -> str:
    """The path itself, or one beside it where it is taken: x.srt, x.edited.srt, x.edited-2.srt, ..."""
    wanted = Path(path)
    if any((into / parent).is_file() for parent in wanted.parents):
        wanted = Path(path.replace("/", "-"))  # a file of ours stands where they have a folder
    free, count = wanted, 1
    while os.path.lexists(into / free):
        mark = ".edited" if count == 1 else f".edited-{count}"
        free = wanted.with_name(f"{wanted.stem}{mark}{wanted.suffix}")
        count += 1
    return str(free)
