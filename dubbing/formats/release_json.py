"""Reads a release folder: `release.json` and what it names; or makes a release of one video."""

from __future__ import annotations

import re
from pathlib import Path

import langcodes
import msgspec

from dubbing.errors import Rejected
from dubbing.formats.documents import read_document
from dubbing.formats.glossary_csv import read_glossary
from dubbing.formats.language_toml import normal_tag
from dubbing.formats.video_names import beside, legible, name_of
from dubbing.model.episode import Episode, Release

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class EpisodeEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    number: int
    video: str
    bed: str | None = None


class ReleaseDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The content of `release.json`."""

    schema: int
    release: str
    source_language: str
    episodes: list[EpisodeEntry]
    title: str = ""
    glossary: str | None = None
    cast: str | None = None


def read_release(folder: Path) -> Release:
    """The release in a folder. Raises Rejected that names the file and the field at fault."""
    file = folder / "release.json"
    if not file.is_file():
        raise Rejected(
            str(folder),
            found="a folder without release.json" if folder.is_dir() else "no such folder",
            expected="a folder with a release.json, or a video file",
            remedy="Give the release's folder, or one video.",
        )
    document = read_release_document(file)
    return Release(
        name=document.release,
        title=document.title or document.release,
        root=folder,
        source_language=normal_tag(document.source_language),
        episodes=tuple(
            sorted(
                (_episode(file, folder, index, e) for index, e in enumerate(document.episodes)),
                key=lambda episode: episode.number,
            )
        ),
        glossary=read_glossary(_inside(file, folder, "glossary", document.glossary))
        if document.glossary
        else read_glossary(folder / "glossary.csv"),
        cast_file=_inside(file, folder, "cast", document.cast)
        if document.cast
        else folder / "cast.toml",
        corrections_file=folder / "corrections.toml",
    )


def read_release_document(file: Path) -> ReleaseDocument:
    """A `release.json` alone; the files that it names need not be there yet. Raises Rejected."""
    document = read_document(file, ReleaseDocument, "docs/localization.md")
    _check_document(file, document)
    return document


def glossary_file(folder: Path) -> Path:
    """Where the glossary of a release lies, or would. The release is one that `read_release` has read."""
    return folder / (read_release_document(folder / "release.json").glossary or "glossary.csv")


def release_of_video(video: Path, source_language: str) -> Release:
    """A video given alone: a release of one episode. What people correct lies beside the video."""
    return Release(
        name=re.sub(r"[^A-Za-z0-9_-]+", "-", video.stem).strip("-")[:200] or "video",
        title=legible(video.stem),
        root=video.parent,
        source_language=normal_tag(source_language),
        episodes=(Episode(number=1, video=video, file_name=name_of(video)),),
        cast_file=beside(video, "cast"),
        corrections_file=beside(video, "corrections"),
    )


def _check_document(file: Path, document: ReleaseDocument) -> None:
    def reject(field: str, found: str, expected: str, remedy: str) -> Rejected:
        return Rejected(f"{file}, {field}", found=found, expected=expected, remedy=remedy)

    if document.schema != 1:
        raise reject("schema", str(document.schema), "1", "Use a release.json of schema 1.")
    if not _NAME.fullmatch(document.release):
        raise reject(
            "release",
            repr(document.release),
            "letters, digits, - and _",
            "Give the release a name that can be part of a file name.",
        )
    if not langcodes.tag_is_valid(document.source_language):
        raise reject(
            "source_language",
            repr(document.source_language),
            "a BCP-47 language tag such as zh",
            "Name the language that is spoken in the episodes.",
        )
    if not document.episodes:
        raise reject("episodes", "an empty list", "at least one episode", "List the episodes.")
    seen: dict[int, int] = {}
    for index, episode in enumerate(document.episodes):
        field = f"episodes[{index}].number"
        if episode.number < 1:
            raise reject(field, str(episode.number), "1 or more", "Number the episodes from 1.")
        if episode.number in seen:
            raise reject(
                field,
                f"{episode.number}, which episodes[{seen[episode.number]}] has too",
                "a number of its own for each episode",
                "Give each episode a different number.",
            )
        seen[episode.number] = index


def _episode(file: Path, folder: Path, index: int, entry: EpisodeEntry) -> Episode:
    return Episode(
        number=entry.number,
        video=_inside(file, folder, f"episodes[{index}].video", entry.video),
        bed=_inside(file, folder, f"episodes[{index}].bed", entry.bed) if entry.bed else None,
    )


def _inside(file: Path, folder: Path, field: str, name: str) -> Path:
    """The path of a file that the release names, which may not lie, or lead, outside its folder."""
    path = folder / name
    if "\0" in name or not path.resolve().is_relative_to(folder.resolve()):
        raise Rejected(
            f"{file}, {field}",
            found=repr(name),
            expected="a path inside the release's folder",
            remedy="Put the file into the folder and name it relative to that.",
        )
    if not path.is_file():
        raise Rejected(
            f"{file}, {field}",
            found=f"{name!r}, and there is no such file",
            expected="a file in the release's folder",
            remedy="Correct the name, or deliver the file.",
        )
    return path
