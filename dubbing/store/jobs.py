"""The states of jobs, of their episodes and of their gates, and every way from one to another."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dubbing.model.service import (
    EpisodeState,
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    ReleaseOrder,
    TaskStatus,
)
from dubbing.store.tables import EpisodeRow, GateRow, InboxRow, JobRow, TaskRow

_J = JobRow
_COLUMNS = (
    _J.id, _J.team, _J.order, _J.status, _J.revision, _J.left_out, _J.created_ms, _J.updated_ms,
    _J.ended_ms, _J.reason, _J.release_name, _J.planned_by, _J.plan_key, _J.manifest,
    _J.manifest_sha256, _J.trace,
)  # fmt: skip


def add(
    connection: Connection,
    team: str,
    order: ReleaseOrder,
    now_ms: int,
    *,
    idempotency_key: str | None = None,
    trace: str = "",
) -> JobState:
    """A new job."""
    job = uuid.uuid4().hex
    connection.execute(
        insert(JobRow).values(
            {
                _J.id: job,
                _J.team: team,
                _J.status: JobStatus.ACCEPTED,
                _J.order: msgspec.to_builtins(order),
                _J.idempotency_key: idempotency_key,
                _J.created_ms: now_ms,
                _J.updated_ms: now_ms,
                _J.trace: trace,
            }
        )
    )
    state = get(connection, job)
    assert state is not None  # noqa: S101 - just inserted
    return state


def get(connection: Connection, job: str) -> JobState | None:
    row = connection.execute(select(*_COLUMNS).where(_J.id == job)).first()
    return None if row is None else _state(row)


def lock(connection: Connection, job: str) -> JobState | None:
    """A job that nobody else changes until the transaction ends."""
    row = connection.execute(select(*_COLUMNS).where(_J.id == job).with_for_update()).first()
    return None if row is None else _state(row)


def by_idempotency_key(connection: Connection, team: str, key: str) -> JobState | None:
    row = connection.execute(
        select(*_COLUMNS).where(_J.team == team, _J.idempotency_key == key)
    ).first()
    return None if row is None else _state(row)


def page(
    connection: Connection,
    team: str | None,
    *,
    status: JobStatus | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[JobState]:
    """Jobs, the newest first, from before a job's (created_ms, id). `team` None: of all teams."""
    query = select(*_COLUMNS).order_by(_J.created_ms.desc(), _J.id.desc()).limit(limit)
    if team is not None:
        query = query.where(_J.team == team)
    if status is not None:
        query = query.where(_J.status == status)
    if before is not None:
        created_ms, job = before
        query = query.where(
            (_J.created_ms < created_ms) | ((_J.created_ms == created_ms) & (_J.id < job))
        )
    return [_state(row) for row in connection.execute(query)]


def stalled(connection: Connection, unchanged_since_ms: int) -> list[str]:
    """Jobs that should go on, but have no task that is ready or running, and no gate to wait at."""
    busy = (
        select(TaskRow.id)
        .where(TaskRow.job == _J.id, TaskRow.status.in_((TaskStatus.READY, TaskStatus.RUNNING)))
        .exists()
    )
    waits = select(GateRow.job).where(GateRow.job == _J.id, GateRow.approved_ms.is_(None)).exists()
    query = select(_J.id).where(
        _J.status.in_((JobStatus.ACCEPTED, JobStatus.RUNNING)),
        _J.updated_ms < unchanged_since_ms,
        ~busy,
        ~waits,
    )
    return list(connection.execute(query).scalars())


def at_work_on(connection: Connection, release: str) -> str | None:
    """A job that has not ended, of a release; None if there is none."""
    rows = connection.execute(
        select(_J.id, _J.order).where(_J.status.in_([s for s in JobStatus if not s.ended]))
    )
    return next((id for id, order in rows if order["release"] == release), None)  # noqa: A001


def move(
    connection: Connection,
    job: str,
    to: JobStatus,
    *,
    of: Collection[JobStatus],
    now_ms: int,
    **values: object,
) -> bool:
    """Changes a job's status, and what goes with it; False if it was in none of the statuses `of`."""
    done = connection.execute(
        update(JobRow)
        .where(_J.id == job, _J.status.in_(of))
        .values(
            status=to,
            updated_ms=now_ms,
            ended_ms=now_ms if to.ended else None,
            **values,
        )
    )
    return done.rowcount == 1


