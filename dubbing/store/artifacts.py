"""Artifacts: what stages leave, each a folder of files, addressed by the hash of what it was made from.

An artifact is written under a temporary name, synced, then renamed: it is there whole or not at all,
after a crash too. Nothing in it is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def key_of(stage: str, version: int, **parts: object) -> str:
    """The key of an artifact: a hash of the stage, its version, and all that its content depends on.

    `parts` may hold dataclasses, mappings with text keys, sets and fractions. The order of keys in a mapping and of
    members in a set doesn't matter; the order in a sequence does.
    """
    document = {"stage": stage, "version": version, "parts": parts}
    return hashlib.sha256(_encode(document)).hexdigest()


def write_json(path: Path, document: object) -> None:
    """Writes a domain object as JSON: the same object gives the same bytes."""
    path.write_bytes(json_bytes(document))


def json_bytes(document: object) -> bytes:
    """A domain object as JSON that people can read."""
    return msgspec.json.format(_encode(document), indent=1) + b"\n"


def read_json(path: Path, kind: type[T]) -> T:
    """Reads what `write_json` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=kind, dec_hook=_from_json)


class ArtifactStore:
    """A folder of artifacts. Several threads and processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch = root / "tmp"

    def path(self, key: str) -> Path:
        """Where the artifact lies, or would."""
        return self._place(key)

    def __contains__(self, key: str) -> bool:
        return self._place(key).is_dir()

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """An empty folder to write an artifact into; published when the block ends without error."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        scratch = self._scratch / f"{os.getpid()}-{uuid.uuid4().hex}"
        scratch.mkdir()
        try:
            yield scratch
            _sync(scratch)
            target = self._place(key)
            target.parent.mkdir(exist_ok=True)
            try:
                scratch.rename(target)
            except OSError:
                # Another process made the same artifact meanwhile: same key, same content.
                if not target.is_dir():
                    raise
            _sync_folder(target.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def get_or_make(self, key: str, make: Callable[[Path], None]) -> Path:
        """The artifact's folder, made by `make` (given the folder to write into) if it isn't there."""
        if key not in self:
            with self.writing(key) as folder:
                make(folder)
        return self.path(key)

    def _place(self, key: str) -> Path:
        return self.root / key[:2] / key

    def sweep(self) -> None:
        """Removes what processes that are gone left half-written."""
        for scratch in self._scratch.glob("*-*"):
            process = scratch.name.partition("-")[0]
            if not Path("/proc", process).exists():
                shutil.rmtree(scratch, ignore_errors=True)


def _encode(document: object) -> bytes:
    return msgspec.json.encode(document, enc_hook=_to_json, order="deterministic")


def _to_json(value: object) -> object:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be part of an artifact or a key")


def _from_json(kind: type[Any], value: object) -> object:
    if kind is Fraction:
        return Fraction(str(value))
    raise TypeError(f"{kind.__name__} can't be read from an artifact")


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
