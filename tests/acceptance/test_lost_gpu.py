"""A process whose GPU is lost to it ends and is replaced, and no job ends with it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import chaos
import pytest
from command import Dub
from fleet import ME, fleet, many_episodes
from sqlalchemy import text

from dubbing.model.service import EpisodeStatus, JobStatus, ReleaseOrder
from dubbing.service.desk import Desk
from dubbing.service.releases.roots import Roots
from dubbing.service.work.executor import Polled
from dubbing.store.database import Database

# Loaded by every Python that works: what a transcriber hears breaks its process, as CUDA would. From then on
# nothing is heard in that process.
BREAKING = """
import os, pathlib
from dubbing.engines import fakes
hear = fakes.FakeTranscriber.transcribe
here = pathlib.Path(__file__).parent
def breaking(self, audio, *arguments, **values):
    with (here / "processes").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    if audio.duration_ms > 3500 and (here / "broken").exists():
        if (here / "broken").read_text() == "once":
            (here / "broken").unlink()
        breaking.lost = True
    if breaking.lost:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    return hear(self, audio, *arguments, **values)
breaking.lost = False
fakes.FakeTranscriber.transcribe = breaking
"""


def series_of(folder: Path, count: int, how: str) -> Path:
    """Episodes that sound alike, but for the second, which is longer."""
    video = chaos.episode(folder)
    release = many_episodes(folder / "fated", count, video)
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-stream_loop", "1", "-i", video, "-c", "copy",
         folder / "longer.mp4"],
        check=True,
    )  # fmt: skip
    (folder / "longer.mp4").replace(release / "2.mp4")
    (folder / "sitecustomize.py").write_text(BREAKING)
    (folder / "broken").write_text(how)
    return release


def search_path(folder: Path) -> str:
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def processes(folder: Path) -> int:
    return len(set((folder / "processes").read_text().split()))


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["once", "always"])
def test_a_child_that_lost_its_gpu_is_replaced(tmp_path: Path, how: str) -> None:
    release = series_of(tmp_path, 4, how)
    with fleet(tmp_path, PYTHONPATH=search_path(tmp_path), DUBBING_BACKOFF_S="0.1") as one:
        one.start("sweeper", "sweep")
        one.start("worker", "worker", "--processes", "1")
        [state] = one.wait([one.submit(release, "en", dub=False)], 120.0)
        episodes = {e.number: e for e in one.desk.episodes(ME, state.id)}
        with one.database.transaction() as connection:
            query = text("select episode, attempts from task where stage = 'transcribe'")
            attempts = dict(connection.execute(query).tuples().all())
    if how == "once":
        assert state.status is JobStatus.COMPLETED
        assert attempts == {1: 1, 2: 2, 3: 1, 4: 1}
        assert processes(tmp_path) == 2
    else:
        assert state.status is JobStatus.INCOMPLETE
        poisoned = episodes.pop(2)
        assert poisoned.status is EpisodeStatus.FAILED
        assert "illegal memory access" in poisoned.reason
        assert {e.status for e in episodes.values()} == {EpisodeStatus.LOCALIZED}
        assert attempts == {1: 1, 2: 3, 3: 1, 4: 1}
        assert 3 <= processes(tmp_path) <= 4


def test_a_worker_of_several_places_ends_and_hands_back_what_is_not_to_blame(
    dub: Dub, tmp_path: Path
) -> None:
    release = series_of(tmp_path, 4, "once")
    environment = {
        **dub.environment,
        "PYTHONPATH": search_path(tmp_path),
        "DUBBING_SHARED_ROOTS": str(tmp_path),
        "DUBBING_DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}",
        "DUBBING_BACKOFF_S": "0.1",
    }
    database = Database(environment["DUBBING_DATABASE_URL"])
    database.upgrade()
    desk = Desk(database, Polled(), Roots(shared=(str(tmp_path),)))
    order = ReleaseOrder(str(release), ("en",), profile="fake", dub=False)
    job, _ = desk.submit(ME, order)
    command = dub.command("worker", "--processes", 3, "--grace", 5, "--memory", 0.5)
    first = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert first.returncode == 1
    assert "illegal memory access" in first.stderr
    assert not desk.job(ME, job.id).status.ended
    second = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        until_s = time.monotonic() + 60
        while not desk.job(ME, job.id).status.ended and time.monotonic() < until_s:
            time.sleep(0.2)
    finally:
        second.terminate()
        second.wait(timeout=30)
    assert desk.job(ME, job.id).status is JobStatus.COMPLETED
    with database.transaction() as connection:
        attempts = connection.execute(
            text("select sum(attempts - 1) from task where stage = 'transcribe'")
        ).scalar_one()
    database.close()
    assert attempts == 1
