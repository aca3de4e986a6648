"""The service as it runs in production: RabbitMQ, PostgreSQL, workers, a sweeper and a listener, each a
process of its own that can be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dubbing.model.service import JobState, ReleaseOrder
from dubbing.service.desk import Actor, Desk
from dubbing.service.releases.roots import Roots
from dubbing.store.database import Database
from workers.celery_app import CeleryDispatcher, celery_app
from workers.servers import PostgreSQL, RabbitMQ

ME = Actor("mei", "studio")
DUB = (sys.executable, "-m", "dubbing")


def many_episodes(folder: Path, count: int, video: Path, first: int = 0) -> Path:
    """A release of episodes that sound alike, each a file of its own content, which `first` tells from
    those of other releases."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        shutil.copy(video, folder / f"{number}.mp4")
        with (folder / f"{number}.mp4").open("ab") as file:
            # A free box at the end: players skip it, digests don't.
            file.write(
                (16).to_bytes(4, "big") + b"free" + (first * 10_000 + number).to_bytes(8, "big")
            )
    document = {
        "schema": 1,
        "release": folder.name,
        "source_language": "zh",
        "episodes": [{"number": n, "video": f"{n}.mp4"} for n in range(1, count + 1)],
    }
    (folder / "release.json").write_text(json.dumps(document))
    return folder


@dataclass
class Fleet:
    """All processes of a service on this machine."""

    folder: Path
    postgres: PostgreSQL
    rabbit: RabbitMQ
    settings: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = Database(self.postgres.url)
        self.dispatcher = CeleryDispatcher(celery_app(self.rabbit.url))
        self.desk = Desk(self.database, self.dispatcher, Roots(shared=(str(self.folder),)))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DUBBING_DATABASE_URL": self.postgres.url,
            "DUBBING_BROKER_URL": self.rabbit.url,
            "DUBBING_CACHE": str(self.folder / "cache"),
            "DUBBING_SHARED_ROOTS": str(self.folder),
            **self.settings,
        }

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Starts `dub ...` under a name, anew if it ran before."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*DUB, *command],
                env={**self.environment, **environment},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def start_workers(self, count: int, processes: int = 1) -> None:
        for number in range(count):
            self.start(f"worker{number}", "worker", "--processes", str(processes))

    def kill(self, name: str) -> None:
        """As a machine that loses power: the process and all its children, without a word."""
        process = self.processes[name]
        for pid in (*children(process.pid), process.pid):
            _kill(pid)
        process.wait()

    def stop(self, name: str, timeout_s: float = 60.0) -> int:
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(timeout=timeout_s)

    def submit(
        self, release: Path, *languages: str, profile: str = "fake", **values: object
    ) -> JobState:
        order = ReleaseOrder(str(release), languages or ("en",), profile=profile, **values)  # type: ignore[arg-type]
        return self.desk.submit(ME, order)[0]

    def wait(self, jobs: Sequence[JobState], timeout_s: float) -> list[JobState]:
        """The jobs once they have all ended. Raises TimeoutError."""
        until_s = time.monotonic() + timeout_s
        while True:
            states = [self.desk.job(ME, job.id) for job in jobs]
            if all(state.status.ended for state in states):
                return states
            if time.monotonic() > until_s:
                raise TimeoutError(f"not ended after {timeout_s} s: {states}")
            time.sleep(0.2)


@contextmanager
def fleet(folder: Path, **settings: str) -> Iterator[Fleet]:
    """Servers that are running, and an empty database; nothing is at work yet."""
    # PostgreSQL runs as a user of its own, to whom the folders of tests are closed.
    open_folder = Path(tempfile.mkdtemp(prefix="dubbing-postgresql-"))
    open_folder.chmod(0o755)
    postgres, rabbit = PostgreSQL(open_folder / "cluster"), RabbitMQ(folder / "rabbitmq")
    one: Fleet | None = None
    try:
        postgres.server.start()
        rabbit.server.start()
        one = Fleet(folder, postgres, rabbit, settings)
        one.database.upgrade()
        one.dispatcher.declare()
        yield one
    finally:
        if one is not None:
            for name in list(one.processes):
                one.kill(name)
            one.database.close()
        rabbit.close()
        postgres.close()
        shutil.rmtree(open_folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    """All processes below a process."""
    try:
        direct = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [one for child in map(int, direct) for one in (*children(child), child)]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
