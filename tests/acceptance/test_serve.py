"""The service as its users start it: `dub serve` alone, with a SQLite file and no broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
from command import Dub, contents

from workers.servers import free_port


def test_a_team_of_three_needs_one_command(dub: Dub, series: Path, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**dub.environment, "DUBBING_SHARED_ROOTS": str(tmp_path)}
    made = subprocess.run(
        dub.command("tokens", "create", "--team", "studio",  "mei", "--role", "editor", "--json"),
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    token = json.loads(made.stdout)["secret"]
    idle = subprocess.run(
        dub.command("health"), env=environment, check=False, capture_output=True, text=True
    )
    assert idle.returncode == 1
    assert "No worker takes work of the queue media." in idle.stdout
    with (tmp_path / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            dub.command("serve", "--port", port), env=environment, stdout=log, stderr=log
        )
    try:
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s:
            try:
                if httpx.get(f"{url}/v1/health").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        remote = {**environment, "DUBBING_API_URL": url, "DUBBING_API_TOKEN": token}
        done = subprocess.run(
            dub.command("jobs", "submit", series, "--to", "en", "--profile", "fake", "--wait", "--json"),
            env=remote, check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        by_service = contents(series / "localized")
        assert asked(dub, environment, "health", "--json")["healthy"]
        asked(dub, environment, "health", "--worker")
        assert "dubbing_jobs" in httpx.get(f"{url}/metrics").text
        # A worker that dies is replaced: the next job is done as well.
        _kill_worker(server.pid)
        done = subprocess.run(
            dub.command("jobs", "submit", series, "--to", "en,fr", "--profile", "fake", "--wait"),
            env=remote, check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=90) == 0
    # The command that works here makes the same of the same, byte for byte.
    Dub(tmp_path / "elsewhere").run(series, "--out", tmp_path / "here", to="en")
    assert contents(tmp_path / "here") == by_service


def asked(dub: Dub, environment: dict[str, str], *words: str) -> Any:
    """What a command of the operator prints, which has to succeed."""
    done = subprocess.run(
        dub.command(*words), env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout or "null")


def _kill_worker(server: int) -> None:
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for task in Path(f"/proc/{server}/task").iterdir():
        children += (task / "children").read_text().split()
    assert children
    for pid in set(children):
        os.kill(int(pid), signal.SIGKILL)
