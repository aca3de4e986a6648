"""A job as it goes on, told to whoever watches: server-sent events.

The first events are all there is to know, so that a watcher who comes back after a lost connection has
missed nothing. The id of an event is a mark of all that was told up to it: who comes back with the mark of
what is still so is told nothing twice.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated

import anyio
import structlog
from fastapi import APIRouter, Header, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import JobId
from dubbing.api.job_documents import Episode, JobInFull
from dubbing.api.jobs import in_full
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON
from dubbing.errors import Transient
from dubbing.service.desk import Actor, Desk

log = structlog.get_logger()

router = APIRouter(
    prefix="/v1/jobs",
    tags=["jobs"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)

_EVERY_S = 1.0  # how often the database is asked
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["job", "episode"]},
        "data": {"type": "string", "description": "JSON: a JobInFull, or an Episode."},
        "id": {"type": "string", "description": "Give it as Last-Event-ID to go on from here."},
    },
}
_PING_S = 15  # keeps proxies from ending a connection on which nothing is said


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there is to tell of a job at one moment."""

    job: JobInFull
    episodes: tuple[Episode, ...]

    @property
    def mark(self) -> str:
        text = "".join(part.model_dump_json() for part in (self.job, *self.episodes))
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@router.get(
    "/{job}/events",
    summary="Watch a job",
    response_class=EventSourceResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": _EVENT}},
            "description": "`job` (a job in full) and `episode` events, until the job has ended",
        },
        204: {"description": "The job has ended, and `Last-Event-ID` is the last there was"},
    },
)
async def watch(
    job: JobId,
    me: Me,
    here: Here,
    request: Request,
    last_event_id: Annotated[
        str, Header(max_length=200, description="The id of the last event that was received.")
    ] = "",
) -> Response:
    first = await run_in_threadpool(_look, here.desk, me, job)
    if first.job.status.ended and first.mark == last_event_id:
        return Response(status_code=204)  # tells a browser not to come back
    known = first if first.mark == last_event_id else None
    return EventSourceResponse(
        _tell(here.desk, me, first, known, request.app.state.stop), ping=_PING_S
    )


async def _tell(
    desk: Desk, me: Actor, seen: _Seen, told: _Seen | None, stop: threading.Event
) -> AsyncIterator[ServerSentEvent]:
    while True:
        for event in _changes(seen, told):
            yield event
        if seen.job.status.ended or stop.is_set():
            return
        told = seen
        await anyio.sleep(_EVERY_S)
        try:
            seen = await run_in_threadpool(_look, desk, me, seen.job.id)
        except Transient as error:
            log.warning("events.waiting", reason=str(error))


def _look(desk: Desk, me: Actor, job: str) -> _Seen:
    # The episodes first: a job that has ended is not told of before its last episode is.
    episodes = tuple(Episode.of(one) for one in desk.episodes(me, job))
    return _Seen(in_full(desk, me, job), episodes)


def _changes(seen: _Seen, told: _Seen | None) -> Iterator[ServerSentEvent]:
    """What is new; the last event of it has the mark, since only then all of it is told."""
    known = {} if told is None else {episode.number: episode for episode in told.episodes}
    for episode in seen.episodes:
        if known.get(episode.number) != episode:
            yield ServerSentEvent(episode.model_dump_json(), event="episode")
    if told is None or told.mark != seen.mark:
        yield ServerSentEvent(seen.job.model_dump_json(), event="job", id=seen.mark)
