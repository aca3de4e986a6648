"""The service's tables. Times are Unix times in milliseconds; ids of jobs are random."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite numbers rows by itself only in columns that are plain integers.
_RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    # Named by rule, so that migrations can name them too.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class JobRow(Base):
    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("team", "idempotency_key"),
        Index(None, "status", "ended_ms"),
        Index(None, "team", "created_ms"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    team: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=1)
    order: Mapped[dict[str, Any]] = mapped_column("ordered", JSON)
    snapshot: Mapped[str | None] = mapped_column(Text)  # JSON: what the plan is laid out from
    left_out: Mapped[list[int]] = mapped_column(JSON, default=list)
    release_name: Mapped[str] = mapped_column(String(200), default="")
    planned_by: Mapped[str] = mapped_column(String(32), default="")
    plan_key: Mapped[str] = mapped_column(String(64), default="")
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    updated_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text, default="")
    manifest: Mapped[str] = mapped_column(Text, default="")
    manifest_sha256: Mapped[str] = mapped_column(String(64), default="")
    trace: Mapped[str] = mapped_column(String(64), default="")


class EpisodeRow(Base):
    __tablename__ = "episode"

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)  # of its picture


class TaskRow(Base):
    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("job", "key"),
        # What a worker looks for: the next ready task of a queue.
        Index("ix_task_next", "queue", "status", "turn", "job_created_ms", "episode", "id"),
        Index(None, "status", "lease_until_ms"),
        Index(None, "job", "episode", "status"),
    )

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    job_created_ms: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(100))
    stage: Mapped[str] = mapped_column(String(16))
    queue: Mapped[str] = mapped_column(String(8))
    episode: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(8))
    priority: Mapped[int]
    turn: Mapped[int] = mapped_column(server_default="9")  # the smaller, the earlier
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(String(100), default="")
    lease_until_ms: Mapped[int | None] = mapped_column(BigInteger)
    ready_ms: Mapped[int] = mapped_column(BigInteger)
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)  # to the broker, confirmed
    created_ms: Mapped[int] = mapped_column(BigInteger)
    started_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16), default="")  # of the last failure
    reason: Mapped[str] = mapped_column(Text, default="")  # of the last failure


class GateRow(Base):
    """A gate that an episode, or the job, has come to. Without `approved_ms` it waits for people."""

    __tablename__ = "gate"

    job: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    gate: Mapped[str] = mapped_column(String(16), primary_key=True)
    episode: Mapped[int] = mapped_column(primary_key=True)  # 0: the whole job
    reached_ms: Mapped[int] = mapped_column(BigInteger)
    approved_ms: Mapped[int | None] = mapped_column(BigInteger)
    approved_by: Mapped[str] = mapped_column(String(200), default="")


class OutboxRow(Base):
    """What is still to be told, or was: written in the transaction of what it tells of."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "sent_ms", "due_ms"),)

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(String(32))
    event: Mapped[dict[str, Any]] = mapped_column(JSON)  # a CloudEvent
    webhook: Mapped[str | None] = mapped_column(Text)  # None: the pipeline's exchange
    due_ms: Mapped[int] = mapped_column(BigInteger)
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")  # of the last failure


class InboxRow(Base):
    """A message of the pipeline that was acted on; the same one again is nothing new."""

    __tablename__ = "inbox"

    source: Mapped[str] = mapped_column(String(400), primary_key=True)
    message: Mapped[str] = mapped_column(String(200), primary_key=True)
    job: Mapped[str] = mapped_column(String(32))
    received_ms: Mapped[int] = mapped_column(BigInteger)


class WorkerRow(Base):
    """A worker that was heard of lately."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    queues: Mapped[list[str]] = mapped_column(JSON)
    version: Mapped[str] = mapped_column(String(32))
    seen_ms: Mapped[int] = mapped_column(BigInteger)
    paused: Mapped[str] = mapped_column(Text, default="")  # why it takes no work
    engines: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # loaded, and their use


class TokenRow(Base):
    __tablename__ = "token"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    team: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(8))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)


class AuditRow(Base):
    """Who changed what. Rows are never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "team", "id"),)

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    team: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
