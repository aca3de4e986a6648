"""The service in one process, with fake engines, as far as a test wants it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dubbing.engines.registry import Engines
from dubbing.model.service import JobState, Limits, Queue, ReleaseOrder
from dubbing.service.desk import Actor, Desk
from dubbing.service.news.webhooks import Webhooks
from dubbing.service.releases.roots import Roots
from dubbing.service.work.executor import Executor, Polled
from dubbing.service.work.plans import Plans
from dubbing.service.work.room import Room
from dubbing.service.work.sweeper import Sweeper
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database

ME = Actor("mei", "studio")


def _no_hang() -> None:
    raise AssertionError("a stage hangs")


@dataclass
class Service:
    """Desk, one executor and a sweeper on one database and one store."""

    database: Database
    store: ArtifactStore
    engines: Engines
    scratch: Path
    roots: Roots
    folder: Path
    limits: Limits = field(default_factory=lambda: Limits(lease_s=5.0, backoff_s=0.0))
    webhooks: Webhooks | None = None

    def __post_init__(self) -> None:
        self.desk = Desk(self.database, Polled(), self.roots, self.webhooks)
        self.sweeper = Sweeper(self.database, Polled(), self.limits)

    def executor(self) -> Executor:
        """A worker that knows nothing of what others did."""
        return Executor(
            self.database, self.store, self.engines, Plans(self.engines, self.scratch), self.limits,
            self.scratch, Polled(), Room(self.store, self.scratch, 0, 1 << 40), _no_hang,
        )  # fmt: skip

    def order(self, release: Path | str, *languages: str, **values: object) -> ReleaseOrder:
        return ReleaseOrder(str(release), languages or ("en",), profile="fake", **values)  # type: ignore[arg-type]

    def submit(self, release: Path | str, *languages: str, **values: object) -> JobState:
        job, _ = self.desk.submit(ME, self.order(release, *languages, **values))
        return job

    def work(self, *queues: Queue, most: int = 10_000) -> int:
        """Does what there is to do, and says how many tasks that were."""
        executor = self.executor()
        done = 0
        while done < most and executor.run_next(queues or tuple(Queue)):
            done += 1
        return done

    def job(self, job: JobState) -> JobState:
        return self.desk.job(ME, job.id)


@contextmanager
def service(
    folder: Path, url: str | None = None, roots: Roots | None = None, **values: object
) -> Iterator[Service]:
    """A service whose releases lie anywhere in a folder, for every team, or in `roots`."""
    database = Database(url or f"sqlite:///{folder / 'service.db'}")
    database.upgrade()
    with Engines() as engines:
        yield Service(
            database, ArtifactStore(folder / "artifacts"), engines, folder / "scratch",
            roots or Roots((f"{folder}/{{team}}",), (str(folder),)), folder, **values,  # type: ignore[arg-type]
        )  # fmt: skip
    database.close()


def manifest(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "manifest.json").read_text()))
