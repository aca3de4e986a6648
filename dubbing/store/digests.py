"""Digests of source files, computed once for as long as a file stays as it is."""

from __future__ import annotations

import os
from pathlib import Path

from dubbing.formats.digest import sha256_of
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json


def digest_of(store: ArtifactStore, path: Path) -> str:
    """The SHA-256 of a file's content, remembered by its place, size, inode and time of change."""
    status = path.stat()
    key = key_of(
        "digest",
        1,
        path=os.fsencode(path.resolve()).decode("utf-8", "backslashreplace"),
        bytes=status.st_size,
        inode=status.st_ino,
        changed_ns=status.st_mtime_ns,
    )

    def compute(folder: Path) -> None:
        write_json(folder / "sha256.json", sha256_of(path))

    return read_json(store.get_or_make(key, compute) / "sha256.json", str)
