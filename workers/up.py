"""The whole service on this machine, for `make up` and `make down`: servers, API, workers, each a process.

python -m workers.up            starts what is not running, and says where it is
python -m workers.up --down     ends it; what it kept is there when it is started again
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from dubbing.errors import Rejected, Transient
from dubbing.model.service import Role
from dubbing.store import access
from dubbing.store.artifacts import read_json, write_json
from dubbing.store.database import Database, now_ms
from workers.servers import PostgreSQL, RabbitMQ, end_names

_READY_S = 60.0
_ENDED_S = 90.0
TEAM = "studio"


@dataclass(slots=True)
class Running:
    """What was started, as it is remembered between `up` and `down`."""

    ports: dict[str, int] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    token: str = ""


def home() -> Path:
    """Where all of it lies. PostgreSQL does not run as root, nor can its user look into root's folders."""
    return Path("/var/lib/dubbing") if os.geteuid() == 0 else Path("build/service").resolve()


def up(folder: Path, releases: Path, port: int) -> Running:
    """Starts all that is not running. Raises Transient where something does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    (releases / TEAM).mkdir(parents=True, exist_ok=True)
    file = folder / "running.json"
    running = read_json(file, Running) if file.exists() and file.stat().st_size else Running()
    file.touch(mode=0o600)  # it holds a token
    postgres = PostgreSQL(folder / "postgresql", **_port(running, "postgresql"))
    rabbit = RabbitMQ(
        folder / "rabbitmq",
        **_port(running, "rabbitmq"),
        **_port(running, "names", "names_port"),
    )
    running.ports = {
        "postgresql": postgres.port,
        "rabbitmq": rabbit.port,
        "names": rabbit.names_port,
        "api": port,
    }
    for server in (postgres.server, rabbit.server):
        if not server.is_ready():
            server.start()
            assert server.process is not None  # noqa: S101 - just started
            running.pids[server.name] = server.process.pid
            write_json(file, running)
    database = Database(postgres.url)
    database.upgrade()
    if not running.token:
        with database.transaction() as connection:
            _, running.token = access.create_token(
                connection,
                os.environ.get("USER", "operator"),
                TEAM,
                Role.ADMIN,
                "make up",
                now_ms(),
            )
    database.close()
    environment = {
        "DUBBING_DATABASE_URL": postgres.url,
        "DUBBING_BROKER_URL": rabbit.url,
        "DUBBING_RELEASE_ROOTS": f"{releases}/{{team}}",
    }
    for name, command in {
        "sweeper": ["sweep"],
        "listener": ["messages", "listen"],
        "worker": ["worker"],
        "api": ["serve", "--port", str(port)],
    }.items():
        if not _alive(running.pids.get(name)):
            running.pids[name] = _start(folder, name, command, environment)
            write_json(file, running)
    write_json(file, running)
    _await_answer(folder, port)
    return running


def down(folder: Path) -> int:
    """Ends what runs, workers first, each in its own time; how many processes that were."""
    file = folder / "running.json"
    if not file.exists():
        return 0
    running = read_json(file, Running)
    ended = 0
    for names in (("worker", "sweeper", "listener", "api"), ("rabbitmq",), ("postgresql",)):
        pids = [running.pids.pop(name) for name in names if name in running.pids]
        for pid in filter(_alive, pids):
            ended += 1
            # PostgreSQL would wait for clients for ever on the signal that others take for an end.
            os.kill(pid, signal.SIGINT if names == ("postgresql",) else signal.SIGTERM)
        until_s = time.monotonic() + _ENDED_S
        while any(map(_alive, pids)) and time.monotonic() < until_s:
            time.sleep(0.1)
        write_json(file, running)
    if "names" in running.ports:
        end_names(running.ports["names"])
    return ended


def _start(folder: Path, name: str, command: list[str], environment: Mapping[str, str]) -> int:
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "dubbing", *command],
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ).pid


def _await_answer(folder: Path, port: int) -> None:
    until_s = time.monotonic() + _READY_S
    while time.monotonic() < until_s:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/v1/health", timeout=5.0).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise Transient(f"The service did not become healthy: see the logs in {folder}.")


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _port(running: Running, name: str, argument: str = "port") -> dict[str, int]:
    return {argument: running.ports[name]} if name in running.ports else {}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="the folder that all of it lies in")
    parser.add_argument("--down", action="store_true", help="end it")
    parser.add_argument("--releases", type=Path, help="the folder that releases lie in")
    parser.add_argument("--port", type=int, default=8080, help="of the API [8080]")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    folder = (arguments.home or home()).resolve()
    if arguments.down:
        count = down(folder)
        console.print(f"{count} processes ended. What they kept is in {folder}.", soft_wrap=True)
        return 0
    releases = (arguments.releases or folder / "releases").resolve()
    try:
        running = up(folder, releases, arguments.port)
    except (Rejected, Transient) as error:
        console.print(str(error), markup=False)
        return 2 if isinstance(error, Rejected) else 1
    url = f"http://127.0.0.1:{arguments.port}"
    table = Table("what", "where", title="The service is running", title_justify="left")
    table.add_row("API", f"{url}/docs")
    table.add_row("releases", f"{releases}/{TEAM}")
    table.add_row("logs", f"{folder}/*.log")
    table.add_row("RabbitMQ", f"127.0.0.1:{running.ports['rabbitmq']}")
    table.add_row("PostgreSQL", f"127.0.0.1:{running.ports['postgresql']}")
    console.print(table)
    console.print("Put a release into the folder, then:", markup=False)
    dub = Path(sys.executable).with_name("dub")
    for line in (
        f"export DUBBING_API_URL={url} DUBBING_API_TOKEN={running.token}",
        f"{dub} jobs submit {releases}/{TEAM}/NAME --to en --wait",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
