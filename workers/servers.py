"""RabbitMQ and PostgreSQL on this machine alone, without a service manager: for `make up` and for tests.

Each has a folder of its own for all that it writes, listens on 127.0.0.1, and is stopped by its process.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dubbing.errors import Rejected, Transient

_READY_S = 60.0
_MOST_STARTS = 5


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A program that serves until it is stopped. Started again, it finds what it kept."""

    name: str
    command: list[str]
    folder: Path
    environment: Mapping[str, str]
    is_ready: Callable[[], bool]
    user: str | None = None  # None: ours
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Starts it and waits until it answers. Raises Transient where it doesn't."""
        until_s = time.monotonic() + _READY_S
        starts = 0
        while True:
            # What was killed may leave processes behind for a moment, which keep the next one out.
            if self.process is None or self.process.poll() is not None:
                if starts == _MOST_STARTS:
                    break
                starts += 1
                time.sleep(0.5 if starts > 1 else 0.0)
                self._launch()
            if self.is_ready():
                return
            if time.monotonic() > until_s:
                break
            time.sleep(0.1)
        self.stop()
        raise Transient(f"{self.name} did not start: see {self.folder / self.name}.log")

    def _launch(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                self.command,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                user=self.user,
                group=None if self.user is None else pwd.getpwnam(self.user).pw_gid,
            )

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends it, and all that it started."""
        if self.process is None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


@dataclass
class RabbitMQ:
    """A broker of one node."""

    folder: Path
    port: int = field(default_factory=free_port)
    names_port: int = field(default_factory=free_port)  # of the daemon that tells Erlang's nodes
    server: Server = field(init=False)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def __post_init__(self) -> None:
        # Debian's own command would run it as another user, in that user's folders.
        program = _found("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.port}\n"
            # Where the disk is small, the default of 50 MB may be all there is.
            "disk_free_limit.absolute = 20MB\nvm_memory_high_watermark.absolute = 1GB\n"
        )
        (self.folder / "enabled_plugins").write_text("[].\n")
        # A name mapper and ports of its own, so that several nodes can be on one machine.
        self.server = Server(
            "rabbitmq",
            [program],
            self.folder,
            {
                "HOME": str(self.folder),
                "RABBITMQ_NODENAME": f"dubbing{self.port}@localhost",
                "RABBITMQ_BASE": str(self.folder),
                "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
                "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
                "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_PID_FILE": str(self.folder / "pid"),
                "ERL_EPMD_ADDRESS": "127.0.0.1",
                "ERL_EPMD_PORT": str(self.names_port),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
            },
            lambda: _answers(self.port),
        )

    def close(self) -> None:
        """Ends it, and the daemon that Erlang leaves behind."""
        self.server.stop()
        end_names(self.names_port)


def end_names(port: int) -> None:
    """Ends the daemon that a node of Erlang has started and not ended."""
    subprocess.run(  # noqa: S603 - our own command
        [_found("epmd", "erlang-base"), "-port", str(port), "-kill"],
        check=False,
        capture_output=True,
    )


@dataclass
class PostgreSQL:
    """A database cluster with one database. Where we are root, it runs as the user `postgres`."""

    folder: Path
    port: int = field(default_factory=free_port)
    server: Server = field(init=False)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://dubbing@127.0.0.1:{self.port}/postgres"

    def __post_init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        program = programs[-1] if programs else Path(_found("postgres", "postgresql"))
        data = self.folder / "data"
        user = "postgres" if os.geteuid() == 0 else None
        self.folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            shutil.chown(self.folder, user)
        if not (data / "PG_VERSION").exists():
            subprocess.run(  # noqa: S603 - our own command
                [program.with_name("initdb"), "-D", data, "-U", "dubbing", "-A", "trust", "-E", "UTF8",
                 "--locale", "C.UTF-8", "--no-sync"],
                user=user,
                check=True,
                capture_output=True,
                cwd=self.folder,
            )  # fmt: skip
        self.server = Server(
            "postgresql",
            [str(program), "-D", str(data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.folder)],
            self.folder,
            {},
            lambda: subprocess.run(  # noqa: S603 - our own command
                [program.with_name("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                check=False,
            ).returncode
            == 0,
            user,
        )  # fmt: skip

    def close(self) -> None:
        """Ends it, and the connections that are still open with it."""
        self.server.stop(signal.SIGINT)


def _answers(port: int) -> bool:
    """Whether a broker says hello: the port is open a while before it does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(8))
    except OSError:
        return False


def _found(program: str, package: str, folder: str = "/usr/sbin") -> str:
    path = shutil.which(program, path=f"{folder}:{os.environ.get('PATH', '')}")
    if path is None:
        raise Rejected(
            program,
            found="no such program",
            expected=f"Debian's package {package}",
            remedy=f"Install it: apt-get install {package}, or `make up`, which does.",
        )
    return path
