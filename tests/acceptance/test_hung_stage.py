"""A stage that hangs costs its attempt and its process, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import chaos
import pytest
from command import Dub
from fleet import ME, fleet, many_episodes
from sqlalchemy import text
from test_lost_gpu import processes, search_path

from dubbing.model.service import EpisodeStatus, JobState, JobStatus, ReleaseOrder
from dubbing.service.desk import Desk
from dubbing.service.releases.roots import Roots
from dubbing.service.work.executor import Polled
from dubbing.store.database import Database

# Loaded by every Python that works: the transcriber hangs.
HANGING = """
import os, pathlib, time
from dubbing.engines import fakes
hear = fakes.FakeTranscriber.transcribe
here = pathlib.Path(__file__).parent
def hanging(self, audio, *arguments, **values):
    with (here / "processes").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    how = (here / "hangs").read_text() if (here / "hangs").exists() else ""
    if how:
        if how == "once":
            (here / "hangs").unlink()
        time.sleep(600)
    return hear(self, audio, *arguments, **values)
fakes.FakeTranscriber.transcribe = hanging
"""


def series_of(folder: Path, count: int, how: str) -> Path:
    release = many_episodes(folder / "fated", count, chaos.episode(folder))
    (folder / "sitecustomize.py").write_text(HANGING)
    (folder / "hangs").write_text(how)
    return release


def attempts(database: Database) -> list[int]:
    with database.transaction() as connection:
        query = text("select attempts from task where stage = 'transcribe' order by attempts")
        return list(connection.execute(query).scalars())


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(300)
def test_a_child_in_which_a_stage_hangs_is_replaced(tmp_path: Path) -> None:
    release = series_of(tmp_path, 3, "once")
    settings = {"DUBBING_STAGE_S": "4", "DUBBING_LEASE_S": "6", "DUBBING_BACKOFF_S": "0.1"}
    with fleet(tmp_path, PYTHONPATH=search_path(tmp_path), **settings) as one:
        one.start("sweeper", "sweep")
        one.start("worker", "worker", "--processes", "1")
        [state] = one.wait([one.submit(release, "en", dub=False)], 120.0)
        assert state.status is JobStatus.COMPLETED
        assert attempts(one.database) == [1, 1, 2]
        assert processes(tmp_path) == 2


def _work(dub: Dub, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = dub.command("worker", "--processes", 2, "--grace", 5)
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_a_stage_that_always_hangs_fails_its_episode_and_holds_no_worker(
    dub: Dub, tmp_path: Path
) -> None:
    release = series_of(tmp_path, 1, "always")
    environment = {
        **dub.environment,
        "PYTHONPATH": search_path(tmp_path),
        "DUBBING_DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}",
        "DUBBING_BACKOFF_S": "0.1",
        "DUBBING_ATTEMPTS": "2",
        "DUBBING_STAGE_S": "4",
    }
    database = Database(environment["DUBBING_DATABASE_URL"])
    database.upgrade()
    desk = Desk(database, Polled(), Roots(shared=(str(tmp_path),)))
    order = ReleaseOrder(str(release), ("en",), profile="fake", dub=False)
    job, _ = desk.submit(ME, order)
    for attempt in (1, 2):
        ended = _work(dub, environment)
        assert ended.returncode == 1
        assert "stage.hung" in ended.stderr
        with database.transaction() as connection:
            held = connection.execute(text("select count(*) from task where status = 'running'"))
            assert held.scalar_one() == 0
        assert attempts(database) == [attempt]
    state: JobState = desk.job(ME, job.id)
    assert state.status is JobStatus.FAILED
    [episode] = desk.episodes(ME, job.id)
    assert episode.status is EpisodeStatus.FAILED
    assert "not done after 4 s" in episode.reason
    database.close()


# Sleeps in C and lets no other thread of Python run meanwhile.
STUCK = """
import ctypes, sys
from dubbing.model.service import Limits
from dubbing.service.work import leases
leases._LEAST_SILENCE_S = 2.0
with leases.ended_if_stuck(Limits(lease_s=0.5)):
    if sys.argv[1] == "stuck":
        ctypes.PyDLL(None).sleep(120)
    else:
        ctypes.CDLL(None).sleep(4)
print("done")
"""


def test_a_process_in_which_python_is_stuck_ends_and_says_where() -> None:
    started_s = time.monotonic()
    command = [sys.executable, "-c", STUCK]
    stuck = subprocess.run([*command, "stuck"], check=False, capture_output=True, text=True)
    assert stuck.returncode == 1
    assert time.monotonic() - started_s < 60
    assert "Timeout" in stuck.stderr
    assert 'File "<string>", line 8' in stuck.stderr
    slow = subprocess.run([*command, "slow"], check=False, capture_output=True, text=True)
    assert (slow.returncode, slow.stdout) == (0, "done\n")
