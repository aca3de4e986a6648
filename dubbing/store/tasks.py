"""The states of tasks, and every way from one to another.

Each change is one statement that names the state it starts from, so that of two who try it at once only
one does it: no lock is held while work is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dubbing.model.service import (
    Finding,
    Limits,
    Priority,
    Queue,
    ReleaseOrder,
    Task,
    TaskStatus,
)
from dubbing.store.tables import JobRow, TaskRow

_T = TaskRow
_COLUMNS = (
    _T.id, _T.job, _T.key, _T.stage, _T.queue, _T.episode, _T.language, _T.status, _T.priority,
    _T.attempts, _T.owner, _T.lease_until_ms, _T.ready_ms, _T.created_ms, _T.started_ms, _T.ended_ms,
    _T.reason,
)  # fmt: skip
_MOST_BACKOFF_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be, all of whose inputs exist."""

    key: str  # unique in its job
    stage: str
    queue: Queue
    episode: int | None
    language: str | None


def add(
    connection: Connection,
    job: str,
    job_created_ms: int,
    priority: Priority,
    tasks: Iterable[NewTask],
    now_ms: int,
) -> int:
    """Makes tasks ready that are not there yet, and says how many. One that is done, but whose artifact is
    missing again, is made ready once more; one that failed stays so."""
    rows = [
        {
            "job": job,
            "job_created_ms": job_created_ms,
            "key": task.key,
            "stage": task.stage,
            "queue": task.queue,
            "episode": task.episode,
            "language": task.language,
            "status": TaskStatus.READY,
            "priority": int(priority),
            "turn": _turn(priority, task.episode),
            "ready_ms": now_ms,
            # Told of as soon as the transaction ends; if that fails, the depth of the queue tells.
            "sent_ms": now_ms,
            "created_ms": now_ms,
        }
        for task in tasks
    ]
    if not rows:
        return 0
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(TaskRow)
    again = insert.on_conflict_do_update(
        index_elements=["job", "key"],
        set_={
            "status": TaskStatus.READY, "priority": insert.excluded.priority,
            "turn": insert.excluded.turn, "attempts": 0, "ready_ms": now_ms, "sent_ms": now_ms,
            "started_ms": None, "ended_ms": None, "owner": "", "lease_until_ms": None,
        },
        where=_T.status == TaskStatus.DONE,
    )  # fmt: skip
    return sum(max(0, connection.execute(again, row).rowcount) for row in rows)


