"""A Celery worker: one process or more for each machine or GPU, each keeping the models it has loaded."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import structlog
from celery import Celery, signals
from celery.exceptions import Reject

from dubbing.errors import ProcessBroken, Transient
from dubbing.model.service import Finding, Queue, Task
from dubbing.service.settings import ServiceSettings
from dubbing.service.tracing import export_spans
from dubbing.service.work import changes
from dubbing.service.work.executor import Executor
from dubbing.service.work.worker import Worker, machine, open_worker
from dubbing.store import tasks
from dubbing.store.database import Database, now_ms
from workers.celery_app import TAKE, CeleryDispatcher, celery_app

log = structlog.get_logger()

# Loaded once, before children are forked: one that takes a dead one's place begins at once.
_HEAVY = (
    "dubbing.planning.orders",
    "pyloudnorm",
    "scipy.ndimage",
    "scipy.signal",
    "soundfile",
    "soxr",
)
_WATCH_S = 1.0
_AGAIN_S = 1.0  # before a message is given back while the database can't be reached


def run(settings: ServiceSettings, queues: Sequence[Queue], processes: int, grace_s: float) -> None:
    """Works until told to stop (SIGTERM): then ends what is being done, or hands it back after `grace_s`."""
    app = celery_app(settings.broker_url)
    app.conf.worker_soft_shutdown_timeout = grace_s
    app.conf.worker_enable_soft_shutdown_on_idle = False
    CeleryDispatcher(app).declare()
    watch = _Watch(settings)
    _register(app, settings, tuple(queues), processes, watch)
    for module in _HEAVY:
        importlib.import_module(module)
    # Children are forked before any model is loaded: nothing of CUDA is ever inherited.
    worker = app.Worker(
        hostname=f"dubbing@{machine()}",
        queues=[str(queue) for queue in queues],
        pool="prefork",
        concurrency=processes,
        without_gossip=True,
        without_mingle=True,
        loglevel="WARNING",
    )
    with watch:
        worker.start()


def _register(
    app: Celery,
    settings: ServiceSettings,
    queues: tuple[Queue, ...],
    processes: int,
    watch: _Watch,
) -> None:
    held = ExitStack()
    here: dict[str, Any] = {}

    # Celery keeps signals' receivers by weak references unless told otherwise.
    @signals.worker_process_init.connect(weak=False)
    def begin(**_: object) -> None:
        watch.leave_to_parent()
        export_spans("dubbing")  # its thread does not survive a fork
        dispatcher = CeleryDispatcher(celery_app(settings.broker_url))
        worker = held.enter_context(open_worker(settings, queues, dispatcher, processes))
        held.enter_context(worker.pulse())
        here["worker"], here["executor"] = worker, worker.executor()

    @signals.worker_process_shutdown.connect(weak=False)
    def end(**_: object) -> None:
        held.close()

    @app.task(name=TAKE, bind=True)
    def take(_task: Any, queue: str) -> None:
        worker: Worker = here["worker"]
        executor: Executor = here["executor"]
        try:
            worker.take(executor, [Queue(queue)])
        except ProcessBroken as error:
            log.warning("worker.ends", reason=str(error))
            # The message has done its work. The pool starts another process in the place of this one.
            raise SystemExit(1) from error
        except Transient as error:
            log.warning("worker.waits", reason=str(error))
            threading.Event().wait(_AGAIN_S)
            raise Reject(str(error), requeue=True) from error


class _Watch:
    """The parent's eye on its children: what a child held when it died is free again at once, and what
    they hold when the worker stops is handed back."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._database = Database(settings.database)
        self._settings = settings
        self._dispatcher = CeleryDispatcher(celery_app(settings.broker_url))
        self._host = machine().rpartition(":")[0]
        self._done = threading.Event()
        self._children: set[int] = set()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def leave_to_parent(self) -> None:
        """Forgets, in a child, the connections that it was forked with."""
        self._database.engine.dispose(close=False)

    def __enter__(self) -> None:
        # Not before: a thread that holds a lock when children are forked leaves it locked in them.
        signals.worker_ready.connect(self._begin, weak=False)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for task in self._held():
            if _pid(task) in self._children:
                with self._database.transaction() as connection:
                    tasks.hand_back(connection, task, now_ms())
                self._dispatcher.wake(task.queue)
        self._database.close()

    def _begin(self, **_: object) -> None:
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(_WATCH_S):
            self._children |= _children_of(os.getpid())
            try:
                for task in self._held():
                    if _pid(task) in self._children and not _alive(_pid(task)):
                        self._lost(task)
            except Transient as error:
                log.warning("watch.missed", reason=str(error))

    def _held(self) -> list[Task]:
        with self._database.transaction() as connection:
            return tasks.held_by(connection, f"{self._host}:")

    def _lost(self, task: Task) -> None:
        limits = self._settings.limits
        finding = Finding(
            f"Its worker's process died in attempt {task.attempts} of {limits.attempts}.",
            "lost",
            final=False,
        )
        log.warning("child.died", job=task.job, stage=task.stage, attempt=task.attempts)
        with self._database.transaction() as connection:
            changes.note_failure(connection, task, finding, now_ms(), limits)


def _pid(task: Task) -> int:
    return int(task.owner.split(":")[-2])


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - read in one go, or gone
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children_of(pid: int) -> set[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
            return set(map(int, file.read().split()))
    except FileNotFoundError:
        return set()
