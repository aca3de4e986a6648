"""Every route of the API, answering well, on both databases. A route that is not asked here fails the suite."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from api import Api, api, order, release_of
from metrics import scraped
from starlette.testclient import TestClient

from dubbing import __version__
from dubbing.api.metrics import metrics_router
from dubbing.model.service import Queue
from dubbing.service.news.webhooks import Webhooks
from dubbing.store import workers
from dubbing.store.database import Database, now_ms


@dataclass
class Asker:
    """Asks routes, and remembers which."""

    client: TestClient
    asked: set[tuple[str, str]] = field(default_factory=set)
    known: dict[str, object] = field(default_factory=dict)

    def __call__(self, method: str, path: str, status: int = 200, **request: Any) -> httpx.Response:
        self.asked.add((method, path))
        url = path.replace(":path", "").format(**self.known)
        answer = self.client.request(method, url, **request)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer


def test_every_route_answers_on_both_databases(url: str, tmp_path: Path, pristine: Path) -> None:
    shutil.copytree(pristine, tmp_path / "fated")
    database = Database(url)
    hooks = Webhooks("secret", ("hooks.internal",))
    with api(tmp_path, metrics_router(database), url=url, webhooks=hooks) as it:
        ask = Asker(it.client())
        _ask_what_needs_no_job(ask, it)
        _ask_of_a_job(ask, it)
        _ask_what_people_decide(ask, it)
        _upload(ask, pristine)
        # Whether an operator's HEAD of a page that reads the documentation is answered is Starlette's.
        assert it.routes() - ask.asked == {
            ("HEAD", path) for path in ("/docs", "/docs/oauth2-redirect", "/v1/openapi.json")
        }
    database.close()


def _ask_what_needs_no_job(ask: Asker, it: Api) -> None:
    for path in ("/docs", "/docs/oauth2-redirect", "/v1/openapi.json"):
        ask("GET", path)
    ask("GET", "/v1/health", 503)
    with it.service.database.transaction() as connection:
        workers.beat(connection, "w:1", list(Queue), __version__, "", {}, now_ms())
    ask("GET", "/v1/health")
    ask("GET", "/v1/health/live", 204)
    assert ask("GET", "/v1/me").json()["team"] == "studio"
    ask("GET", "/v1/webhook-secret")
    made = ask("POST", "/v1/tokens", 201, json={"name": "Bo", "role": "editor"}).json()
    assert len(ask("GET", "/v1/tokens").json()["tokens"]) == 2
    ask.known["token"] = made["id"]
    ask("DELETE", "/v1/tokens/{token}", 204)
    assert len(ask("GET", "/v1/audit").json()["entries"]) == 3
    empty = scraped(ask("GET", "/metrics").text)
    assert empty["dubbing_jobs", "accepted"] == 0


def _ask_of_a_job(ask: Asker, it: Api) -> None:
    video = release_of(it) / "b.mp4"
    content = video.read_bytes()
    video.write_text("no video")
    body = order(release_of(it), "en", "es-419", review=["translation"])
    job = ask("POST", "/v1/jobs", 201, json=body).json()["id"]
    ask.known |= {"job": job, "episode": 1, "line": 1}
    assert [one["id"] for one in ask("GET", "/v1/jobs").json()["jobs"]] == [job]
    ask("POST", "/v1/jobs/{job}/pause")
    ask("POST", "/v1/jobs/{job}/resume")
    ask("PUT", "/v1/jobs/{job}/priority", json={"priority": "urgent"})
    it.service.work()
    assert ask("GET", "/v1/jobs/{job}").json()["waits_for"]
    assert ask("POST", "/v1/jobs/{job}/approve", json={"gate": "translation"}).json()
    it.service.work()
    assert ask("GET", "/v1/jobs/{job}").json()["status"] == "incomplete"
    failed = scraped(ask("GET", "/metrics").text)
    assert failed["dubbing_task_failures", "yes", "rejected"] >= 1
    assert failed["dubbing_jobs", "incomplete"] == 1
    assert failed["dubbing_real_time_factor",] > 0
    assert failed["dubbing_stage_done", "probe"] >= 1
    video.write_bytes(content)
    ask("POST", "/v1/jobs/{job}/retry", json={"episodes": [2]})
    it.service.work()
    ask("POST", "/v1/jobs/{job}/approve", json={"gate": "translation"})
    it.service.work()
    states = ask("GET", "/v1/jobs/{job}/episodes").json()["episodes"]
    assert [one["status"] for one in states] == ["localized", "localized"]
    assert ask("GET", "/v1/jobs/{job}/tasks").json()["tasks"]
    assert "event: job" in ask("GET", "/v1/jobs/{job}/events").text
    ask.known["path"] = ask("GET", "/v1/jobs/{job}/outputs").json()["files"][0]["path"]
    assert ask("GET", "/v1/jobs/{job}/outputs/{path:path}").content
    for path in ("/v1/jobs/{job}/outputs", "/v1/jobs/{job}/outputs/{path:path}"):
        ask("HEAD", path)


def _ask_what_people_decide(ask: Asker, it: Api) -> None:
    lines = "/v1/jobs/{job}/episodes/{episode}/lines"
    assert ask("GET", lines).json()["lines"]
    ask("PUT", lines + "/{line}", json={"translations": {"en": "You came back."}})
    ask("GET", "/v1/jobs/{job}/cast")
    ask("PUT", "/v1/jobs/{job}/cast", json={"characters": {"c1": {"name": "Shen"}}})
    terms = ask("GET", "/v1/jobs/{job}/glossary").json()["terms"]
    ask("PUT", "/v1/jobs/{job}/glossary", json={"terms": terms})
    it.service.work()
    ask("POST", "/v1/jobs/{job}/retry", 409)
    ask.known["job"] = ask("POST", "/v1/jobs", 201, json=order(release_of(it))).json()["id"]
    ask("POST", "/v1/jobs/{job}/cancel")


def _upload(ask: Asker, pristine: Path) -> None:
    ask.known |= {"release": "mine", "name": "a.mp4"}
    content = (pristine / "a.mp4").read_bytes()
    ask("PUT", "/v1/uploads/{release}/{name}", content=content)
    assert ask("GET", "/v1/uploads/{release}").json()["files"][0]["bytes"] == len(content)
