"""Puts a finished plan's work back into its release: whole or not at all.

The release is built beside its place, read and hashed, and then exchanged for what was there in one step
of the file system.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from dubbing import __version__
from dubbing.errors import Rejected
from dubbing.formats.digest import sha256_of
from dubbing.formats.video_names import legible
from dubbing.model.episode import Episode, Release
from dubbing.model.job import GivenVoices
from dubbing.planning.graph import EpisodeNodes, Node, Plan
from dubbing.publishing import cast_sheet, theirs
from dubbing.publishing.reporting import EpisodeAccount, account_of
from dubbing.store.artifacts import ArtifactStore, read_json, write_json

MANIFEST = "manifest.json"

# (path in the release, text) of each page for people
Render = Callable[[Plan, Sequence[EpisodeAccount]], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a localized release."""

    path: str  # relative to the manifest
    sha256: str
    bytes: int
    language: str | None  # BCP-47; None: of all languages
    kind: str  # video, audio, subtitles, cast, report


@dataclass(frozen=True, slots=True)
class EngineUsed:
    name: str
    port: str
    revision: str
    licence: str
    commercial: bool


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What was asked for."""

    key: str  # of all that the release is made from: the same key, the same bytes
    episodes: tuple[int, ...]
    languages: tuple[str, ...]
    deliverables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `manifest.json`, which is written last."""

    schema: int
    release: str
    title: str
    source_language: str
    job: JobRecord
    profile: str
    engines: tuple[EngineUsed, ...]
    made_by: str
    files: tuple[File, ...]
    cast: Mapping[str, GivenVoices] = field(default_factory=dict)  # language -> who speaks whom
    video: str = ""  # the file's name, where a video was given alone


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a localized release, or None if there is none that can be read."""
    try:
        return read_json(folder / MANIFEST, Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def video_of(release: Release) -> str:
    """The name of the file, of a video given alone; it tells whose folder a localized release is."""
    alone = release.episodes[0]
    return legible(alone.video.name) if alone.file_name else ""


def is_published(plan: Plan, folder: Path) -> bool:
    """Whether the folder already holds what the plan would publish."""
    manifest = read_manifest(folder)
    return (
        manifest is not None
        and manifest.job.key == plan.key
        and all(
            (folder / file.path).is_file() and (folder / file.path).stat().st_size == file.bytes
            for file in manifest.files
        )
    )


def check_writable(folder: Path) -> None:
    """Raises Rejected if a release can't be published to `folder`: before hours of work, not after."""
    parent = folder.parent
    while not parent.exists():
        parent = parent.parent
    if folder.exists() and not folder.is_dir():
        found = "a file of that name"
    elif folder.is_dir() and any(folder.iterdir()) and read_manifest(folder) is None:
        found = "a folder with other things in it"
    else:
        try:
            # Asking for the right is not enough: root has it on a read-only disk too.
            Path(tempfile.mkdtemp(prefix=".dubbing-", dir=parent)).rmdir()
        except OSError as error:
            found = f"that nothing can be written to {parent}: {error.strerror}"
        else:
            return
    raise Rejected(
        str(folder),
        found=found,
        expected="a place for the localized release",
        remedy="Name another folder with --out, or make room for it there.",
    )


def dropped(plan: Plan, folder: Path) -> list[str]:
    """What was published before and would be gone: `ep02 es-419`, `ep01 en dub`, ..."""
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    job = plan.job
    gone = set(manifest.job.deliverables) - job.deliverables
    lost = []
    for episode in manifest.job.episodes:
        for language in manifest.job.languages:
            if episode not in job.episodes or language not in job.languages:
                lost.append(f"ep{episode:02d} {language}")
            else:
                lost += [f"ep{episode:02d} {language} {what}" for what in sorted(gone)]
    return lost


