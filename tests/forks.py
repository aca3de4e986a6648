"""Runs the command in forks of a process that has imported it, since imports take most of a short run.

Each run is a process of its own, with its own arguments, environment, folder, output and exit status, as if
started by a shell. Only what Python has read beforehand differs: modules, and none of what they cache.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

# What the command imports on its way, when it comes to it.
IMPORTED = (
    "dubbing.cli.jobs",
    "dubbing.cli.main",
    "dubbing.cli.service",
    "dubbing.cli.tokens",
    "jieba.posseg",
    "num2words",
    "opencc",
    "pyloudnorm",
    "pypinyin",
    "rich.progress",
    "scipy.optimize",
    "scipy.signal",
)


def run(
    arguments: list[str], environment: Mapping[str, str], folder: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Runs `dub` and returns what came of it. Raises `subprocess.TimeoutExpired`, as `subprocess.run` does."""
    with TemporaryDirectory(prefix="dub-") as said:
        wish = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
            "said": said,
            "timeout_s": timeout_s,
        }
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(wish) + "\n")
        server.stdin.flush()
        status = json.loads(server.stdout.readline())
        out, err = (Path(said, name).read_text("utf-8") for name in ("out", "err"))
    if status is None:
        raise subprocess.TimeoutExpired(arguments, timeout_s, out, err)
    return subprocess.CompletedProcess(["dub", *arguments], status, out, err)


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.communicate)  # closes what it reads, and so ends it
    return server


def serve(wishes: IO[str], answers: IO[str]) -> None:
    """Answers each wish, one a line, with the exit status of its run, or null if it took too long."""
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["jieba"].setLogLevel("WARNING")
    sys.modules["jieba"].initialize()  # else its dictionary is built anew in each test's own cache
    for line in wishes:
        wish = json.loads(line)
        child = os.fork()
        if child == 0:
            _be_the_command(wish)
        answers.write(json.dumps(_status(child, wish["timeout_s"])) + "\n")
        answers.flush()


def _be_the_command(wish: dict[str, Any]) -> None:
    """Turns this process into a run of the command. Never returns."""
    said = Path(wish["said"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(said / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(wish["environment"])
    os.chdir(wish["folder"])
    sys.argv = ["dub", *wish["arguments"]]
    status = 1
    try:
        sys.modules["dubbing.cli.main"].main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _end(status)


def _end(status: int) -> None:
    """Runs what the modules have left for the end, then ends."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    os._exit(status)


def _status(child: int, timeout_s: float) -> int | None:
    ended = os.pidfd_open(child)
    in_time = select.select([ended], [], [], timeout_s)[0]
    os.close(ended)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if in_time else None


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # no terminal, whatever the tests are run in
    serve(sys.stdin, answers)
