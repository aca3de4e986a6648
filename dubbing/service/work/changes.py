"""Changes of what a job is to make: it is planned anew, and what exists is not made again."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from dubbing.model.service import (
    EpisodeStatus,
    Finding,
    JobState,
    JobStatus,
    Limits,
    Queue,
    Task,
    TaskStatus,
)
from dubbing.planning.table import NEEDED_BY_OTHERS
from dubbing.service.work.advance import PLAN, PUBLISH, end_failed, end_if_done
from dubbing.store import jobs, tasks
from dubbing.store.tasks import NewTask


def plan_first(connection: Connection, job: JobState, now_ms: int) -> None:
    """The first step of a job that was just accepted."""
    _add_plan(connection, job, now_ms)


def replan(
    connection: Connection,
    job: JobState,
    now_ms: int,
    *,
    reopen: Collection[int] = (),
    left_out: Collection[int] | None = None,
) -> None:
    """Has the release read again and all that is missing found. `job` is locked by the transaction.

    Episodes in `reopen` are made whatever became of them before. What workers are at goes on: if it is
    of no more use, nothing follows from it.
    """
    values = {} if left_out is None else {"left_out": sorted(left_out)}
    jobs.revise(connection, job.id, now_ms, **values)
    jobs.open_episodes(connection, job.id, reopen)
    state = jobs.get(connection, job.id)
    if state is not None:
        _add_plan(connection, state, now_ms)


def note_failure(
    connection: Connection, task: Task, finding: Finding, now_ms: int, limits: Limits
) -> TaskStatus | None:
    """Ends an attempt at a task, and what can't go on without it; what the task then is, or None if its
    lease was lost.

    An episode fails alone. The rest of the job goes on, without what it would have known from it.
    """
    job = jobs.lock(connection, task.job)
    status = tasks.fail(connection, task, finding, now_ms, limits)
    if status is not TaskStatus.FAILED or job is None or job.status.ended:
        return status
    if task.episode is None:
        what = {PLAN: "The job could not be planned", PUBLISH: "The release could not be published"}
        reason = f"{what.get(task.stage, task.stage)}: {finding.reason}"
        end_failed(connection, job, reason, now_ms)
        return status
    reason = f"{task.stage}: {finding.reason}"
    jobs.end_episode(connection, job.id, task.episode, EpisodeStatus.FAILED, now_ms, reason)
    tasks.withdraw(connection, job.id, episode=task.episode, but=NEEDED_BY_OTHERS)
    goes_on = any(
        episode.status is not EpisodeStatus.FAILED for episode in jobs.episodes(connection, job.id)
    )
    if task.stage in NEEDED_BY_OTHERS and goes_on and task.episode not in job.left_out:
        replan(connection, job, now_ms, left_out={*job.left_out, task.episode})
    else:
        end_if_done(connection, job, now_ms)
    return status


def reopen(connection: Connection, job: JobState, episodes: Collection[int], now_ms: int) -> None:
    """Sets a job that has ended, or not, to make these episodes and publish again."""
    tasks.forget_failures(connection, job.id, list(episodes))
    jobs.move(
        connection,
        job.id,
        JobStatus.RUNNING,
        of=tuple(s for s in JobStatus if s is not JobStatus.PAUSED),
        now_ms=now_ms,
        reason="",
    )
    left_out = set(job.left_out) - set(episodes)
    replan(connection, job, now_ms, reopen=episodes, left_out=left_out)


def _add_plan(connection: Connection, job: JobState, now_ms: int) -> None:
    step = NewTask(f"{PLAN}-{job.revision}", PLAN, Queue.MEDIA, None, None)
    tasks.add(connection, job.id, job.created_ms, job.order.priority, [step], now_ms)
