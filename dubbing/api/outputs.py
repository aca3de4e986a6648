"""What was published: its manifest, and the files that the manifest names."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from io import BytesIO
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Request, Response
from starlette.responses import StreamingResponse

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import JobId
from dubbing.api.parts import Here, Parts
from dubbing.api.problems import COMMON, Missing, responses
from dubbing.api.ranges import file_answer
from dubbing.errors import Rejected, Transient
from dubbing.publishing.publish import MANIFEST, Manifest
from dubbing.service.desk import Actor, Conflict
from dubbing.service.releases.places import Place

router = APIRouter(
    prefix="/v1/jobs/{job}/outputs",
    tags=["outputs"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)

_TYPES = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".m4a": "audio/mp4"}


_PARTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file; its `ETag` is its SHA-256",
    },
    206: {
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The parts of it that `Range` asks for",
    },
    304: {"description": "It is still what `If-None-Match` says"},
    **responses(416),
}


@router.get("", summary="Read the manifest of what was published", response_model=Manifest)
def manifest(
    job: JobId,
    me: Me,
    here: Here,
    request: Request,
) -> Response:
    content, _ = _published(here, me, job)
    digest = hashlib.sha256(content).hexdigest()
    return file_answer(
        BytesIO(content),
        len(content),
        digest,
        "application/json",
        request.headers,
        request.method,
        {},
    )


@router.get(
    "/{path:path}",
    summary="Fetch a file that the manifest names",
    response_class=StreamingResponse,
    responses=_PARTS,
)
def fetch(
    job: JobId,
    path: Annotated[str, Path(max_length=1000, description="As the manifest writes it.")],
    me: Me,
    here: Here,
    request: Request,
) -> Response:
    """All of it, or parts (`Range`, `If-Range`), or nothing if it is known already (`If-None-Match`)."""
    content, out = _published(here, me, job)
    named = {file.path: file for file in msgspec.json.decode(content, type=Manifest).files}
    if path not in named:
        raise Missing(
            "path",
            found=repr(path)[:200],
            expected="a file that the manifest names",
            remedy="Read the manifest.",
        )
    file = out.open(path)
    length = file.seek(0, os.SEEK_END)
    if length != named[path].bytes:
        file.close()
        raise Transient(f"{path} of {out.url} is being published anew")
    kind = _TYPES.get(os.path.splitext(path)[1]) or mimetypes.guess_type(path)[0]  # noqa: PTH122
    headers = {
        # A report is for reading, not for running in the name of this API.
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2])}",
        "X-Content-Type-Options": "nosniff",
    }
    kind = kind or "application/octet-stream"
    return file_answer(
        file, length, named[path].sha256, kind, request.headers, request.method, headers
    )


# Each with the headers of its GET.
router.head("", include_in_schema=False)(manifest)
router.head("/{path:path}", include_in_schema=False)(fetch)


def _published(parts: Parts, me: Actor, job: str) -> tuple[bytes, Place]:
    """The manifest of a job that was published, and where its release lies."""
    state = parts.desk.job(me, job)
    nothing = Conflict(
        f"job {job}",
        found=f"a job that is {state.status} and has published nothing",
        expected="a job that has published its release",
        remedy="Wait until it is completed.",
    )
    if not state.manifest:
        raise nothing
    out = parts.plans.out(state.order)
    try:
        with out.open(MANIFEST) as file:
            return file.read(), out
    except Rejected:
        raise nothing from None
