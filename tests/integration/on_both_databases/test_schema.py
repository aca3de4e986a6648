"""The schema, on both databases: forward and back with data in it, and as the code knows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from series import make_series
from service import ME, service
from sqlalchemy import text

from dubbing.errors import Rejected, Transient
from dubbing.model.service import JobStatus, Limits, Queue
from dubbing.service.watch.health import is_heard_of
from dubbing.service.work import worker
from dubbing.store import tasks, workers
from dubbing.store.database import Database, now_ms
from dubbing.store.tables import Base


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


# Makes the ready tasks anew, without the columns of later revisions.
_AS_AN_OLDER_WORKER = (
    "update task set key = 'x' || key where status = 'ready'",
    """insert into task (key, job, job_created_ms, stage, queue, episode, language, status, priority,
                         attempts, owner, ready_ms, created_ms, kind, reason)
       select substr(key, 2), job, job_created_ms, stage, queue, episode, language, status, priority,
              attempts, owner, ready_ms, created_ms, kind, reason
       from task where status = 'ready'""",
    "delete from task where key like 'x%'",
)


def test_the_tables_are_those_that_the_code_knows(url: str) -> None:
    database = Database(url)
    database.upgrade()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    found, wanted = database.revisions()
    assert found == wanted
    database.close()


def test_jobs_live_through_every_migration_forward_and_back(
    url: str, tmp_path: Path, make_video: Callable[..., Path]
) -> None:
    make_series(tmp_path / "fated", make_video)
    with service(tmp_path, url) as one:
        done = one.submit(tmp_path / "fated")
        one.work()
        waiting = one.submit(tmp_path / "fated", "en", "fr")
        one.work(most=3)
        query = "select id, status, ordered, plan_key from job order by created_ms"
        before = [[str(value) for value in row] for row in rows(one.database, query)]
        counts = rows(
            one.database, "select stage, status, count(*) from task group by 1, 2 order by 1, 2"
        )
        one.database.downgrade("0001")
        # What the older version does meanwhile, it does without what it does not know.
        assert rows(one.database, "select number, status from episode order by job, number")
        one.database.upgrade()
        assert [[str(v) for v in row] for row in rows(one.database, query)] == before
        assert (
            rows(
                one.database, "select stage, status, count(*) from task group by 1, 2 order by 1, 2"
            )
            == counts
        )
        # What an older worker adds, which knows of no turns, is done like all else.
        with one.database.transaction() as connection:
            for statement in _AS_AN_OLDER_WORKER:
                assert connection.execute(text(statement)).rowcount >= 1
        one.work()
        assert one.job(waiting).status is JobStatus.COMPLETED
        assert one.job(done).status is JobStatus.COMPLETED


def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    def start(_: int) -> None:
        one = Database(url)
        one.upgrade()
        one.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    database = Database(url)
    assert rows(database, "select version_num from alembic_version") == [(database.revisions()[1],)]
    database.close()


def test_a_new_file_that_somebody_is_writing_to_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    other.execute("create table theirs (id integer)")
    done = Timer(0.3, other.execute, ["commit"])
    done.start()
    database = Database(f"sqlite:///{tmp_path}/new.db")
    assert rows(database, "select name from sqlite_master") == [("theirs",)]
    assert rows(database, "pragma journal_mode") == [("wal",)]
    database.close()
    done.join()
    other.close()


def test_each_task_is_taken_by_one_worker(url: str, tmp_path: Path) -> None:
    with service(tmp_path, url) as one:
        (tmp_path / "x").mkdir()
        for number in range(20):
            one.desk.submit(ME, one.order(tmp_path / "x", "en"), idempotency_key=str(number))

        def take(worker: int) -> list[int]:
            taken = []
            mine = Database(url)
            while True:
                with mine.transaction() as connection:
                    task = tasks.claim(
                        connection, list(Queue), f"host:{worker}:x", now_ms(), Limits()
                    )
                if task is None:
                    mine.close()
                    return taken
                taken.append(task.id)

        with ThreadPoolExecutor(4) as pool:
            found = [id for taken in pool.map(take, range(4)) for id in taken]  # noqa: A001
        assert len(found) == len(set(found)) == 20


def test_a_url_that_is_none_and_a_server_that_is_not_there_are_told_apart() -> None:
    with pytest.raises(Rejected, match="DUBBING_DATABASE_URL"):
        Database("not a url")
    gone = Database("postgresql+psycopg://dubbing@127.0.0.1:1/postgres")
    with pytest.raises(Transient), gone.transaction():
        pass


def test_a_machine_may_have_the_longest_name_there_is(
    url: str, tmp_path: Path, make_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "m" * 64)
    make_series(tmp_path / "fated", make_video)
    with service(tmp_path, url) as one:
        job = one.submit(tmp_path / "fated")
        one.work()
        assert one.job(job).status is JobStatus.COMPLETED
        with one.database.transaction() as connection:
            workers.beat(connection, worker.machine(), list(Queue), "1", "", {}, now_ms())
        assert is_heard_of(one.database, "m" * 64)
