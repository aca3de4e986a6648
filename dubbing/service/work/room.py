"""Room on the disk: kept by removing what can be fetched again, and waited for where there is none."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from dubbing.store.artifacts import ArtifactStore
from dubbing.store.shared import SharedArtifactStore

_SOURCES_KEPT_S = 3600.0  # a source not used for so long may be fetched again


@dataclass(frozen=True, slots=True)
class Room:
    """The disk that a worker writes to."""

    store: ArtifactStore
    scratch: Path
    min_free_bytes: int
    most_bytes: int  # of artifacts that other machines have too

    def is_short(self) -> bool:
        """Whether the disk has less free space than work needs."""
        return any(
            shutil.disk_usage(_existing(folder)).free < self.min_free_bytes
            for folder in (self.store.root, self.scratch)
        )

    def tidy(self) -> None:
        """Keeps what can be fetched again within its limit, and to nothing where room is short."""
        if isinstance(self.store, SharedArtifactStore):
            self.store.trim(0 if self.is_short() else self.most_bytes)
        for file in (self.scratch / "releases").rglob("*"):
            old = time.time() - file.lstat().st_mtime > _SOURCES_KEPT_S
            if old and file.suffix.lower() in (".mp4", ".mov", ".mkv", ".wav", ".m4a", ".flac"):
                file.unlink(missing_ok=True)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
