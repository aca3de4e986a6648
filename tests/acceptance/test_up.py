"""`make up` as an operator has it: RabbitMQ, PostgreSQL and all processes, watched, used and ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from metrics import scraped

from workers.servers import free_port

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Up:
    """A service that is running."""

    home: Path
    releases: Path
    port: int
    environment: dict[str, str]

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    @property
    def token(self) -> str:
        return str(json.loads((self.home / "running.json").read_text())["token"])

    def dub(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dubbing", *words],
            env=self.environment, check=False, capture_output=True, text=True, timeout=240,
        )  # fmt: skip


def control(home: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "workers.up", "--home", str(home), *arguments],
        env=environment, check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    # PostgreSQL runs as a user of its own, to whom the folders of tests are closed.
    folder = Path(tempfile.mkdtemp(prefix="dubbing-up-"))
    folder.chmod(0o755)
    port = free_port()
    environment = {**os.environ, "DUBBING_CACHE": str(folder / "cache"), "USER": "operator"}
    releases = folder / "releases"
    try:
        control(folder / "home", environment, "--releases", str(releases), "--port", str(port))
        ports = json.loads((folder / "home" / "running.json").read_text())["ports"]
        database = f"postgresql+psycopg://dubbing@127.0.0.1:{ports['postgresql']}/postgres"
        yield Up(folder / "home", releases, port, {**environment, "DUBBING_DATABASE_URL": database})
    finally:
        said = control(folder / "home", environment, "--down")
        shutil.rmtree(folder, ignore_errors=True)
        assert "6 processes ended" in said


def test_it_is_healthy_works_and_can_be_watched(up: Up, series: Path) -> None:
    health = up.dub("health", "--json")
    assert health.returncode == 0, health.stdout + health.stderr
    assert json.loads(health.stdout)["problems"] == []
    with up.client(up.token) as client:
        before = scraped(client.get("/metrics").text)
        assert before["dubbing_jobs", "completed"] == 0
        assert before["dubbing_workers", "tts"] >= 1
        shutil.copytree(series, up.releases / "studio" / "fated")
        remote = {
            "DUBBING_API_URL": f"http://127.0.0.1:{up.port}", "DUBBING_API_TOKEN": up.token
        }  # fmt: skip
        one = Up(up.home, up.releases, up.port, {**up.environment, **remote})
        release = str(up.releases / "studio" / "fated")
        done = one.dub("jobs", "submit", release, "--to", "en", "--profile", "fake", "--wait")
        assert done.returncode == 0, done.stdout + done.stderr
        answer = client.get("/metrics")
        assert answer.status_code == 200
        after = scraped(answer.text)
    assert after["dubbing_jobs", "completed"] == 1
    assert after["dubbing_stage_done", "mux"] == 2
    assert after["dubbing_stage_seconds", "mux"] > 0
    assert after["dubbing_real_time_factor",] > 0
    assert after["dubbing_queue_tasks", "media"] == 0
    assert sum(key[0] == "dubbing_engine_loads" for key in after) >= 3


def test_a_second_team_can_neither_read_nor_publish_over_the_first(up: Up, pristine: Path) -> None:
    made = up.dub("tokens", "create", "Bo", "--team", "rival", "--role", "admin", "--json")
    assert made.returncode == 0, made.stderr
    with up.client(up.token) as studio, up.client(json.loads(made.stdout)["secret"]) as rival:
        for name in ("a.mp4", "b.mp4", "glossary.csv", "release.json"):
            content = (pristine / name).read_bytes()
            assert studio.put(f"/v1/uploads/mine/{name}", content=content).status_code == 200
        release = studio.get("/v1/uploads/mine").json()["release"]
        assert release == str(up.releases / "studio" / "mine")
        body = {"release": release, "languages": ["en"], "profile": "fake", "replace": True}
        refused = rival.post("/v1/jobs", json=body)
        assert (refused.status_code, refused.json()["found"]) == (422, release)
        out = {**body, "release": str(up.releases / "rival" / "x"), "out": f"{release}/localized"}
        assert rival.post("/v1/jobs", json=out).status_code == 422
        assert rival.get("/v1/uploads/mine").status_code == 404
        assert rival.get("/v1/jobs").json()["jobs"] == []
