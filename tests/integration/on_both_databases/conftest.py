"""SQLite, as one machine has it, and PostgreSQL, as `make up` runs it: whatever asks one asks the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from series import make_series
from sqlalchemy import text

from dubbing.store.database import Database
from workers.servers import PostgreSQL


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    # Its user can't look into the folders of tests.
    folder = Path(tempfile.mkdtemp(prefix="dubbing-postgresql-"))
    folder.chmod(0o755)
    one = PostgreSQL(folder / "cluster")
    try:
        one.server.start()
        yield one
    finally:
        one.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql", marks=[pytest.mark.servers, pytest.mark.xdist_group("postgresql")]
        ),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'service.db'}"
    found: PostgreSQL = request.getfixturevalue("postgres")
    one = Database(found.url)
    with one.transaction() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    one.close()
    return found.url


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    return make_series(tmp_path_factory.mktemp("pristine") / "fated", make_video)
