"""A short run of what `make chaos` does at length: faults at random, and nothing lost or done twice."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import chaos
import pytest
from fleet import ME, fleet, many_episodes

from dubbing.model.service import EpisodeStatus, JobStatus

# Loaded by every Python of the fleet: the second episode's transcription kills the process that does it.
DEADLY = """
import os, signal
from dubbing.engines import fakes
hear = fakes.FakeTranscriber.transcribe
def deadly(self, audio, *arguments, **values):
    if audio.duration_ms > 3500:
        os.kill(os.getpid(), signal.SIGKILL)
    return hear(self, audio, *arguments, **values)
fakes.FakeTranscriber.transcribe = deadly
"""


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    outcome = chaos.run(tmp_path, faults=20, seed=3)
    assert sum(outcome.faults.values()) == 20
    assert len(outcome.faults) >= 5
    assert outcome.jobs >= 1
    assert outcome.problems == []


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(1800)
def test_an_episode_that_kills_its_workers_fails_alone(tmp_path: Path) -> None:
    """`EPISODES=100` for a whole series."""
    count = int(os.environ.get("EPISODES", "6"))
    video = chaos.episode(tmp_path)
    release = many_episodes(tmp_path / "fated", count, video)
    longer = tmp_path / "longer.mp4"
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-stream_loop", "1", "-i", video, "-c", "copy", longer],
        check=True,
    )
    longer.replace(release / "2.mp4")
    (tmp_path / "sitecustomize.py").write_text(DEADLY)
    # A stage can't be waited for, since its worker is gone: its lease is, or the parent that sees it die.
    with fleet(tmp_path, PYTHONPATH=str(tmp_path), DUBBING_BACKOFF_S="0.1") as one:
        one.start("sweeper", "sweep")
        one.start_workers(1, processes=2)
        [state] = one.wait([one.submit(release, "en", dub=False)], 60.0 + 6.0 * count)
        episodes = {e.number: e for e in one.desk.episodes(ME, state.id)}
    assert state.status is JobStatus.INCOMPLETE
    assert episodes.pop(2).status is EpisodeStatus.FAILED
    assert {e.status for e in episodes.values()} == {EpisodeStatus.LOCALIZED}
