"""Whether a job that is submitted now would be done. Asked by machines, so it needs no token."""

from __future__ import annotations

from fastapi import APIRouter, Response

from dubbing import __version__
from dubbing.api.documents import Health, QueueHealth
from dubbing.api.parts import Here
from dubbing.errors import Transient
from dubbing.model.service import Queue
from dubbing.store import workers
from dubbing.store.database import Database, now_ms

router = APIRouter(prefix="/v1", tags=["health"])

_SILENT_MS = 60_000  # a worker that has not been heard of for longer is taken for gone


@router.get(
    "/health",
    summary="See whether jobs are being done",
    responses={503: {"model": Health, "description": "Jobs are not done now, and why"}},
)
def health(here: Here, response: Response) -> Health:
    found = look(here.database)
    response.status_code = 200 if found.healthy else 503
    return found


def look(database: Database) -> Health:
    """What keeps jobs from being done."""
    problems: list[str] = []
    revision: str | None = None
    queues = {queue: QueueHealth(workers=0, paused=0) for queue in Queue}
    try:
        revision, expected = database.revisions()
        if revision != expected:
            problems.append(
                f"The database's schema is at revision {revision or 'none'}; this version of the "
                f"software needs {expected}."
            )
        if revision is not None:
            with database.transaction() as connection:
                for worker in workers.seen_since(connection, now_ms() - _SILENT_MS):
                    for queue in worker.queues:
                        if worker.paused:
                            queues[queue].paused += 1
                        else:
                            queues[queue].workers += 1
    except Transient:
        problems.append("The database can't be reached.")
    problems += [
        f"No worker takes work of the queue {queue}"
        + (f": {found.paused} paused." if found.paused else ".")
        for queue, found in queues.items()
        if not found.workers
    ]
    return Health(
        healthy=not problems,
        problems=problems,
        version=__version__,
        schema_revision=revision,
        queues=queues,
    )
