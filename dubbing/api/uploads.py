"""Releases that are sent to us file by file: streamed, bounded, and checked before they are believed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

import fsspec
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dubbing.api.auth import BEARER, Me, StreamedRoute
from dubbing.api.documents import Upload, UploadedFile
from dubbing.api.parts import Here, Parts
from dubbing.api.problems import COMMON, Missing, TooLarge
from dubbing.errors import Rejected, Transient
from dubbing.formats.decisions import read_cast, read_corrections
from dubbing.formats.glossary_csv import read_glossary
from dubbing.formats.release_json import read_release_document
from dubbing.media import inspecting, probing
from dubbing.service.desk import Actor
from dubbing.service.releases.places import Place
from dubbing.service.settings import ServiceSettings

router = APIRouter(
    prefix="/v1/uploads/{release}",
    tags=["uploads"],
    route_class=StreamedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)

_VIDEOS = frozenset(
    ".mp4 .m4v .mov .mkv .webm .ts .m2ts .avi .flv .wmv .mpg .mpeg".split()  # noqa: SIM905
)
_SOUNDS = frozenset(".wav .flac .m4a .aac .mp3 .ogg .opus".split())  # noqa: SIM905
_DOCUMENT_BYTES = 8 << 20
_BUFFER_BYTES = 1 << 20
_ABANDONED_S = 86_400
_LONGEST_NAME = 180  # bytes; with what we put before it, file systems take 255

ReleaseName = Annotated[
    str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="The release's name.")
]


@router.get("", summary="See what has arrived of a release")
def see(release: ReleaseName, me: Me, here: Here) -> Upload:
    found = _arrived(_place(here, me, release))
    if not found.files:
        raise Missing(
            "release",
            found=release,
            expected="a release that something was uploaded of",
            remedy="Upload its files first.",
        )
    return found


@router.put(
    "/{name}",
    summary="Upload a file of a release",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def put(
    release: ReleaseName,
    name: Annotated[str, InPath(description="As release.json names it.", examples=["ep01.mp4"])],
    request: Request,
    me: Me,
    here: Here,
) -> Upload:
    """A video, a stem, release.json, the glossary, the cast or corrections. A file of the same name is
    replaced, but not while a job reads it. Order the release when the answer says that it is complete."""
    _refuse_name(name)
    most = round(here.settings.upload_limit_gb * 1e9) if _is_media(name) else _DOCUMENT_BYTES
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(name, most)
    place = await run_in_threadpool(_open, here, me, release)
    partial = place.root / f".upload-{uuid.uuid4().hex}-{name}"
    try:
        length = await _receive(request, partial, name, most, here.settings)
        await run_in_threadpool(_believe, partial, name, place)
        details = {"bytes": length}
        await run_in_threadpool(here.desk.note, me, "upload", f"{release}/{name}", details)
        return await run_in_threadpool(_arrived, place)
    finally:
        partial.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            place.root.rmdir()  # if this was its first file, and was refused


async def _receive(
    request: Request, partial: Path, name: str, most: int, settings: ServiceSettings
) -> int:
    """Writes what is sent to a file, and returns how many bytes that were."""
    length = 0
    with partial.open("wb") as out:
        buffer = bytearray()

        def flush() -> None:
            if shutil.disk_usage(partial.parent).free < settings.min_free_gb * 1e9 + len(buffer):
                raise Transient(f"no room for the upload of {name}")
            out.write(buffer)
            buffer.clear()

        try:
            async for chunk in request.stream():
                length += len(chunk)
                if length > most:
                    raise _too_large(name, most)
                buffer += chunk
                if len(buffer) >= _BUFFER_BYTES:
                    await run_in_threadpool(flush)
        except ClientDisconnect:
            raise HTTPException(400) from None
        await run_in_threadpool(flush)
        out.flush()
        await run_in_threadpool(os.fsync, out.fileno())
    return length


def _believe(partial: Path, name: str, place: Place) -> None:
    """Gives a file its name, if it is what its name says. Raises Rejected."""
    try:
        _check(partial, name)
    except Rejected as error:
        raise Rejected(
            error.where.replace(str(partial), name),
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from None

    def adopt(path: Path) -> None:
        partial.replace(path)

    place.edit(place.root / name, adopt)
    if place.remote and _is_media(name):
        (place.root / name).unlink(missing_ok=True)  # workers bring it where it is needed


def _check(file: Path, name: str) -> None:
    suffix = Path(name).suffix.lower()
    if suffix in _VIDEOS:
        inspecting.probe(file)
    elif suffix in _SOUNDS:
        if probing.read_header(file).main("audio") is None:
            raise Rejected(
                str(file),
                found="no sound in it",
                expected="the music-and-effects stem of an episode",
                remedy="Export the stem again.",
            )
    elif name == "release.json":
        read_release_document(file)
    elif suffix == ".csv":
        read_glossary(file)
    elif name == "corrections.toml":
        read_corrections(file)
    else:
        read_cast(file)


def _open(parts: Parts, me: Actor, release: str) -> Place:
    """The place of a release, to be written to. Raises Conflict while a job reads it."""
    place = _place(parts, me, release)
    parts.desk.refuse_if_at_work(place.url)
    place.root.mkdir(parents=True, exist_ok=True)
    for leftover in place.root.glob(".upload-*"):
        if time.time() - leftover.stat().st_mtime > _ABANDONED_S:
            leftover.unlink(missing_ok=True)
    return place


def _place(parts: Parts, me: Actor, release: str) -> Place:
    """In the first place of the team's own."""
    return Place(parts.desk.roots.of_upload(me.team, release), parts.settings.scratch)


def _arrived(place: Place) -> Upload:
    fs, base = fsspec.core.url_to_fs(place.url, use_listings_cache=False)
    try:
        entries: list[dict[str, Any]] = fs.ls(base, detail=True)
    except FileNotFoundError:
        entries = []
    files = [
        UploadedFile(name=name, bytes=entry["size"])
        for entry in entries
        if entry["type"] == "file" and not (name := Path(entry["name"]).name).startswith(".")
    ]
    problem = ""
    try:
        place.read()
    except Rejected as error:
        problem = str(error).replace(f"{place.root}/", "").replace(str(place.root), "the release")
    return Upload(
        release=place.url,
        complete=not problem,
        problem=problem,
        files=sorted(files, key=lambda file: file.name),
    )


def _is_media(name: str) -> bool:
    return Path(name).suffix.lower() in _VIDEOS | _SOUNDS


def _refuse_name(name: str) -> None:
    """Raises Rejected for a name that could lead elsewhere, or that no file of a release has."""
    plain = re.fullmatch(r"[^./\\][^/\\]*", name) and name.isprintable()
    suffix = Path(name).suffix.lower()
    known = _is_media(name) or suffix in (".csv", ".toml") or name == "release.json"
    if not plain or not known or len(name.encode()) > _LONGEST_NAME:
        raise Rejected(
            "name",
            found=repr(name)[:200],
            expected="release.json, a video, a stem (WAV, FLAC, M4A, ...), a CSV or a TOML file, "
            "without a folder",
            remedy="Give the file a plain name, and name it so in release.json.",
        )


def _too_large(name: str, most: int) -> TooLarge:
    return TooLarge(
        name,
        found="more bytes than that",
        expected=f"at most {most / 1e6:.0f} MB",
        remedy="Send a smaller file, or have the operator raise DUBBING_UPLOAD_LIMIT_GB.",
    )
