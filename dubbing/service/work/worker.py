"""A place of work: an executor with all it needs, the pulse by which others know of it, and its disk."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import structlog

from dubbing import __version__
from dubbing.engines import devices
from dubbing.engines.registry import Engines
from dubbing.errors import ProcessBroken, Transient
from dubbing.model.service import Queue
from dubbing.planning.config import artifacts_folder
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.executor import Dispatcher, Executor
from dubbing.service.work.leases import ended_if_stuck
from dubbing.service.work.plans import Plans
from dubbing.service.work.room import Room
from dubbing.store import workers
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database, now_ms
from dubbing.store.shared import SharedArtifactStore

log = structlog.get_logger()

_PULSE_S = 5.0
_FULL_S = 2.0  # between two looks at a disk that is full


def machine() -> str:
    """What tells this process from all others that work, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}"


def open_store(settings: ServiceSettings) -> ArtifactStore:
    """This machine's artifacts, or those that it shares with others."""
    if settings.artifacts_url:
        return SharedArtifactStore(settings.scratch / "artifacts", settings.artifacts_url)
    return ArtifactStore(artifacts_folder())


@dataclass(slots=True)
class Worker:
    """What one process works with. Its executors share engines, plans and the store."""

    settings: ServiceSettings
    queues: tuple[Queue, ...]
    database: Database
    store: ArtifactStore
    engines: Engines
    plans: Plans
    room: Room
    dispatcher: Dispatcher
    paused: str = ""
    executors: list[Executor] = field(default_factory=list)

    def executor(self) -> Executor:
        one = Executor(
            self.database,
            self.store,
            self.engines,
            self.plans,
            self.settings.limits,
            self.settings.scratch,
            self.dispatcher,
            self.room,
            self.end_process,
        )
        self.executors.append(one)
        return one

    def end_process(self) -> None:
        """Ends this process at once, since a stage hangs in it. What else it was at is handed back."""
        for executor in self.executors:
            try:
                executor.hand_back()
            except Transient as error:
                log.warning("stage.left", reason=str(error))  # its lease runs out
        log.error("worker.ends", reason="A stage hangs in its process.")
        os._exit(1)  # no more can be asked of Python: another thread never comes back

    def take(self, executor: Executor, queues: Collection[Queue]) -> bool:
        """Does the next task once there is room on the disk; False if there is no task."""
        while self.room.is_short():
            self.room.tidy()
            if not self.room.is_short():
                break
            if not self.paused:
                self.paused = "The disk is full."
                log.warning("worker.paused", reason=self.paused)
                self._beat()
            time.sleep(_FULL_S)
        if self.paused:
            self.paused = ""
            log.info("worker.resumed")
        return executor.run_next(queues)

    def _beat(self) -> None:
        usage = {
            name: asdict(use) | {"memory_mb": self.engines.resident_mb(name)}
            for name, use in self.engines.usage.items()
            if use.loads
        }
        with self.database.transaction() as connection:
            workers.beat(
                connection, machine(), self.queues, __version__, self.paused, usage, now_ms()
            )

    @contextmanager
    def pulse(self) -> Iterator[None]:
        """Tells that the worker is alive for as long as the block runs."""
        done = threading.Event()

        def beat() -> None:
            while True:
                try:
                    self._beat()
                except Transient as error:
                    log.warning("pulse.missed", reason=str(error))
                if done.wait(_PULSE_S):
                    return

        thread = threading.Thread(target=beat, name="pulse", daemon=True)
        thread.start()
        try:
            with ended_if_stuck(self.settings.limits):
                yield
        finally:
            done.set()
            thread.join(1.0)
            with self.database.transaction() as connection:
                workers.leave(connection, machine())


@contextmanager
def open_worker(
    settings: ServiceSettings,
    queues: tuple[Queue, ...],
    dispatcher: Dispatcher,
    processes: int = 1,
) -> Iterator[Worker]:
    """A worker of this process. What it holds (connections, models) is this process's alone; of the memory
    for models it has its share with the other processes."""
    if settings.memory_gb is None:
        memory_mb = devices.budget_mb()
    else:
        memory_mb = round(settings.memory_gb * 1000)
    database = Database(settings.database)
    store = open_store(settings)
    store.sweep()
    try:
        with Engines(memory_mb and max(1, memory_mb // processes)) as engines:
            yield Worker(
                settings=settings,
                queues=queues,
                database=database,
                store=store,
                engines=engines,
                plans=Plans(engines, settings.scratch),
                room=Room(
                    store,
                    settings.scratch,
                    round(settings.min_free_gb * 1e9),
                    round(settings.scratch_limit_gb * 1e9),
                ),
                dispatcher=dispatcher,
            )
    finally:
        database.close()


def work_until(
    stop: threading.Event,
    worker: Worker,
    places: int,
    *,
    idle_s: float = 0.3,
    grace_s: float = 60.0,
) -> None:
    """Works without a broker: several places look into the database until told to stop.

    A place that is not done `grace_s` after that hands its task back. Raises ProcessBroken, after that, where
    the process can do nothing more.
    """
    executors = [worker.executor() for _ in range(places)]

    def work(executor: Executor) -> None:
        while not stop.is_set():
            try:
                if not worker.take(executor, worker.queues):
                    stop.wait(idle_s)
            except ProcessBroken:
                stop.set()
            except Transient as error:
                log.warning("worker.waits", reason=str(error))
                stop.wait(1.0)

    threads = [threading.Thread(target=work, args=(e,), daemon=True) for e in executors]
    with worker.pulse():
        for thread in threads:
            thread.start()
        stop.wait()
        until_s = time.monotonic() + grace_s
        for executor, thread in zip(executors, threads, strict=True):
            thread.join(max(0.0, until_s - time.monotonic()))
            if thread.is_alive():
                executor.hand_back()
    if worker.engines.broken is not None:
        raise worker.engines.broken
