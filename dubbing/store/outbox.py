"""The outbox: news to send, kept until it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from dubbing.store.tables import JobRow, OutboxRow

_O = OutboxRow


@dataclass(frozen=True, slots=True)
class Pending:
    """An event not yet told."""

    id: int
    event: dict[str, Any]  # a CloudEvent
    team: str
    webhook: str | None
    attempts: int


def put(
    connection: Connection, job: str, event: dict[str, Any], webhook: str | None, now_ms: int
) -> None:
    """Tells the pipeline's exchange, and the job's webhook if it has one."""
    for target in {None, webhook}:
        connection.execute(
            insert(OutboxRow).values(
                job=job, event=event, webhook=target, due_ms=now_ms, attempts=0, reason=""
            )
        )


def pending(
    connection: Connection, now_ms: int, *, webhooks: bool, limit: int = 100
) -> list[Pending]:
    """Those that are due, the oldest first: to webhooks, or to the exchange."""
    to = _O.webhook.is_not(None) if webhooks else _O.webhook.is_(None)
    rows = connection.execute(
        select(_O.id, _O.event, JobRow.team, _O.webhook, _O.attempts)
        .join(JobRow, JobRow.id == _O.job)
        .where(_O.sent_ms.is_(None), _O.due_ms <= now_ms, to)
        .order_by(_O.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxRow)
    )
    return [Pending(*row) for row in rows]


def mark_sent(connection: Connection, id: int, now_ms: int) -> None:  # noqa: A002
    connection.execute(update(OutboxRow).where(_O.id == id).values(sent_ms=now_ms, reason=""))


def postpone(connection: Connection, id: int, reason: str, due_ms: int) -> None:  # noqa: A002
    connection.execute(
        update(OutboxRow)
        .where(_O.id == id)
        .values(attempts=_O.attempts + 1, reason=reason, due_ms=due_ms)
    )


def note_failure(
    connection: Connection,
    id: int,  # noqa: A002
    reason: str,
    now_ms: int,
    *,
    final: bool,
) -> None:
    """Notes why an event could not be told. What is final is not tried again, and stays to be read."""
    values: dict[str, object] = {"reason": reason}
    if final:
        values |= {"sent_ms": now_ms}
    connection.execute(update(OutboxRow).where(_O.id == id).values(**values))


def waiting(connection: Connection) -> int:
    """How many are not told yet."""
    return connection.execute(
        select(func.count()).select_from(OutboxRow).where(_O.sent_ms.is_(None))
    ).scalar_one()


def drop_old(connection: Connection, sent_before_ms: int) -> int:
    return connection.execute(delete(OutboxRow).where(_O.sent_ms < sent_before_ms)).rowcount
