"""Localized releases in a storage that `fsspec` knows, where folders can't be exchanged.

Each version has a folder of its own, and the manifest, which is one object, is what makes a version the published
one: a reader of it finds whole releases only.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from dubbing.errors import Transient
from dubbing.publishing.publish import MANIFEST, Manifest, read_manifest
from dubbing.store.artifacts import json_bytes

_VERSION = re.compile(r"[0-9a-f]{16}")  # the folder of one version


def published(fs: Any, base: str, url: str) -> Manifest | None:
    """The manifest of the release at a place, if there is one. Raises Transient."""
    try:
        return _manifest_at(fs, base)
    except OSError as error:
        raise Transient(f"{url} can't be read: {error}") from error


def publish(folder: Path, fs: Any, base: str, url: str) -> tuple[str, str]:
    """Puts a localized release from a folder of this machine to a place, and returns the URL of its
    manifest and the manifest's SHA-256. Raises Transient."""
    manifest = read_manifest(folder)
    assert manifest is not None  # noqa: S101 - just published there
    version = manifest.job.key[:16]
    try:
        files = []
        for file in manifest.files:
            target = f"{base}/{version}/{file.path}"
            if not (fs.exists(target) and fs.size(target) == file.bytes):
                fs.makedirs(posixpath.dirname(target), exist_ok=True)
                fs.put_file(str(folder / file.path), target)
            files.append(replace(file, path=f"{version}/{file.path}"))
        document = json_bytes(replace(manifest, files=tuple(files)))
        known = _manifest_at(fs, base)
        before = known.job.key[:16] if known else ""
        fs.pipe_file(f"{base}/{MANIFEST}", document)
        if before != version:
            # Whoever reads the version before may not be done.
            _drop_others(fs, base, {version, before})
    except OSError as error:
        raise Transient(f"{url} can't be written to: {error}") from error
    return f"{url}/{MANIFEST}", hashlib.sha256(document).hexdigest()


def _manifest_at(fs: Any, base: str) -> Manifest | None:
    """The manifest that is published now; None if there is none that we know."""
    try:
        return msgspec.json.decode(fs.cat_file(f"{base}/{MANIFEST}"), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None


def _drop_others(fs: Any, base: str, kept: Collection[str]) -> None:
    """Removes the versions of a release that are not kept."""
    for entry in fs.ls(base, detail=True):
        name = posixpath.basename(entry["name"].rstrip("/"))
        is_version = entry["type"] == "directory" and _VERSION.fullmatch(name)
        if is_version and name not in kept:
            fs.rm(entry["name"], recursive=True)
