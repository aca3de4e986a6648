"""Whether a job that is submitted now would be done."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing import __version__
from dubbing.errors import Transient
from dubbing.model.service import Queue
from dubbing.store import workers
from dubbing.store.database import Database, now_ms

SILENT_MS = 60_000  # a worker that has not been heard of for longer is taken for gone


@dataclass(frozen=True, slots=True)
class QueueHealth:
    workers: int  # heard of within the last minute, and taking work
    paused: int  # heard of, but taking no work just now


@dataclass(frozen=True, slots=True)
class Health:
    """What keeps jobs from being done, and who does them."""

    healthy: bool
    problems: list[str]  # for people; empty if nothing keeps jobs from being done
    version: str
    schema_revision: str | None  # of the database; null if it has no tables
    queues: dict[Queue, QueueHealth]


def look(database: Database) -> Health:
    """Asks the database: who does the work says so there."""
    problems: list[str] = []
    revision: str | None = None
    queues = dict.fromkeys(Queue, QueueHealth(0, 0))
    try:
        revision, expected = database.revisions()
        if revision != expected:
            problems.append(
                f"The database's schema is at revision {revision or 'none'}; this version of the "
                f"software needs {expected}."
            )
        if revision is not None:
            with database.transaction() as connection:
                seen = workers.seen_since(connection, now_ms() - SILENT_MS)
            for queue in Queue:
                those = [bool(worker.paused) for worker in seen if queue in worker.queues]
                queues[queue] = QueueHealth(those.count(False), those.count(True))
    except Transient:
        problems.append("The database can't be reached.")
    problems += [
        f"No worker takes work of the queue {queue}"
        + (f": {found.paused} paused." if found.paused else ".")
        for queue, found in queues.items()
        if not found.workers
    ]
    return Health(not problems, problems, __version__, revision, queues)


def is_heard_of(database: Database, machine: str) -> bool:
    """Whether a worker of a machine (its host name) has given a sign of life lately."""
    with database.transaction() as connection:
        seen = workers.seen_since(connection, now_ms() - SILENT_MS)
    return any(worker.name.rpartition(":")[0] == machine for worker in seen)
