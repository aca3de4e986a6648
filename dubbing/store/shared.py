"""Artifacts that several machines share: each keeps what it uses, all of them have what any has made."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from dubbing.errors import Transient
from dubbing.store.artifacts import ArtifactStore


class SharedArtifactStore(ArtifactStore):
    """A folder of artifacts before a storage that `fsspec` knows, in which each is one object.

    One object, a tar file, is there whole or not at all. What is in the folder is also in the storage,
    but for digests and what a crash kept from getting there: those are made again elsewhere.
    """

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(root)
        self._url = url.rstrip("/")
        self._there: set[str] = set()  # keys known to be in the storage, where nothing is changed

    def __contains__(self, key: str) -> bool:
        return super().__contains__(key) or self._is_shared(key)

    def path(self, key: str) -> Path:
        """Where the artifact lies on this machine, brought here if only others have it."""
        here = self._place(key)
        if here.is_dir():
            os.utime(here)  # was of use just now
        elif self._is_shared(key):
            self._bring(key)
        return here

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        with super().writing(key) as folder:
            yield folder
            # First there, then here: what is here need not be looked for there.
            self._share(key, folder)

    def trim(self, most_bytes: int) -> int:
        """Removes what has not been used for longest until the folder is small enough; bytes removed.

        What is used is marked by its time; nothing younger than an hour is removed, since a stage may
        be reading it.
        """
        found = []
        for folder in self.root.glob("??/*"):
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            found.append((folder.stat().st_mtime, size, folder))
        total = sum(size for _, size, _ in found)
        removed = 0
        for used_s, size, folder in sorted(found):
            if total - removed <= most_bytes or time.time() - used_s < 3600:
                break
            if self._is_shared(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
                removed += size
        return removed

    def _is_shared(self, key: str) -> bool:
        if key not in self._there:
            fs, path = self._object(key)
            try:
                if not fs.exists(path):
                    return False
            except OSError as error:
                raise Transient(f"{self._url} can't be reached: {error}") from error
            self._there.add(key)
        return True

    def _share(self, key: str, folder: Path) -> None:
        fs, path = self._object(key)
        with _file_beside(folder) as file:
            with tarfile.open(file, "w") as tar:
                for member in sorted(folder.rglob("*")):
                    tar.add(member, member.relative_to(folder), recursive=False)
            try:
                fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                partial = f"{path}.{uuid.uuid4().hex}" if _renames(fs) else path
                fs.put_file(str(file), partial)
                if partial != path:
                    fs.mv(partial, path)
            except OSError as error:
                raise Transient(f"{self._url} can't be written to: {error}") from error
        self._there.add(key)

    def _bring(self, key: str) -> None:
        fs, path = self._object(key)
        with super().writing(key) as folder, _file_beside(folder) as file:
            try:
                fs.get_file(path, str(file))
            except OSError as error:
                raise Transient(f"{self._url} can't be read: {error}") from error
            with tarfile.open(file) as tar:
                tar.extractall(folder, filter="data")

    def _object(self, key: str) -> tuple[Any, str]:
        fs, path = fsspec.core.url_to_fs(
            f"{self._url}/{key[:2]}/{key}.tar", use_listings_cache=False
        )
        return fs, path


@contextmanager
def _file_beside(folder: Path) -> Iterator[Path]:
    """A name for a file on the file system of a folder; gone afterwards."""
    file = folder.with_name(f"{folder.name}.tar")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _renames(fs: Any) -> bool:
    """Whether a file that is being written can be seen before it is whole: not in object stores."""
    return "file" in (fs.protocol if isinstance(fs.protocol, tuple | list) else (fs.protocol,))
