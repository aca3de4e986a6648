"""Takes tasks and does them, one at a time, under a lease that others can see."""

from __future__ import annotations

import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from dubbing import __version__
from dubbing.engines.registry import Engines
from dubbing.errors import DubbingError, ProcessBroken, Rejected, Transient
from dubbing.formats.digest import sha256_of
from dubbing.making.runner import make
from dubbing.model.service import (
    EpisodeStatus,
    Finding,
    Gate,
    JobState,
    JobStatus,
    Limits,
    Queue,
    Task,
)
from dubbing.publishing import publish
from dubbing.publishing.pages import render
from dubbing.publishing.theirs import Theirs
from dubbing.service import tracing
from dubbing.service.news import events
from dubbing.service.work import advance, changes
from dubbing.service.work.leases import lease
from dubbing.service.work.plans import LaidOut, Plans
from dubbing.service.work.room import Room
from dubbing.store import jobs, outbox, tasks
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database, now_ms

log = structlog.get_logger()

_NOT_MINE_S = 5.0  # before a task that this version can't do is offered again


class Dispatcher(Protocol):
    """Wakes workers up. A call may be lost, or come twice: the database says what there is to do."""

    def wake(self, queue: Queue, count: int = 1) -> None: ...


class Polled:
    """Nobody is woken: workers look for themselves."""

    def wake(self, queue: Queue, count: int = 1) -> None: ...


