"""Which workers there are, by their heartbeats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from dubbing.model.service import Queue
from dubbing.store.tables import WorkerRow

_W = WorkerRow
_GONE_MS = 3_600_000  # not worth mentioning any more


@dataclass(frozen=True, slots=True)
class WorkerState:
    name: str
    queues: tuple[Queue, ...]
    version: str
    seen_ms: int
    paused: str  # why it takes no work; empty if it does
    engines: Mapping[str, Any]  # loaded in it, and their use


def beat(
    connection: Connection,
    name: str,
    queues: Collection[Queue],
    version: str,
    paused: str,
    engines: Mapping[str, Any],
    now_ms: int,
) -> None:
    """A sign of life."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "queues": list(queues),
        "version": version,
        "seen_ms": now_ms,
        "paused": paused,
        "engines": dict(engines),
    }
    connection.execute(
        dialect.insert(WorkerRow)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def leave(connection: Connection, name: str) -> None:
    connection.execute(delete(WorkerRow).where(_W.name == name))


def seen_since(connection: Connection, since_ms: int) -> list[WorkerState]:
    rows = connection.execute(
        select(_W.name, _W.queues, _W.version, _W.seen_ms, _W.paused, _W.engines)
        .where(_W.seen_ms >= since_ms)
        .order_by(_W.name)
    )
    return [WorkerState(name, tuple(map(Queue, queues)), *rest) for name, queues, *rest in rows]


def drop_old(connection: Connection, now_ms: int) -> None:
    connection.execute(delete(WorkerRow).where(_W.seen_ms < now_ms - _GONE_MS))
