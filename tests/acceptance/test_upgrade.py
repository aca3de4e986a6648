"""A rolling upgrade: workers of two versions side by side, in the middle of a series."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import chaos
import pytest
from command import Dub, contents
from fleet import ME, Fleet, fleet, many_episodes
from sqlalchemy import text

from dubbing import __version__
from dubbing.model.service import JobStatus

ROOT = Path(__file__).parents[2]


def older_version(folder: Path) -> Path:
    """A checkout of a version before this one, whose subtitles were cut otherwise."""
    for name in ("dubbing", "workers", "voices", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file, now, then in (
        ("__init__.py", f'"{__version__}"', '"0.0.9"'),
        ("stages/caption.py", 'VERSION = "caption", ', 'VERSION = "caption", 900 + '),
    ):
        path = folder / "dubbing" / file
        source = path.read_text()
        assert now in source
        path.write_text(source.replace(now, then))
    return folder


def await_that(one: Fleet, query: str, met: Callable[[object], bool]) -> None:
    until_s = time.monotonic() + 120
    while time.monotonic() < until_s:
        with one.database.transaction() as connection:
            if met(connection.execute(text(query)).scalar()):
                return
        time.sleep(0.05)
    raise TimeoutError(query)


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(400)
def test_old_and_new_workers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    release = many_episodes(tmp_path / "fated", 24, chaos.episode(tmp_path))
    old = older_version(tmp_path / "old")
    with fleet(tmp_path) as one:
        one.start("sweeper", "sweep")
        one.start("old", "worker", "--processes", "2", PYTHONPATH=str(old))
        job = one.submit(release, "en", "fr")
        # All that follows a script waits for all of them.
        done = "select count(*) from task where stage = 'script' and status = 'done'"
        await_that(one, done, lambda count: count >= 2)  # type: ignore[operator]
        assert one.desk.job(ME, job.id).planned_by == "0.0.9"
        one.start("new", "worker", "--processes", "2")
        await_that(one, "select planned_by from job", lambda version: version == __version__)
        time.sleep(1.0)  # both are at it
        one.processes["old"].send_signal(signal.SIGTERM)
        assert one.processes.pop("old").wait(timeout=90) == 0
        [state] = one.wait([job], 200)
        with one.database.transaction() as connection:
            attempts = connection.execute(text("select max(attempts) from task")).scalar()
            kinds = connection.execute(text("select event->>'type' from outbox")).scalars().all()
    assert state.status is JobStatus.COMPLETED, state.reason
    assert attempts == 1, "what a stopped worker hands back was not tried"
    assert kinds.count("localization.completed") == 1
    # All of it is what the new version alone makes of it.
    Dub(tmp_path / "elsewhere").run(release, "--out", tmp_path / "here", to="en,fr")
    assert contents(release / "localized") == contents(tmp_path / "here")