def claim(
    connection: Connection, queues: Collection[Queue], owner: str, now_ms: int, limits: Limits
) -> Task | None:
    """The next task of these queues, its lease now the owner's: the most urgent first. Of these, a job's own
    steps go ahead of all stages: a plan shows early what is wrong, and what is done is not kept back. Then that
    of the oldest job, then that of the earliest episode, so that series end one after the other."""
    due = (
        select(_T.id)
        .where(_T.queue.in_(queues), _T.status == TaskStatus.READY, _T.ready_ms <= now_ms)
        .order_by(_T.turn, _T.job_created_ms, _T.episode, _T.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = connection.execute(
        update(TaskRow)
        .where(_T.id == due, _T.status == TaskStatus.READY)
        .values(
            status=TaskStatus.RUNNING,
            owner=owner,
            attempts=_T.attempts + 1,
            lease_until_ms=now_ms + round(limits.lease_s * 1000),
            started_ms=now_ms,
        )
        .returning(*_COLUMNS)
    ).first()
    return None if row is None else _task(row)


def extend(connection: Connection, task: Task, now_ms: int, limits: Limits) -> bool:
    """Prolongs a lease; False if it is no longer the owner's."""
    until = now_ms + round(limits.lease_s * 1000)
    return _held(connection, task, lease_until_ms=until)


def complete(connection: Connection, task: Task, now_ms: int) -> bool:
    """Ends a task well; False if its lease is no longer the owner's, whose work then changes nothing."""
    return _held(
        connection, task, status=TaskStatus.DONE, ended_ms=now_ms, owner="", lease_until_ms=None,
        kind="", reason="",
    )  # fmt: skip


def fail(
    connection: Connection, task: Task, finding: Finding, now_ms: int, limits: Limits
) -> TaskStatus | None:
    """Ends an attempt: ready again after a while, or failed for good. None if the lease was lost."""
    final = finding.final or task.attempts >= limits.attempts
    values: dict[str, object] = {
        "owner": "", "lease_until_ms": None, "kind": finding.kind, "reason": finding.reason,
    }  # fmt: skip
    status = TaskStatus.FAILED if final else TaskStatus.READY
    if final:
        values["ended_ms"] = now_ms
    else:
        values |= {"ready_ms": now_ms + _backoff_ms(task.attempts, limits), "sent_ms": None}
    return status if _held(connection, task, status=status, **values) else None


def hand_back(connection: Connection, task: Task, now_ms: int, wait_s: float = 0.0) -> bool:
    """Gives a task back untried: its owner stops, or can't do it."""
    return _held(
        connection, task, status=TaskStatus.READY, owner="", lease_until_ms=None, sent_ms=None,
        attempts=_T.attempts - 1, ready_ms=now_ms + round(wait_s * 1000),
    )  # fmt: skip


def expired(connection: Connection, now_ms: int) -> list[Task]:
    """Those whose owner has been silent for longer than a lease."""
    rows = connection.execute(
        select(*_COLUMNS).where(_T.status == TaskStatus.RUNNING, _T.lease_until_ms < now_ms)
    )
    return [_task(row) for row in rows]


def held_by(connection: Connection, owner_prefix: str) -> list[Task]:
    rows = connection.execute(
        select(*_COLUMNS).where(
            _T.status == TaskStatus.RUNNING, _T.owner.startswith(owner_prefix, autoescape=True)
        )
    )
    return [_task(row) for row in rows]


def is_publishing_elsewhere(connection: Connection, task: Task, order: ReleaseOrder) -> bool:
    """Whether a task that began before this one publishes to the same place."""
    rows = connection.execute(
        select(JobRow.order)
        .join(TaskRow, _T.job == JobRow.id)
        .where(_T.stage == task.stage, _T.status == TaskStatus.RUNNING, _T.id < task.id)
    ).scalars()
    return any((o["release"], o["out"]) == (order.release, order.out) for o in rows)


def of_job(
    connection: Connection,
    job: str,
    *,
    episode: int | None = None,
    after: int = 0,
    limit: int = 500,
) -> list[Task]:
    """A job's tasks in the order in which they became ready."""
    query = select(*_COLUMNS).where(_T.job == job, _T.id > after)
    if episode is not None:
        query = query.where(_T.episode == episode)
    return [_task(row) for row in connection.execute(query.order_by(_T.id).limit(limit))]


def count_by_status(connection: Connection, job: str) -> dict[TaskStatus, int]:
    """How many tasks of a job are in which status."""
    rows = connection.execute(
        select(_T.status, func.count()).where(_T.job == job).group_by(_T.status)
    )
    return {TaskStatus(status): count for status, count in rows}


def withdraw(
    connection: Connection, job: str, *, episode: int | None = None, but: Collection[str] = ()
) -> None:
    """Takes back what no worker has begun, of a job or of one of its episodes, but for some stages."""
    query = delete(TaskRow).where(
        _T.job == job, _T.status == TaskStatus.READY, _T.stage.not_in(but)
    )
    if episode is not None:
        query = query.where(_T.episode == episode)
    connection.execute(query)


def forget_failures(
    connection: Connection, job: str, episodes: Sequence[int] | None = None
) -> None:
    """Lets what failed be tried anew: of these episodes and of the job itself, or of all."""
    query = delete(TaskRow).where(_T.job == job, _T.status == TaskStatus.FAILED)
    if episodes is not None:
        query = query.where(or_(_T.episode.in_(episodes), _T.episode.is_(None)))
    connection.execute(query)


def reprioritize(connection: Connection, job: str, priority: Priority) -> None:
    for of_job, episode in ((_T.episode.is_(None), None), (_T.episode.is_not(None), 1)):
        connection.execute(
            update(TaskRow)
            .where(_T.job == job, _T.status == TaskStatus.READY, of_job)
            .values(priority=int(priority), turn=_turn(priority, episode))
        )


def unsent(connection: Connection, now_ms: int, limit: int = 1000) -> list[tuple[int, Queue]]:
    """Ready tasks that are due and that no message has told of yet."""
    rows = connection.execute(
        select(_T.id, _T.queue)
        .where(_T.status == TaskStatus.READY, _T.sent_ms.is_(None), _T.ready_ms <= now_ms)
        .order_by(_T.priority.desc(), _T.id)
        .limit(limit)
    )
    return [(row.id, Queue(row.queue)) for row in rows]


def mark_sent(connection: Connection, ids: Collection[int], now_ms: int) -> None:
    connection.execute(update(TaskRow).where(_T.id.in_(ids)).values(sent_ms=now_ms))


def due_by_queue(connection: Connection, now_ms: int, sent_before_ms: int) -> dict[Queue, int]:
    """How many ready tasks each queue has of which a message was sent before some moment."""
    rows = connection.execute(
        select(_T.queue, func.count())
        .where(_T.status == TaskStatus.READY, _T.ready_ms <= now_ms, _T.sent_ms < sent_before_ms)
        .group_by(_T.queue)
    )
    return {Queue(queue): count for queue, count in rows}


def drop_old(connection: Connection, ended_before_ms: int) -> int:
    """Removes the tasks of jobs that ended before some moment; what they made is in the report."""
    old = select(JobRow.id).where(JobRow.ended_ms < ended_before_ms)
    return connection.execute(delete(TaskRow).where(_T.job.in_(old))).rowcount


def _turn(priority: Priority, episode: int | None) -> int:
    """The smaller, the earlier; a job's own steps have no episode."""
    return (max(Priority) - priority) * 2 + (episode is not None)


def _backoff_ms(attempts: int, limits: Limits) -> int:
    return min(_MOST_BACKOFF_MS, round(limits.backoff_s * 1000 * 4.0 ** (attempts - 1)))


def _held(connection: Connection, task: Task, **values: object) -> bool:
    """Changes a task that is still the owner's, in the attempt that it began."""
    done = connection.execute(
        update(TaskRow)
        .where(
            and_(
                _T.id == task.id,
                _T.status == TaskStatus.RUNNING,
                _T.owner == task.owner,
                _T.attempts == task.attempts,
            )
        )
        .values(**values)
    )
    return done.rowcount == 1


def _task(row: Row[*tuple[Any, ...]]) -> Task:
    values = dict(row._mapping)
    return Task(
        **{
            **values,
            "queue": Queue(values["queue"]),
            "status": TaskStatus(values["status"]),
            "priority": Priority(values["priority"]),
        }
    )