def clear_leftovers(folder: Path, older_than_s: float = 0.0) -> None:
    """Removes what a run that was killed while publishing left beside the folder, or puts it back.

    Give an age where another run may be publishing meanwhile.
    """
    old = _old(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    for leftover in (*folder.parent.glob(f".{folder.name}.new-*"), old):
        if leftover.exists() and time.time() - leftover.stat().st_mtime >= older_than_s:
            shutil.rmtree(leftover, ignore_errors=True)


def publish(
    store: ArtifactStore,
    plan: Plan,
    folder: Path,
    render: Render,
    kept: Callable[[theirs.Theirs], None] = lambda _: None,
) -> Manifest:
    """Publishes the plan's artifacts, all of which must exist. `render` makes its pages.

    What people put into the folder, or changed there, goes on being there (`dubbing.publishing.theirs`), and
    `kept` is told of it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two that publish the same at once must not write into one folder.
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    staging.chmod(0o755)
    try:
        files = list(_stage(store, plan, staging, render))
        manifest = Manifest(
            schema=1,
            release=plan.release.name,
            title=plan.release.title,
            source_language=plan.release.source_language,
            job=JobRecord(
                plan.key,
                plan.job.episodes,
                plan.job.languages,
                tuple(sorted(plan.job.deliverables)),
            ),
            profile=plan.job.profile.name,
            engines=tuple(
                EngineUsed(e.name, e.port, e.revision, e.licence, e.commercial)
                for e in plan.engines
            ),
            made_by=f"dubbing {__version__}",
            files=tuple(sorted(files, key=lambda file: file.path)),
            cast=cast_sheet.voices_of(store, plan),
            video=video_of(plan.release),
        )
        write_json(staging / MANIFEST, manifest)
        before = read_manifest(folder)
        if before is not None:
            ours = {file.path: file.sha256 for file in before.files}
            ours[MANIFEST] = sha256_of(folder / MANIFEST)
            for file in theirs.carry(folder, staging, ours):
                kept(file)
        _sync(staging)
        _exchange(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a localized release as it lies in an artifact."""

    node: Node
    file: str  # in the artifact
    path: str  # in the release
    language: str | None
    kind: str


def parts(episode: EpisodeNodes) -> Iterator[Part]:
    """What of an episode's artifacts is published: what their stages say."""
    for node in episode.stages.values():
        yield from _published(node, episode.episode, None)
    for track in episode.tracks:
        for node in track.stages.values():
            yield from _published(node, episode.episode, track.language.tag)


def _published(node: Node, episode: Episode, tag: str | None) -> Iterator[Part]:
    for leaf in node.says.leaves:
        if leaf.published is not None:
            path = leaf.published.path.format(name=episode.name, file=episode.published_as, tag=tag)
            yield Part(node, leaf.file.format(name=node.name), path, tag, leaf.published.kind)


def _stage(
    store: ArtifactStore,
    plan: Plan,
    staging: Path,
    render: Render,
) -> Iterator[File]:
    accounts = []
    for episode in plan.episodes:
        name = episode.episode.name
        for part in parts(episode):
            target = staging / part.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store.path(part.node.key) / part.file, target)
            yield _file(staging, part.path, part.language, part.kind)
        account = account_of(store, plan, episode)
        accounts.append(account)
        for report in account.reports:
            tag = report.language
            path = f"{name}/{tag}/report.json"
            (staging / name / tag).mkdir(exist_ok=True)
            write_json(staging / path, report)
            yield _file(staging, path, tag, "report")
    reports = [report for account in accounts for report in account.reports]
    if plan.given:
        (staging / cast_sheet.FILE).write_text(cast_sheet.cast_sheet(store, plan, reports), "utf-8")
        yield _file(staging, cast_sheet.FILE, None, "cast")
    for path, page in render(plan, accounts):
        (staging / path).write_text(page, "utf-8")
        yield _file(staging, path, None, "report")


def _file(staging: Path, path: str, language: str | None, kind: str) -> File:
    return File(path, sha256_of(staging / path), (staging / path).stat().st_size, language, kind)


def _sync(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue  # people's links and pipes: what opens one follows it, or waits for somebody to write
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _old(folder: Path) -> Path:
    """Where the release that was there before waits to be removed."""
    return folder.with_name(f".{folder.name}.old")


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def _exchange(staging: Path, folder: Path) -> None:
    """Makes `staging` be `folder`, in one step; what was there before is then at `staging`."""
    if not folder.exists():
        staging.rename(folder)
        return
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    paths = os.fsencode(staging), os.fsencode(folder)
    if rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(number, os.strerror(number), str(folder))
    # A file system that can't exchange: the old release is gone for the moment between two renames,
    # and a crash in that moment leaves it under the other name.
    old = _old(folder)
    folder.rename(old)
    staging.rename(folder)
    shutil.rmtree(old)
