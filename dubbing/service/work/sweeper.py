"""Puts right what was left undone: by workers that died, messages that were lost, machines that stopped.

Any number of sweepers may run at once; whatever one of them does, another may do again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

from dubbing.model.service import Finding, Limits, Queue
from dubbing.service.work import changes
from dubbing.service.work.executor import Dispatcher
from dubbing.store import jobs, outbox, tasks, workers
from dubbing.store.database import Database, now_ms

log = structlog.get_logger()

_SETTLE_MS = 5_000  # a message sent less than this ago may still be on its way
_DAY_MS = 86_400_000


class Broker(Dispatcher, Protocol):
    """A dispatcher whose queues can be looked into."""

    def depth(self, queue: Queue) -> int: ...


@dataclass(frozen=True, slots=True)
class Sweeper:
    database: Database
    dispatcher: Dispatcher
    limits: Limits

    def sweep(self) -> None:
        """One round. Raises Transient where the database or the broker can't be reached."""
        self.take_back()
        self.send()
        self.revive()

    def take_back(self) -> int:
        """Ends the attempts of workers that have been silent for longer than a lease; how many."""
        with self.database.transaction() as connection:
            lost = tasks.expired(connection, now_ms())
        for task in lost:
            finding = Finding(
                f"Its worker ({task.owner}) died, or was silent for {self.limits.lease_s:g} s, "
                f"in attempt {task.attempts} of {self.limits.attempts}.",
                "lost",
                final=False,
            )
            with self.database.transaction() as connection:
                if changes.note_failure(connection, task, finding, now_ms(), self.limits):
                    log.warning("lease.expired", job=task.job, stage=task.stage, owner=task.owner)
        return len(lost)

    def send(self) -> int:
        """Wakes workers for what is ready and was never told of, or whose message was lost."""
        with self.database.transaction() as connection:
            unsent = tasks.unsent(connection, now_ms())
        by_queue: dict[Queue, list[int]] = {}
        for id, queue in unsent:  # noqa: A001
            by_queue.setdefault(queue, []).append(id)
        for queue, ids in by_queue.items():
            self.dispatcher.wake(queue, len(ids))
            with self.database.transaction() as connection:
                tasks.mark_sent(connection, ids, now_ms())
        return len(unsent) + self._send_again()

    def revive(self) -> int:
        """Plans jobs anew that are to go on but have nothing to go on with; how many.

        That is so where a worker died between two transactions, or artifacts were cleaned away.
        """
        count = 0
        with self.database.transaction() as connection:
            stalled = jobs.stalled(connection, now_ms() - _SETTLE_MS)
        for id in stalled:  # noqa: A001
            with self.database.transaction() as connection:
                job = jobs.lock(connection, id)
                if job is not None and id in jobs.stalled(connection, now_ms() - _SETTLE_MS):
                    log.warning("job.revived", job=id)
                    changes.replan(connection, job, now_ms())
                    count += 1
        return count

    def forget(self) -> None:
        """Drops what nobody asks for any more."""
        with self.database.transaction() as connection:
            keep_ms = round(self.limits.keep_tasks_s * 1000)
            tasks.drop_old(connection, now_ms() - keep_ms)
            outbox.drop_old(connection, now_ms() - max(keep_ms, _DAY_MS))
            workers.drop_old(connection, now_ms())

    def _send_again(self) -> int:
        """Messages can be lost with the broker they are on. More of them than tasks do no harm."""
        depth = getattr(self.dispatcher, "depth", None)
        if depth is None:
            return 0
        with self.database.transaction() as connection:
            due = tasks.due_by_queue(connection, now_ms(), now_ms() - _SETTLE_MS)
        again = 0
        for queue, count in due.items():
            missing = count - depth(queue)
            if missing > 0:
                self.dispatcher.wake(queue, missing)
                again += missing
        return again
