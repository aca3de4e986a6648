"""A file as an answer, whole or in part, as RFC 9110 has it: what a player needs to seek, and who fetches a large
file to go on where it was broken off."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from dubbing.api.problems import Unsatisfiable, answer_of

_CHUNK_BYTES = 1 << 18
_MOST_PARTS = 100  # of one answer: more are asked for by nobody who wants to see it
_PART = re.compile(r"(\d{0,19})-(\d{0,19})")

Span = tuple[int, int]  # bytes from, up to and without


def file_answer(
    file: BinaryIO,
    length: int,
    etag: str,
    kind: str,
    asked: Headers,
    method: str,
    headers: Mapping[str, str],
) -> Response:
    """Answers a GET or a HEAD with a file of `length` bytes, which is closed afterwards. `etag` without quotes."""
    said = {
        "ETag": f'"{etag}"',
        "Accept-Ranges": "bytes",
        # What is published anew has the same path: ask again, and be told that it is the same.
        "Cache-Control": "private, no-cache",
        **headers,
    }
    if _is_known(asked.get("if-none-match"), etag):
        file.close()
        return Response(status_code=304, headers=said)
    spans = _spans(asked, etag, length)
    if spans == []:
        file.close()
        refused = answer_of(
            Unsatisfiable(
                "Range",
                found=repr(asked["range"][:100]),
                expected=f"bytes of a file of {length}",
                remedy="Ask for a part that the file has.",
            )
        )
        refused.headers["Content-Range"] = f"bytes */{length}"
        return refused
    status, size, pieces = 200, length, [(b"", (0, length))]
    if spans is not None and len(spans) == 1:
        ((start, end),) = spans
        status, size, pieces = 206, end - start, [(b"", (start, end))]
        said["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
    elif spans is not None:
        boundary = secrets.token_hex(16)
        status, pieces = 206, _multipart(spans, boundary, kind, length)
        size = sum(len(head) + end - start for head, (start, end) in pieces)
        kind = f"multipart/byteranges; boundary={boundary}"
    said["Content-Length"] = str(size)
    if method == "HEAD":
        file.close()
        return Response(status_code=status, headers=said, media_type=kind)
    return StreamingResponse(_read(file, pieces), status, headers=said, media_type=kind)


def _is_known(known: str | None, etag: str) -> bool:
    """Whether who asks has it already (If-None-Match)."""
    if known is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return bool(tags & {"*", f'"{etag}"'})


def _spans(asked: Headers, etag: str, length: int) -> list[Span] | None:
    """The parts that are asked for, in order and apart; None for all of it, none if it has none of them.

    What is no range of bytes is as if it was not asked (RFC 9110, 14.2), and so is a part of another
    version than this (If-Range).
    """
    unit, mark, parts = asked.get("range", "").partition("=")
    condition = asked.get("if-range")
    if unit.strip().lower() != "bytes" or not mark or condition not in (None, f'"{etag}"'):
        return None
    wanted = [part.strip() for part in parts.split(",") if part.strip()]
    found: list[Span] = []
    for part in wanted:
        match = _PART.fullmatch(part)
        if match is None or part == "-":
            return None
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return None
        start = int(first) if first else max(0, length - int(last))
        end = min(length, int(last) + 1) if first and last else length
        if start < end:
            found.append((start, end))
    if not wanted or len(wanted) > _MOST_PARTS:
        return None
    return _joined(sorted(found))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Without overlaps: nobody gets more bytes than the file has."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _multipart(
    spans: Sequence[Span], boundary: str, kind: str, length: int
) -> list[tuple[bytes, Span]]:
    """What stands before each part, and the part."""
    pieces: list[tuple[bytes, Span]] = [
        (
            f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n"
            f"Content-Range: bytes {start}-{end - 1}/{length}\r\n\r\n".encode(),
            (start, end),
        )
        for start, end in spans
    ]
    return [*pieces, (f"\r\n--{boundary}--\r\n".encode(), (0, 0))]


def _read(file: BinaryIO, pieces: Sequence[tuple[bytes, Span]]) -> Iterator[bytes]:
    with file:
        for head, (start, end) in pieces:
            if head:
                yield head
            file.seek(start)
            while start < end and (chunk := file.read(min(_CHUNK_BYTES, end - start))):
                start += len(chunk)
                yield chunk
