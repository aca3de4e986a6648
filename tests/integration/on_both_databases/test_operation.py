"""What an operator looks at, and what keeps the service going, on both databases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from service import Service, service
from sqlalchemy import text

from dubbing import __version__
from dubbing.model.service import Finding, JobStatus, Limits, Queue
from dubbing.service.watch.metrics import ServiceMetrics
from dubbing.store import tasks, workers
from dubbing.store.database import now_ms


def metrics(one: Service) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in ServiceMetrics(one.database).collect()
        for sample in family.samples
    }


def test_failures_are_counted_by_kind_and_by_whether_they_are_for_good(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    limits = Limits(attempts=2, backoff_s=0)
    with service(tmp_path, url, limits=limits) as one:
        for kind, final, count in (("lost", False, 2), ("defect", True, 1), ("lost", True, 3)):
            for _ in range(count):
                one.submit(tmp_path / "x")
                with one.database.transaction() as connection:
                    task = tasks.claim(connection, list(Queue), "h:1:a", now_ms(), limits)
                    assert task is not None
                    task = replace(task, attempts=1)
                    found = Finding("why", kind, final)
                    later = replace(limits, backoff_s=1000.0)
                    tasks.fail(connection, task, found, now_ms(), later)
        found_now = metrics(one)
        counts = {key[1:]: v for key, v in found_now.items() if key[0] == "dubbing_task_failures"}
        assert counts == {("lost", "no"): 2, ("lost", "yes"): 3, ("defect", "yes"): 1}


def test_engines_queues_and_workers_are_counted(url: str, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with service(tmp_path, url) as one:
        usage = {"fake": {"loads": 2, "busy_s": 1.5, "memory_mb": None}}
        with one.database.transaction() as connection:
            workers.beat(connection, "a:1", list(Queue), "1", "", usage, now_ms())
            workers.beat(connection, "b:1", [Queue.TTS], "1", "The disk is full.", usage, now_ms())
        one.submit(tmp_path / "x")
        found = metrics(one)
        assert (found["dubbing_workers", "tts"], found["dubbing_workers", "mt"]) == (2, 1)
        assert found["dubbing_workers_paused",] == 1
        assert found["dubbing_engine_loads", "fake"] == 4
        assert found["dubbing_engine_busy_seconds", "fake"] == 3
        assert found["dubbing_engine_resident", "fake"] == 0
        assert found["dubbing_queue_tasks", "media"] == 1
        assert found["dubbing_outbox_waiting",] == 1


def health(url: str, tmp_path: Path, *arguments: str) -> tuple[int, str]:
    environment = {
        "PATH": "/usr/bin:/bin", "DUBBING_DATABASE_URL": url, "DUBBING_CACHE": str(tmp_path / "c"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "dubbing", "health", *arguments],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_dub_health_says_what_keeps_jobs_from_being_done(url: str, tmp_path: Path) -> None:
    status, said = health(url, tmp_path)
    assert status == 1
    assert "revision none" in said
    with service(tmp_path, url) as one:
        assert health(url, tmp_path, "--worker")[0] == 1
        status, said = health(url, tmp_path)
        assert status == 1
        assert "No worker takes work of the queue tts." in said
        with one.database.transaction() as connection:
            workers.beat(connection, "host:1", list(Queue), __version__, "", {}, now_ms())
        status, said = health(url, tmp_path, "--json")
        assert status == 0
        assert json.loads(said)["queues"]["tts"] == {"workers": 1, "paused": 0}


def test_the_sweeper_takes_back_sends_revives_and_forgets(
    url: str, tmp_path: Path, pristine: Path
) -> None:
    shutil.copytree(pristine, tmp_path / "fated")
    with service(tmp_path, url) as one:
        job = one.submit(tmp_path / "fated")
        silent = Limits(lease_s=-1.0)
        with one.database.transaction() as connection:
            assert tasks.claim(connection, list(Queue), "h:1:a", now_ms(), silent)
        assert one.sweeper.take_back() == 1
        assert one.sweeper.take_back() == 0
        assert one.sweeper.send() == 1
        assert one.sweeper.send() == 0
        # A job whose tasks are all gone is planned anew, once nobody is just about to do so.
        with one.database.transaction() as connection:
            tasks.withdraw(connection, job.id)
            connection.execute(text("update job set updated_ms = updated_ms - 60000"))
        assert one.sweeper.revive() == 1
        assert one.sweeper.revive() == 0
        one.sweeper.sweep()
        one.work()
        assert one.job(job).status is JobStatus.COMPLETED
        one.sweeper.forget()
        with one.database.transaction() as connection:
            connection.execute(text("update job set ended_ms = 1"))
        one.sweeper.forget()
        with one.database.transaction() as connection:
            assert tasks.of_job(connection, job.id) == []
