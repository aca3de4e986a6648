"""What the API says of what can't be done, and of what is wrong with the service."""

from __future__ import annotations

from pathlib import Path

from api import Api, api, order, problem, release_of
from fastapi import APIRouter
from starlette.testclient import TestClient

from dubbing import __version__
from dubbing.api import create_app
from dubbing.engines.registry import Engines
from dubbing.model.service import Queue, Role
from dubbing.service.desk import Desk
from dubbing.service.releases.roots import Roots
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.executor import Polled
from dubbing.service.work.plans import Plans
from dubbing.store import workers
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database, now_ms


def test_what_can_not_be_ordered_is_refused_at_once(one: Api) -> None:
    client = one.client()
    good = order(release_of(one))
    for wrong in (
        {"release": "/etc"},
        {"release": str(release_of(one)) + "/../../.."},
        {"release": "a\0b"},
        {"languages": []},
        {"languages": ["qq-none"]},
        {"languages": "en"},
        {"profile": "/etc/passwd.toml"},
        {"profile": "nothing"},
        {"episodes": [0]},
        {"episodes": ["1"]},
        {"deliverables": ["dub"]},
        {"deliverables": "dub"},
        {"priority": "soon"},
        {"priority": 9},
        {"review": ["never"]},
        {"webhook": "file:///etc/passwd"},
        {"correlation_id": "x" * 201},
        {"unknown": 1},
    ):
        said = problem(client.post("/v1/jobs", json={**good, **wrong}), 422)
        assert said["remedy"]
        assert said["expected"]
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_every_kind_of_problem_is_a_problem(one: Api) -> None:
    client = one.client()
    problem(one.nobody().get("/v1/me"), 401)
    problem(one.client(Role.VIEWER).post("/v1/tokens", json={"name": "x"}), 403)
    problem(client.get("/v1/nothing"), 404)
    answer = client.put("/v1/me")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"
    problem(client.post("/v1/jobs", content=b"x" * (9 << 20)), 413)
    json_type = {"Content-Type": "application/json"}
    problem(client.post("/v1/jobs", content=b"{", headers=json_type), 422)
    problem(client.post("/v1/jobs", content=b"[" * 100_000, headers=json_type), 400)
    problem(client.post("/v1/jobs", content=b'{"release": "\\ud800"}', headers=json_type), 422)


def test_a_mistake_of_ours_is_told_without_its_trace(tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("secret")

    with api(tmp_path, router) as it:
        answer = it.nobody().get("/broken")
        problem(answer, 500)
        assert "secret" not in answer.text
        assert "ZeroDivision" not in answer.text


def test_a_database_that_is_away_is_a_wait(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with Engines() as engines:
        app = create_app(
            Desk(database, Polled(), Roots()), database, ArtifactStore(tmp_path),
            Plans(engines, tmp_path), ServiceSettings(scratch=tmp_path),
        )  # fmt: skip
        client = TestClient(app, raise_server_exceptions=False)
        answer = client.get("/v1/me", headers={"Authorization": "Bearer dub_x"})
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert "127.0.0.1" not in answer.text
        health = client.get("/v1/health")
        assert health.status_code == 503
        assert client.get("/v1/health/live").status_code == 204
        assert "The database can't be reached." in health.json()["problems"]


def test_health_is_that_jobs_are_done(one: Api) -> None:
    client = one.nobody()

    def beat(*queues: Queue, paused: str = "", ago_ms: int = 0) -> None:
        with one.service.database.transaction() as connection:
            workers.beat(
                connection, "w1", queues, __version__, paused, {}, now_ms() - ago_ms
            )  # fmt: skip

    def told(status: int) -> str:
        answer = client.get("/v1/health")
        assert answer.status_code == status
        assert answer.json()["healthy"] == (status == 200)
        return " ".join(answer.json()["problems"])

    assert "media" in told(503)
    beat(*Queue)
    assert told(200) == ""
    beat(*Queue, paused="The disk is full.")
    assert "1 paused" in told(503)
    beat(Queue.MEDIA, Queue.ASR, Queue.MT)
    assert told(503) == "No worker takes work of the queue tts."
    beat(*Queue, ago_ms=61_000)
    assert "tts" in told(503)
    beat(*Queue)
    one.service.database.downgrade("base")
    assert "revision none" in told(503)
