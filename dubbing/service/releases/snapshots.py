"""What a plan is laid out from, as text: any machine lays out the same plan from it, without the videos."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from dubbing.model.episode import Release
from dubbing.model.job import Decisions


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A release as it was when it was read. Its paths are relative to its folder."""

    release: Release
    decisions: Decisions
    digests: dict[str, str]  # path of a source file -> SHA-256

    def rooted(self, root: Path) -> Release:
        """The release as it lies on this machine."""
        return _moved(self.release, lambda path: root / path)

    def digest(self, root: Path, path: Path) -> str:
        return self.digests[path.relative_to(root).as_posix()]

    def to_json(self) -> str:
        return msgspec.json.encode(self, enc_hook=_path_to_text).decode()

    @staticmethod
    def from_json(text: str) -> Snapshot:
        return msgspec.json.decode(text, type=Snapshot, dec_hook=_path_from_text)


def sources(release: Release) -> list[Path]:
    """The media files of a release."""
    found = [path for e in release.episodes for path in (e.video, e.bed) if path is not None]
    return list(dict.fromkeys(found))


def unrooted(release: Release) -> Release:
    """A release with paths relative to its folder."""
    return _moved(release, lambda path: path.relative_to(release.root))


def _moved(release: Release, move: Any) -> Release:
    return replace(
        release,
        root=move(release.root),
        episodes=tuple(
            replace(e, video=move(e.video), bed=None if e.bed is None else move(e.bed))
            for e in release.episodes
        ),
        cast_file=None if release.cast_file is None else move(release.cast_file),
        corrections_file=None
        if release.corrections_file is None
        else move(release.corrections_file),
    )


def _path_to_text(value: object) -> object:
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} can't be part of a snapshot")


def _path_from_text(kind: type[Any], value: object) -> object:
    if issubclass(kind, Path):
        return Path(str(value))
    raise TypeError(f"{kind.__name__} can't be read from a snapshot")
