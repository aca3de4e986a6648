"""Random faults while a service works, and what must be true afterwards whatever they were.

    .venv/bin/python tests/chaos.py --faults 1000        what `make chaos` runs

Jobs are submitted without end while faults last. Then every job must have ended well, every release must
be byte for byte what an undisturbed service publishes, each told of once, and the same order again must
find nothing left to do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import soundfile
from fleet import ME, Fleet, children, fleet, many_episodes
from series import tones
from sqlalchemy import text

from dubbing.engines.weights import cache_folder
from dubbing.errors import Transient
from dubbing.model.service import JobState, JobStatus
from dubbing.store import outbox


@dataclass(frozen=True)
class Load:
    """What each job is."""

    video: Path
    episodes: int = 3
    languages: tuple[str, ...] = ("en", "es-419")
    profile: str = "fake"
    patience_s: float = 5.0  # for one more task to be done, between two faults
    timeout_s: float = 300.0  # for all jobs to end


_SETTINGS = {
    "DUBBING_LEASE_S": "4",
    "DUBBING_BACKOFF_S": "0.2",
    # Faults come faster than any machine dies: a task may be hit again and again without being at fault.
    "DUBBING_ATTEMPTS": "25",
    "DUBBING_MIN_FREE_GB": "0.05",
}


@dataclass
class Outcome:
    faults: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    stages: Counter[str] = field(default_factory=Counter)  # at which a fault hit a task
    seconds: float = 0.0
    attempts: tuple[int, ...] = ()  # the most at one task, and all beyond each task's first
    problems: list[str] = field(default_factory=list)


class Chaos:
    """Does harm to a fleet, at random, and starts again what it has ended."""

    def __init__(self, one: Fleet, disk: Path | None, seed: int) -> None:
        self.fleet, self.disk, self.random = one, disk, random.Random(seed)
        self.commands: dict[str, tuple[str, ...]] = {
            "sweeper": ("sweep",),
            "listener": ("messages", "listen"),
            "api": ("serve", "--port", "8099"),
            "worker0": ("worker", "--processes", "1"),
            "worker1": ("worker", "--processes", "1"),
        }
        self.kinds: dict[str, tuple[int, Callable[[], None]]] = {
            "kill a worker's child": (40, self._kill_child),
            "kill a worker": (16, lambda: self._kill(self.random.choice(("worker0", "worker1")))),
            "stop a worker": (8, lambda: self._stop(self.random.choice(("worker0", "worker1")))),
            "kill the sweeper": (10, lambda: self._kill("sweeper")),
            "kill the API": (5, lambda: self._kill("api")),
            "kill the listener": (3, lambda: self._kill("listener")),
            "drop connections to the database": (8, self._drop_database),
            "drop connections to the broker": (4, self._drop_broker),
            "restart RabbitMQ": (2, self._restart_broker),
            "restart PostgreSQL": (2, self._restart_database),
        }
        if disk is not None:
            self.kinds["fill the disk"] = (2, self._fill_disk)

    def start(self) -> None:
        """Starts all, and waits until workers are there to be harmed."""
        for name, command in self.commands.items():
            self.fleet.start(name, *command)
        until_s = time.monotonic() + 60.0
        while len(self._workers()) < 2 and time.monotonic() < until_s:
            time.sleep(0.2)

    def _workers(self) -> list[str]:
        with self.fleet.database.transaction() as connection:
            return list(connection.execute(text("select name from worker")).scalars())

    def harm(self) -> str:
        names = list(self.kinds)
        [name] = self.random.choices(names, [self.kinds[n][0] for n in names])
        self.kinds[name][1]()
        for one, command in self.commands.items():
            if self.fleet.processes[one].poll() is not None:
                self.fleet.start(one, *command)
        return name

    def _kill(self, name: str) -> None:
        self.fleet.kill(name)

    def _stop(self, name: str) -> None:
        process = self.fleet.processes[name]
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.fleet.kill(name)

    def _kill_child(self) -> None:
        name = self.random.choice(("worker0", "worker1"))
        pids = children(self.fleet.processes[name].pid)
        if pids:
            _signal(self.random.choice(pids))

    def _drop_database(self) -> None:
        with self.fleet.database.transaction() as connection:
            connection.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'"
                )
            )

    def _drop_broker(self) -> None:
        """Cuts the sockets of all clients, as a switch that restarts does."""
        port = self.fleet.rabbit.port
        subprocess.run(["ss", "-K", "dport", "=", f":{port}"], check=False, capture_output=True)

    def _restart_broker(self) -> None:
        server = self.fleet.rabbit.server
        server.stop(self.random.choice((signal.SIGKILL, signal.SIGTERM)))
        server.start()

    def _restart_database(self) -> None:
        server = self.fleet.postgres.server
        server.stop(self.random.choice((signal.SIGKILL, signal.SIGINT)))
        server.start()

    def _fill_disk(self) -> None:
        assert self.disk is not None
        ballast = self.disk / "ballast"
        free = shutil.disk_usage(self.disk).free
        try:
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free - 64 * 1024))
        except OSError:
            pass  # full is what was wanted
        time.sleep(2.0)
        ballast.unlink()


def run(folder: Path, faults: int, seed: int = 0, load: Load | None = None) -> Outcome:
    """Faults, then the reckoning. Where it runs as root, the disk is filled as well."""
    started_s = time.monotonic()
    outcome = Outcome()
    load = load or Load(episode(folder))
    _share_models(_made(folder / "undisturbed" / "cache"))
    with fleet(folder / "undisturbed", **_SETTINGS) as one:
        one.start("sweeper", "sweep")
        one.start_workers(1, processes=2)
        [job] = one.wait([_submit(one, 0, load)], load.timeout_s)
        expected = published(Path(job.order.release) / "localized", job.plan_key)
    with (
        _small_disk(_made(folder / "disturbed" / "cache")) as disk,
        fleet(folder / "disturbed", **_SETTINGS) as one,
    ):
        _share_models(folder / "disturbed" / "cache")
        chaos = Chaos(one, disk, seed)
        chaos.start()
        jobs: list[JobState] = []
        done = 0
        while sum(outcome.faults.values()) < faults:
            if _under_way(one, jobs[-4:]) < 2:
                jobs.append(_submit(one, len(jobs), load))
            done = _await_progress(one, done, load.patience_s)
            time.sleep(chaos.random.uniform(0.0, load.patience_s / 5))
            before = _running(one)
            outcome.faults[chaos.harm()] += 1
            outcome.stages.update(before)
        ended = one.wait(jobs, load.timeout_s)
        outcome.jobs = len(ended)
        outcome.problems += _reckon(one, ended, expected, outcome, load)
        outcome.problems += _again(one, ended)
    outcome.seconds = time.monotonic() - started_s
    return outcome


def _reckon(
    one: Fleet, ended: list[JobState], expected: dict[str, bytes], outcome: Outcome, load: Load
) -> Iterator[str]:
    """What is not as it must be."""
    for job in ended:
        if job.status is not JobStatus.COMPLETED:
            failed = [e for e in one.desk.episodes(ME, job.id) if e.reason]
            yield f"{job.id} ended as {job.status}: {job.reason} {failed}"
            continue
        found = published(Path(job.order.release) / "localized", job.plan_key)
        different = [path for path in {*found, *expected} if found.get(path) != expected.get(path)]
        if different:
            yield f"{job.id} published otherwise than without faults: {different}"
    with one.database.transaction() as connection:
        told = Counter(
            connection.execute(
                text(
                    "select job || ' ' || (event->>'type') || coalesce(' ' || (event->'data'->>'episode'), '') from outbox"
                )
            ).scalars()
        )
        attempts = connection.execute(
            text("select max(attempts), sum(attempts - 1) from task")
        ).one()
    outcome.attempts = tuple(attempts)
    yield from (f"told {count} times: {news}" for news, count in told.items() if count != 1)
    wanted = len(ended) * (2 + load.episodes)
    if len(told) != wanted:
        yield f"{len(told)} news told, not {wanted}"
    if not _all_told(one):
        yield "news not told"


def _again(one: Fleet, ended: list[JobState]) -> Iterator[str]:
    """The same orders once more: nothing but the plan and a look at the release is left to do."""
    again = [one.desk.submit(ME, job.order)[0] for job in ended]
    one.wait(again, 300.0)
    with one.database.transaction() as connection:
        done = connection.execute(
            text("select stage, count(*) from task where job = any(:jobs) group by stage"),
            {"jobs": [job.id for job in again]},
        ).all()
    for stage, count in done:
        if stage not in ("plan", "publish"):
            yield f"{stage} was run again {count} times"


def _all_told(one: Fleet) -> bool:
    until_s = time.monotonic() + 30.0
    while time.monotonic() < until_s:
        with one.database.transaction() as connection:
            if not outbox.waiting(connection):
                return True
        time.sleep(0.5)
    return False


def _under_way(one: Fleet, jobs: list[JobState]) -> int:
    try:
        return sum(not one.desk.job(ME, job.id).status.ended for job in jobs)
    except Transient:
        return len(jobs)


def _await_progress(one: Fleet, before: int, patience_s: float) -> int:
    """Waits until one more task is done, or a while: a service that is hit at every step takes none."""
    until_s = time.monotonic() + patience_s
    done = before
    while done <= before and time.monotonic() < until_s:
        time.sleep(0.1)
        with suppress(Transient), one.database.transaction() as connection:
            query = text("select count(*) from task where status = 'done'")
            done = connection.execute(query).scalar_one()
    return done


def _running(one: Fleet) -> list[str]:
    try:
        with one.database.transaction() as connection:
            return list(
                connection.execute(
                    text("select stage from task where status = 'running'")
                ).scalars()
            )
    except Transient:
        return []


def _submit(one: Fleet, number: int, load: Load) -> JobState:
    release = many_episodes(
        one.folder / f"{number:04d}" / "fated", load.episodes, load.video, first=number
    )
    while True:
        try:
            return one.submit(release, *load.languages, profile=load.profile)
        except Transient:
            time.sleep(0.5)


def published(folder: Path, key: str) -> dict[str, bytes]:
    """Every file of a release. The key, which is of the sources' content and therefore each release's own,
    is taken out of those that name it, and with it the digest of the report, which does."""
    report = hashlib.sha256((folder / "report.html").read_bytes()).hexdigest()
    return {
        str(path.relative_to(folder)): path.read_bytes()
        .replace(key.encode(), b"KEY")
        .replace(report.encode(), b"REPORT")
        for path in folder.rglob("*")
        if path.is_file()
    }


def _share_models(cache: Path) -> None:
    """Models are put together once on a machine, not for each fleet."""
    models = cache_folder() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (cache / "models").symlink_to(models)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def episode(folder: Path) -> Path:
    audio = tones(3.0, [(0.3, 150, 0.8), (1.6, 220, 1.0)])
    wav = folder / "sound.wav"
    soundfile.write(wav, audio.samples, audio.rate_hz)
    video = folder / "episode.mp4"
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=90x160:rate=25:duration=3",
         "-i", wav, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", video],
        check=True,
    )  # fmt: skip
    return video


def _real(folder: Path) -> Load:
    """Ten seconds of the demo's first episode, for the real engines."""
    subprocess.run([sys.executable, "-m", "dubbing.demo", "--out", folder / "demo"], check=True)
    whole = next((folder / "demo").rglob("*01.mp4"))
    video = folder / "ten-seconds.mp4"
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-i", whole, "-t", "10", "-c:v", "libx264", "-preset", "ultrafast",
         "-c:a", "aac", video],
        check=True,
    )  # fmt: skip
    return Load(video, 1, ("en",), "local", patience_s=20.0, timeout_s=1800.0)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """A disk of 3 GB, in memory, at a folder, or none where only root may mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3g", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    try:
        yield folder if mounted.returncode == 0 else None
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=True)


def _signal(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", action="store_true", help="with the real embedded engines")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dubbing-chaos-") as scratch:
        load = _real(Path(scratch)) if arguments.real else None
        outcome = run(Path(scratch), arguments.faults, arguments.seed, load)
    print(f"{sum(outcome.faults.values())} faults in {outcome.seconds:.0f} s, {outcome.jobs} jobs")
    for name, count in outcome.faults.most_common():
        print(f"  {name}: {count}")
    print("stages at work when a fault came:", dict(outcome.stages.most_common()))
    print("attempts at a task at most, and beyond the first in all:", *outcome.attempts)
    for problem in outcome.problems:
        print("PROBLEM:", problem)
    print("nothing lost, nothing done twice" if not outcome.problems else "NOT as it must be")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
