"""Where releases lie: folders of this machine, or of a storage that `fsspec` knows (S3 and others)."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import fsspec
from filelock import FileLock

from dubbing.errors import Rejected, Transient
from dubbing.formats.digest import sha256_of
from dubbing.formats.documents import read_document
from dubbing.formats.release_json import ReleaseDocument, read_release
from dubbing.model.episode import Release
from dubbing.publishing.publish import Manifest
from dubbing.service.releases import publication
from dubbing.service.releases.roots import is_web
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json
from dubbing.store.digests import digest_of

_BLOCK_BYTES = 1 << 20  # read ahead: who asks for a small part waits for no more
_UNNAMED = ("glossary.csv", "cast.toml", "corrections.toml")  # read where there are any


def is_remote(url: str) -> bool:
    return "://" in url and not url.startswith("file://")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, here or elsewhere, and where its files are kept on this machine."""

    url: str
    scratch: Path

    @property
    def remote(self) -> bool:
        return is_remote(self.url)

    @property
    def root(self) -> Path:
        """The folder on this machine, or the one that mirrors it."""
        if not self.remote:
            return Path(self.url.removeprefix("file://"))
        return self.scratch / "releases" / hashlib.sha256(self.url.encode()).hexdigest()[:24]

    def refuse_link(self) -> None:
        """Raises Rejected where a folder of this machine has become a link since it was allowed."""
        if not self.remote and os.path.realpath(self.root) != str(self.root):
            raise Rejected(
                str(self.root),
                found="a link to another place",
                expected="a folder",
                remedy="Put the folder itself there, or order with the place that the link leads to.",
            )

    def read(self) -> Release:
        """The release; videos that lie elsewhere are not brought here yet. Raises Rejected."""
        if self.remote:
            self._mirror()
        release = read_release(self.root)
        for path in (release.cast_file, release.corrections_file, self.root / "glossary.csv"):
            if path is not None:
                self._refuse_leaving(path)
        return release

    def digest(self, path: Path, store: ArtifactStore) -> str:
        """The SHA-256 of a source file, read once for as long as it stays as it is."""
        self._refuse_leaving(path)
        if not self.remote:
            return digest_of(store, path)
        info = self._info(path)
        mark = info.get("ETag") or info.get("etag") or info.get("mtime") or info.get("LastModified")
        key = key_of("digest", 2, url=self._url_of(path), bytes=info["size"], mark=str(mark))

        def compute(folder: Path) -> None:
            write_json(folder / "sha256.json", self._bring(path))

        return read_json(store.get_or_make(key, compute) / "sha256.json", str)

    def fetch(self, path: Path, sha256: str) -> Path:
        """A source file on this machine, brought here if need be. Raises Rejected if it has changed."""
        self._refuse_leaving(path)
        if not self.remote:
            return path
        beside = _digest_file(path)
        kept = beside.read_text() if beside.exists() and path.exists() else ""
        found = sha256 if kept == sha256 else self._bring(path)
        if found != sha256:
            raise Rejected(
                self._url_of(path),
                found="another content than when the job was planned",
                expected=f"SHA-256 {sha256}",
                remedy="Put the file back, or retry the job: it is then planned anew.",
            )
        path.touch()  # was of use just now
        return path

    def _bring(self, path: Path) -> str:
        """Brings a file here anew, and returns its SHA-256."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            partial = path.with_name(f".{path.name}.part")
            self._get(path, partial)
            found = sha256_of(partial)
            partial.rename(path)
            _digest_file(path).write_text(found)
        return found

    def edit(self, path: Path, change: Callable[[Path], None]) -> None:
        """Changes a small file of the release, or writes a new one: `change` is given its path here.

        One edit at a time on a machine; `change` raises before it writes if it can't be done.
        """
        self._refuse_leaving(path)
        lock = self.scratch / "edits" / hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{lock}.lock"):
            if not self.remote:
                change(path)
                return
            if self._exists(path):
                self._get(path, path)
            else:
                path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            change(path)
            fs, _ = self._fs()
            try:
                fs.put_file(str(path), self._url_of(path))
            except OSError as error:
                raise Transient(f"{self._url_of(path)} can't be written to: {error}") from error

    def open(self, name: str) -> BinaryIO:
        """A file of a published release, to be read. Raises Rejected if there is none of that name."""
        fs, _ = self._fs()
        within = not self._leaves(self.root / name)
        if not within or not fs.isfile(self._url_of(self.root / name)):
            raise Rejected(
                name,
                found="no such file in the release",
                expected="a file that the manifest names",
                remedy="Read the manifest.",
            )
        file: BinaryIO = fs.open(self._url_of(self.root / name), "rb", block_size=_BLOCK_BYTES)
        return file

    def published(self) -> Manifest | None:
        """The manifest of the localized release that is here, if there is one."""
        return publication.published(*self._fs(), self.url)

    def publish(self, folder: Path) -> tuple[str, str]:
        """Puts a localized release from a folder of this machine to this place, and returns the URL of its
        manifest and the manifest's SHA-256."""
        return publication.publish(folder, *self._fs(), self.url)

    def _mirror(self) -> None:
        """Brings what a release is read from here, and an empty file for each video."""
        root = self.root
        fresh = root.with_name(f"{root.name}.{uuid.uuid4().hex}")
        fresh.mkdir(parents=True)
        try:
            self._get(root / "release.json", fresh / "release.json")
            document = read_document(
                fresh / "release.json", ReleaseDocument, "docs/localization.md"
            )
            for name in filter(None, (document.glossary, document.cast)):
                self._get(root / name, fresh / name)
            for name in _UNNAMED:
                if not (fresh / name).exists() and self._exists(root / name):
                    self._get(root / name, fresh / name)
            for episode in document.episodes:
                for name in filter(None, (episode.video, episode.bed)):
                    self._placeholder(root, fresh, name)
            _adopt(fresh, root)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _placeholder(self, root: Path, fresh: Path, name: str) -> None:
        """An empty file where a video will be: a release is read without its videos."""
        if self._leaves(root / name):
            return  # which the reader of the release refuses
        if not (root / name).exists() and self._exists(root / name):
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()

    def _get(self, path: Path, to: Path) -> None:
        self._refuse_leaving(path)
        fs, _ = self._fs()
        url = self._url_of(path)
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            fs.get_file(url, str(to))
        except FileNotFoundError:
            raise Rejected(
                url,
                found="no such file",
                expected="a file of the release",
                remedy="Put it there, or correct release.json.",
            ) from None
        except OSError as error:
            raise Transient(f"{url} can't be read: {error}") from error

    def _leaves(self, path: Path) -> bool:
        """Whether a path leads out of this folder, by its name or by a link."""
        root = self.root.resolve()
        return path.resolve() == root or not path.resolve().is_relative_to(root)

    def _refuse_leaving(self, path: Path) -> None:
        if self._leaves(path):
            raise Rejected(
                os.path.relpath(path, self.root),
                found="a path that leads out of the release's folder",
                expected="a file inside it",
                remedy="Put the file itself there, not a link, and name it so in release.json.",
            )

    def _exists(self, path: Path) -> bool:
        fs, _ = self._fs()
        return bool(fs.exists(self._url_of(path)))

    def _info(self, path: Path) -> dict[str, Any]:
        fs, _ = self._fs()
        fs.invalidate_cache()
        return dict(fs.info(self._url_of(path)))

    def _url_of(self, path: Path) -> str:
        name = path.relative_to(self.root).as_posix()
        # Over HTTP a name is decoded before it is looked up: a `%2e%2e` in it would lead up.
        return f"{self.url}/{quote(name) if is_web(self.url) else name}"

    def _fs(self) -> tuple[Any, str]:
        fs, base = fsspec.core.url_to_fs(
            self.url, skip_instance_cache=False, use_listings_cache=False
        )
        return fs, base


def _adopt(fresh: Path, root: Path) -> None:
    """Moves fresh files to a mirror, one by one; videos that are there already stay."""
    root.mkdir(parents=True, exist_ok=True)
    for name in _UNNAMED:
        if not (fresh / name).exists():
            (root / name).unlink(missing_ok=True)
    for path in [path for path in fresh.rglob("*") if path.is_file()]:
        target = root / path.relative_to(fresh)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _digest_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")