class Executor:
    """One place at which tasks are done. A process may have several, which share engines and plans."""

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        engines: Engines,
        plans: Plans,
        limits: Limits,
        scratch: Path,
        dispatcher: Dispatcher,
        room: Room,
        end_process: Callable[[], None],
    ) -> None:
        # Other processes of this machine can tell from it whether its process is alive.
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._room = room
        self._end_process = end_process
        self._database = database
        self._store = store
        self._engines = engines
        self._plans = plans
        self._limits = limits
        self._scratch = scratch
        self._dispatcher = dispatcher
        self._current: Task | None = None

    def run_next(self, queues: Collection[Queue]) -> bool:
        """Does the next task of these queues; False if there is none. What goes wrong in a task becomes
        that task's finding. Raises Transient where the database can't be reached, ProcessBroken where this
        process has to end: of what it was at then, one attempt has failed, and the rest is handed back."""
        with self._database.transaction() as connection:
            task = tasks.claim(connection, queues, self.owner, now_ms(), self._limits)
        if task is None:
            return False
        bound = {"job": task.job, "episode": task.episode, "stage": task.stage}
        with structlog.contextvars.bound_contextvars(**bound, language=task.language):
            started_s = time.perf_counter()
            log.info("stage.started", attempt=task.attempts)
            self._current = task
            try:
                with lease(self._database, task, self._limits, self._end_process):
                    self._attempt(task)
            except ProcessBroken as error:
                if error is self._engines.broken:
                    self._failed(task, finding_of(error))
                else:
                    self.hand_back()  # another's was the call at which it broke
                raise
            except Exception as error:  # noqa: BLE001 - any failure is the task's, not the worker's
                self._failed(task, finding_of(error))
            finally:
                self._current = None
            log.info("stage.ended", seconds=round(time.perf_counter() - started_s, 3))
        if self._engines.broken is not None:
            raise self._engines.broken
        return True

    def hand_back(self) -> None:
        """Gives back what is being done: the worker stops before it is done."""
        task = self._current
        if task is not None:
            with self._database.transaction() as connection:
                tasks.hand_back(connection, task, now_ms())
            self._dispatcher.wake(task.queue)

    def _attempt(self, task: Task) -> None:
        with self._database.transaction() as connection:
            job = jobs.get(connection, task.job)
            text = jobs.snapshot(connection, task.job)
            approved = jobs.gates(connection, task.job)
        with tracing.attempt(task, "" if job is None else job.trace):
            self._do(task, job, text, approved)

    def _do(
        self,
        task: Task,
        job: JobState | None,
        text: str | None,
        approved: Mapping[tuple[Gate, int], bool],
    ) -> None:
        if job is None or job.status not in (JobStatus.ACCEPTED, JobStatus.RUNNING):
            # Paused or cancelled since: on resumption all that is missing is looked for anew.
            self._drop(task)
        elif task.stage == advance.PLAN:
            self._plan(task, job)
        elif text is None or job.planned_by != __version__:
            self._plan_of_another_version(task, job)
        elif task.stage == advance.PUBLISH:
            self._publish(task, job, text)
        else:
            laid = self._plans.of(job, text)
            if laid.plan.key != job.plan_key:
                raise Transient(
                    "This worker lays out another plan than the one that the job was planned with: "
                    "its configuration, or its engines, are not those of the other workers."
                )
            if task.key not in laid.nodes:
                self._drop(task)  # of a revision before this one
                return
            node = laid.nodes[task.key]
            if node.key not in self._store:
                make(node, self._store, self._engines, lambda _done, _total: None, laid.fetch)
            moves = advance.after(laid, self._store, approved, job, node)
            manifest = f"{self._plans.out(job.order).url}/{publish.MANIFEST}"
            self._complete(task, job.revision, moves, manifest)

    def _plan(self, task: Task, job: JobState) -> None:
        """Reads the release and lays out what is to be made of it."""
        snapshot = self._plans.read(job, self._store)
        text = snapshot.to_json()
        laid = self._plans.of(job, text)
        out = self._plans.out(job.order)
        if not out.remote:
            publish.check_writable(out.root)
            lost = publish.dropped(laid.plan, out.root)
            if lost and not job.order.replace:
                raise Rejected(
                    out.url,
                    found=f"{', '.join(lost)}, published before and not part of this job",
                    expected="a job that keeps what was published",
                    remedy="Order them too (what is done is not done again), or order with `replace`.",
                )
        with self._database.transaction() as connection:
            approved = jobs.gates(connection, job.id)
        moves = advance.first_look(laid, self._store, approved, job)
        now = now_ms()
        with self._database.transaction() as connection:
            state = jobs.lock(connection, job.id)
            if not tasks.complete(connection, task, now) or state is None:
                return
            if state.revision != job.revision or state.status.ended:
                return  # another plan is on its way
            jobs.move(
                connection,
                job.id,
                JobStatus.RUNNING,
                of=(JobStatus.ACCEPTED, JobStatus.RUNNING),
                now_ms=now,
                snapshot=text,
                planned_by=__version__,
                plan_key=laid.plan.key,
                release_name=laid.plan.release.name,
            )
            known = {e.number: e.status for e in jobs.episodes(connection, job.id)}
            # A localized episode of which something is missing now, after a correction, is open again.
            unmade = [
                e.episode.number
                for e in laid.plan.episodes
                if e.episode.number not in known
                or (
                    known[e.episode.number] is EpisodeStatus.LOCALIZED
                    and e.episode.number not in moves.localized
                )
            ]
            jobs.open_episodes(connection, job.id, unmade)
            state = jobs.get(connection, job.id) or state
            advance.apply(connection, state, moves, self._manifest(job), now)
        self._wake(moves)

    def _plan_of_another_version(self, task: Task, job: JobState) -> None:
        """A newer version's work is left to it; an older one's is planned anew."""
        if _version(job.planned_by) > _version(__version__):
            with self._database.transaction() as connection:
                tasks.hand_back(connection, task, now_ms(), _NOT_MINE_S)
            return
        with self._database.transaction() as connection:
            state = jobs.lock(connection, job.id)
            if state is not None and state.planned_by == job.planned_by and not state.status.ended:
                changes.replan(connection, state, now_ms())
            tasks.complete(connection, task, now_ms())
        self._dispatcher.wake(Queue.MEDIA)

    def _publish(self, task: Task, job: JobState, text: str) -> None:
        with self._database.transaction() as connection:
            states = jobs.episodes(connection, job.id)
            if tasks.is_publishing_elsewhere(connection, task, job.order):
                tasks.hand_back(connection, task, now_ms(), 1.0)
                return
        numbers = tuple(e.number for e in states if e.status is EpisodeStatus.LOCALIZED)
        laid = self._plans.of(job, text, numbers)
        missing = [node for node in laid.plan.targets() if node.key not in self._store]
        if missing:
            # What was made has been cleaned away since.
            with self._database.transaction() as connection:
                state = jobs.lock(connection, job.id)
                if state is not None and tasks.complete(connection, task, now_ms()):
                    changes.replan(connection, state, now_ms(), reopen=numbers)
            self._dispatcher.wake(Queue.MEDIA)
            return
        manifest, sha256 = self._put_back(laid, job)
        now = now_ms()
        failed = [e for e in states if e.status is EpisodeStatus.FAILED]
        with self._database.transaction() as connection:
            state = jobs.lock(connection, job.id)
            if state is None or not tasks.complete(connection, task, now):
                return
            if jobs.move(
                connection,
                job.id,
                JobStatus.INCOMPLETE if failed else JobStatus.COMPLETED,
                of=(JobStatus.RUNNING,),
                now_ms=now,
                manifest=manifest,
                manifest_sha256=sha256,
                reason=f"{len(failed)} of {len(states)} episodes failed." if failed else "",
            ):
                ended = jobs.get(connection, job.id) or state
                event = events.completed(ended, states, now)
                outbox.put(connection, job.id, event, job.order.webhook, now)

    def _put_back(self, laid: LaidOut, job: JobState) -> tuple[str, str]:
        """Publishes a release, and returns the URL of its manifest and the manifest's SHA-256."""
        out = self._plans.out(job.order)
        if not out.remote:
            publish.clear_leftovers(out.root, older_than_s=self._limits.stage_s)
            if not publish.is_published(laid.plan, out.root):
                publish.publish(self._store, laid.plan, out.root, render, _note_kept)
            manifest = out.root / publish.MANIFEST
            return str(manifest), sha256_of(manifest)
        folder = self._scratch / "publishing" / uuid.uuid4().hex
        try:
            publish.publish(self._store, laid.plan, folder, render)
            return out.publish(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _complete(self, task: Task, revision: int, moves: advance.Moves, manifest: str) -> None:
        """Ends a task, and writes what follows from it in the same transaction."""
        now = now_ms()
        with self._database.transaction() as connection:
            state = jobs.lock(connection, task.job)
            if not tasks.complete(connection, task, now):
                log.warning("lease.lost", note="what was made is kept")
                return
            # In a later revision other things follow, which its plan has found, or will.
            if state is None or state.status is not JobStatus.RUNNING or state.revision != revision:
                return
            advance.apply(connection, state, moves, manifest, now)
        self._wake(moves)

    def _drop(self, task: Task) -> None:
        with self._database.transaction() as connection:
            tasks.complete(connection, task, now_ms())

    def _failed(self, task: Task, finding: Finding) -> None:
        if self._room.is_short():
            # Whatever it was: what lacks room on the disk says so in many ways, and may well pass elsewhere.
            log.warning("stage.handed_back", reason=finding.reason)
            with self._database.transaction() as connection:
                tasks.hand_back(connection, task, now_ms(), _NOT_MINE_S)
            return
        log.warning("stage.failed", kind=finding.kind, reason=finding.reason, attempt=task.attempts)
        with self._database.transaction() as connection:
            changes.note_failure(connection, task, finding, now_ms(), self._limits)
        # The failure of an episode may let the job be planned anew, or end.
        self._dispatcher.wake(Queue.MEDIA)

    def _manifest(self, job: JobState) -> str:
        return f"{self._plans.out(job.order).url}/{publish.MANIFEST}"

    def _wake(self, moves: advance.Moves) -> None:
        counts: dict[Queue, int] = {}
        for task in moves.tasks:
            counts[task.queue] = counts.get(task.queue, 0) + 1
        if moves.localized:
            # With its last episode, a release may be ready to be published.
            counts[Queue.MEDIA] = counts.get(Queue.MEDIA, 0) + 1
        for queue, count in counts.items():
            self._dispatcher.wake(queue, count)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def finding_of(error: BaseException) -> Finding:
    """What an error means for the task that raised it."""
    if isinstance(error, Rejected):
        return Finding(str(error), "rejected", final=True)
    if isinstance(error, ProcessBroken):
        return Finding(f"Its worker's process broke down: {error}", "lost", final=False)
    kind = "transient" if isinstance(error, Transient | OSError) else "defect"
    text = str(error) if isinstance(error, DubbingError) else f"{type(error).__name__}: {error}"
    return Finding(text, kind, final=False)


def _note_kept(file: Theirs) -> None:
    """Says which files stayed that people had changed in a localized release."""
    if file.kept_as != file.path:
        log.warning("release.kept_edited", file=file.path, kept_as=file.kept_as)
