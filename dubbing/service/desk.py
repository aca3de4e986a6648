"""The desk of the service: where jobs are submitted, watched, corrected and ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from dubbing.errors import Rejected
from dubbing.model.service import (
    EpisodeState,
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    Priority,
    Queue,
    ReleaseOrder,
    Task,
    TaskStatus,
)
from dubbing.service import tracing
from dubbing.service.news import events
from dubbing.service.news.webhooks import Webhooks, no_webhooks
from dubbing.service.releases.roots import Roots, is_web
from dubbing.service.work import changes
from dubbing.service.work.executor import Dispatcher
from dubbing.store import access, jobs, outbox, tasks
from dubbing.store.database import Database, now_ms


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person or a program, of a team."""

    name: str
    team: str


class NotFound(Rejected):
    """There is no such job, or it is another team's, which is not told apart."""

    def __init__(self, job: str) -> None:
        super().__init__(
            "job",
            found=job[:64],
            expected="the id of a job of your team",
            remedy="Look it up in the list of jobs.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (NotFound, (self.found,))


class Conflict(Rejected):
    """What is asked for can't be done in the state that the job is in."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that faces do with jobs. It loads no engine and reads no media."""

    database: Database
    dispatcher: Dispatcher
    roots: Roots
    webhooks: Webhooks | None = None

    def submit(
        self,
        actor: Actor,
        order: ReleaseOrder,
        *,
        idempotency_key: str | None = None,
        message: tuple[str, str] | None = None,
        trace: str = "",
    ) -> tuple[JobState, bool]:
        """A job for an order, and whether it is new: the same key, or the same message (its source and
        id), once more is the same job. `trace` is the traceparent (W3C) of whoever asks. Raises Rejected for
        an order that can't be one."""
        order = self._checked(actor, order)
        with tracing.submission(order.release, trace) as traceparent:
            return self._submitted(actor, order, idempotency_key, message, traceparent)

    def _submitted(
        self,
        actor: Actor,
        order: ReleaseOrder,
        idempotency_key: str | None,
        message: tuple[str, str] | None,
        trace: str,
    ) -> tuple[JobState, bool]:
        try:
            with self.database.transaction() as connection:
                known = self._known(connection, actor, idempotency_key, message)
                if known is not None:
                    return _same(known, order), False
                now = now_ms()
                job = jobs.add(
                    connection, actor.team, order, now, idempotency_key=idempotency_key, trace=trace
                )
                if message is not None:
                    jobs.note_message(connection, *message, job.id, now)
                changes.plan_first(connection, job, now)
                outbox.put(connection, job.id, events.accepted(job, now), order.webhook, now)
                _note(connection, actor, "submit", job.id, {"release": order.release})
        except IntegrityError:
            # Somebody else submitted the same at the same moment, and was first.
            with self.database.transaction() as connection:
                known = self._known(connection, actor, idempotency_key, message)
            if known is None:
                raise
            return _same(known, order), False
        self.dispatcher.wake(Queue.MEDIA)
        return job, True

    def job(self, actor: Actor, job: str) -> JobState:
        """Raises NotFound."""
        with self.database.transaction() as connection:
            return self._own(connection, actor, job)

    def page(
        self,
        actor: Actor,
        *,
        status: JobStatus | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[JobState]:
        """The team's jobs, the newest first, from after a job of that list."""
        with self.database.transaction() as connection:
            last = None if after is None else self._own(connection, actor, after)
            before = None if last is None else (last.created_ms, last.id)
            return jobs.page(connection, actor.team, status=status, before=before, limit=limit)

    def episodes(self, actor: Actor, job: str) -> list[EpisodeState]:
        with self.database.transaction() as connection:
            self._own(connection, actor, job)
            return jobs.episodes(connection, job)

    def gates(self, actor: Actor, job: str) -> dict[tuple[Gate, int], bool]:
        """(gate, episode) -> whether people have let it go on; 0 is the whole job."""
        with self.database.transaction() as connection:
            self._own(connection, actor, job)
            return jobs.gates(connection, job)

    def tasks(
        self, actor: Actor, job: str, *, episode: int | None, after: int, limit: int
    ) -> list[Task]:
        with self.database.transaction() as connection:
            self._own(connection, actor, job)
            return tasks.of_job(connection, job, episode=episode, after=after, limit=limit)

    def progress(self, actor: Actor, job: str) -> dict[TaskStatus, int]:
        """How many of a job's tasks are in which status."""
        with self.database.transaction() as connection:
            self._own(connection, actor, job)
            return tasks.count_by_status(connection, job)

    def snapshot(self, actor: Actor, job: str) -> tuple[JobState, str]:
        """A job and what its plan is laid out from. Raises Conflict while it has no plan."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job)
            text = jobs.snapshot(connection, job)
        if text is None:
            raise Conflict(
                f"job {job}",
                found=f"a job that is {state.status} and has no plan",
                expected="a job whose release has been read",
                remedy="Wait until the job is running; if it failed, see why.",
            )
        return state, text

    def note(self, actor: Actor, action: str, subject: str, details: dict[str, Any]) -> None:
        """Writes to the audit log what changes no job."""
        with self.database.transaction() as connection:
            _note(connection, actor, action, subject, details)

    def refuse_if_at_work(self, release: str) -> None:
        """Raises Conflict while a job reads a release: its files must stay as they are."""
        with self.database.transaction() as connection:
            job = jobs.at_work_on(connection, release)
        if job is not None:
            raise Conflict(
                release,
                found=f"a job that is at work on it: {job}",
                expected="a release that nobody works on",
                remedy="Wait until the job has ended, or cancel it.",
            )

    def pause(self, actor: Actor, job: str) -> JobState:
        """Begins nothing more of a job; what workers are at, they end."""
        return self._move(
            actor, job, "pause", JobStatus.PAUSED, (JobStatus.RUNNING, JobStatus.ACCEPTED)
        )

    def cancel(self, actor: Actor, job: str) -> JobState:
        """Ends a job without publishing. What was made stays in the store."""
        of = (JobStatus.ACCEPTED, JobStatus.RUNNING, JobStatus.PAUSED)
        return self._move(actor, job, "cancel", JobStatus.CANCELLED, of)

    def resume(self, actor: Actor, job: str) -> JobState:
        """Goes on with a job that was paused."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            now = now_ms()
            _refuse_unless(state, "resume", (JobStatus.PAUSED,))
            jobs.move(connection, job, JobStatus.RUNNING, of=(JobStatus.PAUSED,), now_ms=now)
            changes.replan(connection, state, now)
            _note(connection, actor, "resume", job, {})
        return self._woken(actor, job)

    def retry(self, actor: Actor, job: str, episodes: Sequence[int] | None = None) -> JobState:
        """Makes episodes anew that failed (None: all that did), with what is changed since."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            _refuse_unless(state, "retry", tuple(s for s in JobStatus if s is not JobStatus.PAUSED))
            known = {e.number: e.status for e in jobs.episodes(connection, job)}
            failed = [n for n, status in known.items() if status is EpisodeStatus.FAILED]
            wanted = failed if episodes is None else list(episodes)
            for number in wanted:
                if known.get(number) is not EpisodeStatus.FAILED:
                    raise Conflict(
                        f"job {job}, episode",
                        found=f"{number}, which did not fail",
                        expected=f"one of {', '.join(map(str, failed))}"
                        if failed
                        else "none failed",
                        remedy="Name episodes that failed, or none for all of them.",
                    )
            if not wanted and state.status is not JobStatus.FAILED:
                raise Conflict(
                    f"job {job}",
                    found="no episode that failed",
                    expected="something to try again",
                    remedy="Correct lines or submit anew instead.",
                )
            changes.reopen(connection, state, wanted, now_ms())
            _note(connection, actor, "retry", job, {"episodes": wanted})
        return self._woken(actor, job)

    def redo(self, actor: Actor, job: str, action: str, details: Mapping[str, Any]) -> JobState:
        """Plans a job anew after a decision of people: only what follows from it is made again."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            _note(connection, actor, action, job, dict(details))
            now = now_ms()
            if state.status in (JobStatus.COMPLETED, JobStatus.INCOMPLETE):
                changes.reopen(connection, state, (), now)
            elif state.status in (JobStatus.ACCEPTED, JobStatus.RUNNING):
                changes.replan(connection, state, now)
        return self._woken(actor, job)

    def approve(
        self, actor: Actor, job: str, gate: Gate, episodes: Sequence[int] | None = None
    ) -> JobState:
        """Lets episodes go on that wait at a gate (None: all that do)."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            now = now_ms()
            if not jobs.approve_gate(connection, job, gate, episodes, actor.name, now):
                raise Conflict(
                    f"job {job}, gate",
                    found=f"nothing that waits at {gate}",
                    expected="episodes that wait for review",
                    remedy="See what the job waits for.",
                )
            _note(connection, actor, "approve", job, {"gate": gate, "episodes": episodes})
            if state.status is JobStatus.RUNNING:
                changes.replan(connection, state, now)
        return self._woken(actor, job)

    def prioritize(self, actor: Actor, job: str, priority: Priority) -> JobState:
        """Changes whose work is taken first."""
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            jobs.set_order(connection, job, replace(state.order, priority=priority), now_ms())
            tasks.reprioritize(connection, job, priority)
            _note(connection, actor, "prioritize", job, {"priority": int(priority)})
        return self.job(actor, job)

    def _checked(self, actor: Actor, order: ReleaseOrder) -> ReleaseOrder:
        release = self.roots.refuse_outside(order.release, actor.team)
        out = order.out and self.roots.refuse_outside(order.out, actor.team)
        if is_web(out or release):
            raise Rejected(
                "out",
                found=f"nothing to publish to but {out or release}",
                expected="a folder or a storage that can be written to",
                remedy="Name one of your team's other places in `out`.",
            )
        if not order.languages:
            raise Rejected(
                "languages",
                found="none",
                expected="at least one language (BCP-47)",
                remedy="Name the languages to localize into.",
            )
        if order.webhook is not None:
            if self.webhooks is None:
                raise no_webhooks()
            self.webhooks.refuse(order.webhook)
        return replace(order, release=release, out=out)

    def _known(
        self,
        connection: Connection,
        actor: Actor,
        idempotency_key: str | None,
        message: tuple[str, str] | None,
    ) -> JobState | None:
        if message is not None:
            job = jobs.job_of_message(connection, *message)
            return None if job is None else self._own(connection, actor, job)
        if idempotency_key is not None:
            return jobs.by_idempotency_key(connection, actor.team, idempotency_key)
        return None

    def _own(
        self, connection: Connection, actor: Actor, job: str, *, lock: bool = False
    ) -> JobState:
        state = (jobs.lock if lock else jobs.get)(connection, job)
        if state is None or state.team != actor.team:
            raise NotFound(job)
        return state

    def _move(
        self, actor: Actor, job: str, action: str, to: JobStatus, of: tuple[JobStatus, ...]
    ) -> JobState:
        with self.database.transaction() as connection:
            state = self._own(connection, actor, job, lock=True)
            if state.status is not to:
                _refuse_unless(state, action, of)
                jobs.move(connection, job, to, of=of, now_ms=now_ms())
                tasks.withdraw(connection, job)
                _note(connection, actor, action, job, {})
        return self.job(actor, job)

    def _woken(self, actor: Actor, job: str) -> JobState:
        self.dispatcher.wake(Queue.MEDIA)
        return self.job(actor, job)


def _same(known: JobState, order: ReleaseOrder) -> JobState:
    if known.order != order:
        raise Conflict(
            "idempotency key",
            found="one that was given with another order",
            expected="a new key for a new order",
            remedy="Give each order a key of its own.",
        )
    return known


def _refuse_unless(job: JobState, action: str, statuses: tuple[JobStatus, ...]) -> None:
    if job.status not in statuses:
        raise Conflict(
            f"job {job.id}",
            found=f"a job that is {job.status}",
            expected=f"one that is {' or '.join(statuses)}, to {action} it",
            remedy="See where the job is.",
        )


def _note(
    connection: Connection, actor: Actor, action: str, subject: str, details: dict[str, Any]
) -> None:
    access.note(connection, actor.team, actor.name, action, subject, details, now_ms())
