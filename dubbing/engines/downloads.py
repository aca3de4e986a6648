"""Downloads single files from the web: resumes them, and uses a mirror if one is named.

The caller checks the digest. An archive is never unpacked; one file is read out of it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urldefrag, urlsplit

from dubbing.errors import Rejected, Transient

_TIMEOUT_S = 60.0  # without a byte
_BLOCK = 1 << 20
_GONE = frozenset({401, 403, 404, 410})
# What reading a file out of an archive ends in, if it is not in there or the archive is damaged.
_NO_ARCHIVE = (
    KeyError,
    EOFError,
    gzip.BadGzipFile,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


def mirrored(url: str) -> str:
    """Where a file is fetched from: with `DUBBING_MIRROR=https://mirror`, `https://host/a` is `https://mirror/host/a`."""
    mirror = os.environ.get("DUBBING_MIRROR")
    if not mirror:
        return url
    return f"{mirror.rstrip('/')}/{url.partition('://')[2]}"


def download(url: str, to: Path, partial: Path) -> None:
    """The file at a URL, written to `to`; `https://host/a.zip#b/c.pth` is the file `b/c.pth` of an archive.

    What has come of it is kept in the folder `partial`, and the next call goes on from there. Raises Rejected
    for what the server does not have, Transient if it does not answer or breaks off.
    """
    address, member = urldefrag(url)
    partial.mkdir(parents=True, exist_ok=True)
    to.parent.mkdir(parents=True, exist_ok=True)
    whole = partial / hashlib.sha256(address.encode()).hexdigest()[:16]
    if not whole.exists():
        part = whole.with_name(f"{whole.name}.part")
        _fetch(mirrored(address), part)
        part.rename(whole)
    if not member:
        whole.rename(to)
        return
    try:
        _extract(whole, member, to)
    except _NO_ARCHIVE as error:
        whole.unlink()  # whatever is wrong with it, the next one may be better
        raise Rejected(
            url,
            found=f"{error}".strip("'\""),
            expected=f"an archive with {member}",
            remedy="Fetch it again; if it stays so, the server, or what DUBBING_MIRROR names, "
            "has another file than the one that was looked at.",
        ) from None


def _fetch(url: str, part: Path) -> None:
    """Goes on until the file is whole, as long as each attempt brings something."""
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, before)
        except urllib.error.HTTPError as error:
            if error.code in _GONE:
                raise Rejected(
                    url,
                    found=f"{error.code} {error.reason}",
                    expected="the file",
                    remedy="See whether the address can be reached from here; DUBBING_MIRROR names another.",
                ) from None
            raise Transient(f"{url}: {error.code} {error.reason}") from error
        except (OSError, HTTPException) as error:
            if not part.exists() or part.stat().st_size <= before:
                raise Transient(f"{url} could not be fetched: {error}") from error
        else:
            return


def _append(url: str, part: Path, start: int) -> None:
    """What is missing of a file after its first `start` bytes. Raises OSError where it breaks off."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url} is no address of the web")
    request = urllib.request.Request(url)  # noqa: S310
    if start:
        request.add_header("range", f"bytes={start}-")
    try:
        answer = cast("HTTPResponse", urllib.request.urlopen(request, timeout=_TIMEOUT_S))  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise
    with answer:
        resumed = answer.status == 206
        expected = (start if resumed else 0) + int(answer.headers["content-length"] or 0)
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if answer.headers["content-length"] and part.stat().st_size < expected:
            raise OSError(f"{part.stat().st_size} of {expected} bytes came")


def _extract(archive: Path, member: str, to: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source:
            _copy(cast("BinaryIO", source), to)
        return
    with tarfile.open(archive) as opened_tar:
        inside = opened_tar.extractfile(member)
        if inside is None:
            raise KeyError(f"{member} is no file")
        with inside:
            _copy(cast("BinaryIO", inside), to)


def _copy(source: BinaryIO, to: Path) -> None:
    partial = to.with_name(f"{to.name}.part")
    with partial.open("wb") as file:
        shutil.copyfileobj(source, file, _BLOCK)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(to)