def revise(connection: Connection, job: str, now_ms: int, **values: object) -> None:
    """Notes a change of what is to be made: plans laid out before are out of date."""
    connection.execute(
        update(JobRow)
        .where(_J.id == job)
        .values(revision=_J.revision + 1, updated_ms=now_ms, **values)
    )


def set_order(connection: Connection, job: str, order: ReleaseOrder, now_ms: int) -> None:
    values: dict[Any, Any] = {_J.order: msgspec.to_builtins(order), _J.updated_ms: now_ms}
    connection.execute(update(JobRow).where(_J.id == job).values(values))


def snapshot(connection: Connection, job: str) -> str | None:
    return connection.execute(select(_J.snapshot).where(_J.id == job)).scalar()


def open_episodes(connection: Connection, job: str, numbers: Iterable[int]) -> None:
    """Sets episodes to be made, whatever they were."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(EpisodeRow)
    rows = [{"job": job, "number": n, "status": EpisodeStatus.RUNNING} for n in numbers]
    if rows:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["job", "number"],
                set_={"status": EpisodeStatus.RUNNING, "reason": "", "ended_ms": None},
            ),
            rows,
        )


def episodes(connection: Connection, job: str) -> list[EpisodeState]:
    query = select(EpisodeRow).where(EpisodeRow.job == job).order_by(EpisodeRow.number)
    return [
        EpisodeState(row.number, EpisodeStatus(row.status), row.reason, row.ended_ms)
        for row in connection.execute(query)
    ]


def end_episode(
    connection: Connection,
    job: str,
    number: int,
    status: EpisodeStatus,
    now_ms: int,
    reason: str = "",
    duration_ms: int | None = None,
) -> bool:
    """Ends an episode that is being made; False if it has ended already."""
    done = connection.execute(
        update(EpisodeRow)
        .where(
            EpisodeRow.job == job,
            EpisodeRow.number == number,
            EpisodeRow.status == EpisodeStatus.RUNNING,
        )
        .values(status=status, reason=reason, ended_ms=now_ms, duration_ms=duration_ms)
    )
    return done.rowcount == 1


def reach_gate(connection: Connection, job: str, gate: Gate, episode: int, now_ms: int) -> None:
    """Notes that an episode (0: the whole job) waits for people."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(GateRow)
        .values(job=job, gate=gate, episode=episode, reached_ms=now_ms, approved_by="")
        .on_conflict_do_nothing()
    )


def approve_gate(
    connection: Connection,
    job: str,
    gate: Gate,
    episodes: Sequence[int] | None,
    by: str,
    now_ms: int,
) -> int:
    """Lets episodes that wait at a gate go on (None: all that do), and says how many."""
    statement = update(GateRow).where(
        GateRow.job == job, GateRow.gate == gate, GateRow.approved_ms.is_(None)
    )
    if episodes is not None:
        statement = statement.where(GateRow.episode.in_(episodes))
    return connection.execute(statement.values(approved_ms=now_ms, approved_by=by)).rowcount


def gates(connection: Connection, job: str) -> dict[tuple[Gate, int], bool]:
    """(gate, episode) -> whether it is approved, of those that were reached."""
    rows = connection.execute(
        select(GateRow.gate, GateRow.episode, GateRow.approved_ms).where(GateRow.job == job)
    )
    return {(Gate(gate), episode): approved is not None for gate, episode, approved in rows}


def job_of_message(connection: Connection, source: str, message: str) -> str | None:
    """The job that a pipeline's message has become."""
    return connection.execute(
        select(InboxRow.job).where(InboxRow.source == source, InboxRow.message == message)
    ).scalar()


def note_message(connection: Connection, source: str, message: str, job: str, now_ms: int) -> None:
    connection.execute(
        insert(InboxRow).values(source=source, message=message, job=job, received_ms=now_ms)
    )


def count_by_status(connection: Connection) -> dict[JobStatus, int]:
    rows = connection.execute(select(_J.status, func.count()).group_by(_J.status))
    return {JobStatus(status): count for status, count in rows}


def _state(row: Row[Any]) -> JobState:
    values = dict(row._mapping)
    # The column's own name is another, since `order` is a word of SQL.
    order = values.pop("order", None) or values.pop("ordered")
    return JobState(
        **{
            **values,
            "order": msgspec.convert(order, ReleaseOrder),
            "status": JobStatus(values["status"]),
            "left_out": tuple(values["left_out"]),
        }
    )
