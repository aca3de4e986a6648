"""A connection to the service's database: SQLite on one machine, PostgreSQL for more."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from dubbing.errors import Rejected, Transient

_MIGRATIONS = Path(__file__).with_name("migrations")
_SQLITE_WAIT_S = 30  # for others to be done with the file


def now_ms() -> int:
    """Unix time. Leases compare the clocks of workers: keep them to a second of each other (NTP)."""
    return time.time_ns() // 1_000_000


class Database:
    """Transactions on the service's tables. Connections belong to the process that opened them."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy writes it: `sqlite:////path/to.db`, `postgresql+psycopg://...`."""
        self.url = url
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise Rejected(
                "DUBBING_DATABASE_URL",
                found="something that is no database URL",
                expected="sqlite:////path/to.db or postgresql+psycopg://user:password@host/name",
                remedy="Correct it.",
            ) from None
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(url, connect_args={"timeout": _SQLITE_WAIT_S})
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_immediately)
        else:
            # A connection that a restart of the server broke is replaced, not handed out.
            self._engine = create_engine(
                url, pool_pre_ping=True, pool_size=4, max_overflow=8, connect_args={"connect_timeout": 10}
            )  # fmt: skip

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it or nothing. Raises Transient where the server can't be reached."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OperationalError, DBAPIError) as error:
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise Transient(f"the database did not answer: {error.orig}") from error
            raise

    def close(self) -> None:
        self._engine.dispose()

    def upgrade(self, revision: str = "head") -> None:
        """Brings the tables to a revision of the schema; safe to call from several processes."""
        with self._engine.begin() as connection:
            if not self.is_sqlite:
                # Two that start at once must not migrate at once.
                connection.exec_driver_sql("select pg_advisory_xact_lock(7203114)")
            command.upgrade(self._alembic(connection), revision)

    def downgrade(self, revision: str) -> None:
        """Takes the tables back to an older revision of the schema."""
        with self._engine.begin() as connection:
            command.downgrade(self._alembic(connection), revision)

    def revisions(self) -> tuple[str | None, str | None]:
        """The schema's revision in the database, and the one this version of the software writes.
        Raises Transient where the server can't be reached."""
        try:
            with self._engine.connect() as connection:
                found = MigrationContext.configure(connection).get_current_revision()
        except OperationalError as error:
            raise Transient(f"the database did not answer: {error.orig}") from error
        return found, ScriptDirectory(str(_MIGRATIONS)).get_current_head()

    @staticmethod
    def _alembic(connection: Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        return config


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, see below
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"pragma {pragma}")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Has the file keep a write-ahead log, which it then does for everybody who opens it.

    While one connection makes that change, others that want to are told at once that the file is locked: SQLite
    does not wait where two would wait for each other (sqlite.org/c3ref/busy_handler.html). By the next look it is made.
    """
    deadline = time.monotonic() + _SQLITE_WAIT_S
    while cursor.execute("pragma journal_mode").fetchone() != ("wal",):
        try:
            cursor.execute("pragma journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return  # also where there can be none: in memory


def _begin_immediately(connection: Connection) -> None:
    """A transaction that reads and then writes must be the only one that writes meanwhile."""
    connection.exec_driver_sql("begin immediate")
