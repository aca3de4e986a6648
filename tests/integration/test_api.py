"""The API from outside: what goes in, what comes out, who may, and what is said of what can't be done."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from api import Api, api, events, order
from fastapi import APIRouter
from series import make_series
from starlette.testclient import TestClient

from dubbing import __version__
from dubbing.api import create_app
from dubbing.api.auth import NEEDS
from dubbing.engines.registry import Engines
from dubbing.model.service import Queue, Role
from dubbing.service.desk import Desk
from dubbing.service.executor import Polled
from dubbing.service.plans import Plans
from dubbing.service.settings import ServiceSettings
from dubbing.store import workers
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database, now_ms

NO_JOB = "0" * 32


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    return make_series(tmp_path_factory.mktemp("pristine") / "fated", make_video)


@pytest.fixture(scope="module")
def localized_once(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a release, a database that knows a completed job, and its artifacts."""
    folder = tmp_path_factory.mktemp("once")
    shutil.copytree(pristine, folder / "fated")
    return folder


@pytest.fixture
def one(tmp_path: Path, pristine: Path) -> Iterator[Api]:
    """An API with a release to order, and nothing made yet."""
    shutil.copytree(pristine, tmp_path / "fated")
    with api(tmp_path) as it:
        yield it


@pytest.fixture(scope="module")
def done(localized_once: Path) -> Iterator[tuple[Api, str]]:
    """An API with a job that has completed, for tests that change nothing of it; and the job's id."""
    with api(localized_once) as it:
        answer = it.client().post("/v1/jobs", json=order(localized_once / "fated", "en", "es-419"))
        it.service.work()
        yield it, answer.json()["id"]


def release_of(it: Api) -> Path:
    return Path(it.service.roots[0]) / "fated"


def submitted(it: Api, client: TestClient, *languages: str, **values: Any) -> str:
    answer = client.post("/v1/jobs", json=order(release_of(it), *languages, **values))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """What an answer says is wrong."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = dict(answer.json())
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert "Traceback" not in answer.text
    return said


def test_a_release_goes_in_and_comes_out(one: Api) -> None:
    client = one.client(Role.EDITOR)
    answer = client.post("/v1/jobs", json=order(release_of(one), correlation_id="c-1"))
    assert answer.status_code == 201
    job = answer.json()
    assert job["status"] == "accepted"
    assert job["order"]["correlation_id"] == "c-1"
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    problem(client.get(f"/v1/jobs/{job['id']}/outputs"), 409)

    one.service.work()

    found = client.get(answer.headers["location"]).json()
    assert found["status"] == "completed"
    assert found["episodes"] == {"running": 0, "localized": 2, "failed": 0}
    assert found["progress"]["done"] > 10
    assert found["waits_for"] == []
    manifest = client.get(f"/v1/jobs/{job['id']}/outputs")
    assert hashlib.sha256(manifest.content).hexdigest() == found["manifest_sha256"]
    for file in manifest.json()["files"]:
        fetched = client.get(f"/v1/jobs/{job['id']}/outputs/{file['path']}")
        assert hashlib.sha256(fetched.content).hexdigest() == file["sha256"]
        assert fetched.headers["content-length"] == str(file["bytes"])
        assert fetched.headers["etag"] == f'"{file["sha256"]}"'
        kind = fetched.headers["content-type"].partition(";")[0]
        assert kind.partition("/")[0] in ("video", "audio", "text", "application")
        if file["path"].endswith(".mp4"):
            assert kind == "video/mp4"


@pytest.mark.parametrize(
    "path",
    ["manifest.json", "../release.json", "..%2frelease.json", "%2e%2e/release.json", "/etc/passwd"],
)
def test_what_the_manifest_does_not_name_is_not_given_out(done: tuple[Api, str], path: str) -> None:
    it, job = done
    problem(it.client().get(f"/v1/jobs/{job}/outputs/{path}"), 404)


def test_the_same_key_is_the_same_job(one: Api) -> None:
    client = one.client()
    body = order(release_of(one))
    first = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    again = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = order(release_of(one), "es-419")
    problem(client.post("/v1/jobs", json=other, headers={"Idempotency-Key": "k"}), 409)
    elsewhere = one.client(team="other").post(
        "/v1/jobs", json=body, headers={"Idempotency-Key": "k"}
    )
    assert elsewhere.status_code == 201
    assert elsewhere.json()["id"] != first.json()["id"]


def test_jobs_are_listed_page_by_page(one: Api) -> None:
    client = one.client()
    ids = [submitted(one, client) for _ in range(5)]
    client.post(f"/v1/jobs/{ids[0]}/cancel")
    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/v1/jobs", params={"limit": "2", **after}).json()
        pages.append([job["id"] for job in page["jobs"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(id_ for page in pages for id_ in page) == sorted(ids)
    cancelled = client.get("/v1/jobs", params={"status": "cancelled"}).json()["jobs"]
    assert [job["id"] for job in cancelled] == [ids[0]]
    problem(client.get("/v1/jobs", params={"after": NO_JOB}), 404)
    problem(client.get("/v1/jobs", params={"limit": "0"}), 422)


# Something to send to each route that takes something.
BODIES: dict[str, Any] = {
    "POST /v1/jobs": {"release": "/nowhere", "languages": ["en"], "profile": "fake"},
    "POST /v1/jobs/{job}/retry": {},
    "POST /v1/jobs/{job}/approve": {"gate": "script"},
    "PUT /v1/jobs/{job}/priority": {"priority": "urgent"},
    "PUT /v1/jobs/{job}/episodes/{episode}/lines/{line}": {"source": "x"},
    "PUT /v1/jobs/{job}/cast": {"characters": {"c1": {"name": "x"}}},
    "PUT /v1/jobs/{job}/glossary": {"terms": []},
    "POST /v1/tokens": {"name": "x", "role": "viewer"},
}
OPEN = {("GET", "/v1/health"), ("GET", "/v1/health/live")}


def ask(client: TestClient, method: str, path: str, job: str = NO_JOB) -> httpx.Response:
    """Asks for anything there is, with a good body where one is needed."""
    values = {"job": job, "episode": 1, "line": 1, "path": "ep01/ep01.mp4", "release": "other"}
    url = path.format(**values, name="a.mp4", token="0" * 16)
    body = BODIES.get(f"{method} {path}")
    return client.request(method, url, **({} if body is None else {"json": body}))


def test_every_route_says_whom_it_needs(done: tuple[Api, str]) -> None:
    it, _ = done
    documented = {f"{m} {p}" for m, p in it.operations() if (m, p) not in OPEN}
    assert documented == {route.replace(":path", "") for route in NEEDS}


def test_no_route_answers_nobody(done: tuple[Api, str]) -> None:
    it, job = done
    for method, path in it.operations():
        for client in (it.nobody(), it.nobody()):
            answer = ask(client, method, path, job)
            if (method, path) in OPEN:
                assert answer.status_code in (200, 204, 503)
                continue
            problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            client.headers["Authorization"] = "Bearer dub_" + "x" * 43


def test_every_route_needs_its_role(done: tuple[Api, str]) -> None:
    it, _ = done
    clients = {role: it.client(role) for role in Role}
    for method, path in it.operations():
        if (method, path) in OPEN:
            continue
        if path.startswith(("/v1/tokens", "/v1/audit", "/v1/webhook")):
            needed = Role.ADMIN
        else:
            needed = Role.VIEWER if method == "GET" else Role.EDITOR
        for role, client in clients.items():
            answer = ask(client, method, path)
            if role.may(needed):
                assert answer.status_code not in (401, 403, 500), (method, path, answer.text)
            else:
                said = problem(answer, 403)
                assert said["expected"] == f"the role {needed}"


def test_every_route_knows_one_team_from_another(done: tuple[Api, str]) -> None:
    it, job = done
    before = it.client().get(f"/v1/jobs/{job}").json()
    stranger = it.client(team="other")
    for method, path in it.operations():
        if "{job}" in path:
            problem(ask(stranger, method, path, job), 404)
    assert it.client().get(f"/v1/jobs/{job}").json() == before
    assert stranger.get("/v1/jobs").json() == {"jobs": [], "next": None}
    problem(stranger.get("/v1/jobs", params={"after": job}), 404)
    ours = {token["id"] for token in it.client().get("/v1/tokens").json()["tokens"]}
    theirs = {token["id"] for token in stranger.get("/v1/tokens").json()["tokens"]}
    assert ours
    assert not ours & theirs
    problem(stranger.delete(f"/v1/tokens/{min(ours)}"), 404)
    audited = stranger.get("/v1/audit").json()["entries"]
    assert {entry["action"] for entry in audited} == {"token.create"}
    assert it.client().get("/v1/uploads/fated").status_code == 404


def test_lines_tell_what_is_made_of_them(done: tuple[Api, str]) -> None:
    it, job = done
    found = it.client(Role.VIEWER).get(
        f"/v1/jobs/{job}/episodes/1/lines", params={"language": "es-419"}
    )
    lines = found.json()
    assert lines["made"] == {"transcript": True, "translation": True, "dub": True}
    assert [line["number"] for line in lines["lines"]] == [1, 2, 3, 4]
    for line in lines["lines"]:
        assert line["source"]
        assert line["text"]
        assert line["voice"]
        assert line["character"].startswith("c")
        assert line["fit"]
    first = it.client().get(f"/v1/jobs/{job}/episodes/1/lines").json()
    assert first["language"] == "en"
    problem(it.client().get(f"/v1/jobs/{job}/episodes/9/lines"), 404)
    said = problem(it.client().get(f"/v1/jobs/{job}/episodes/1/lines?language=fr"), 422)
    assert said["expected"] == "one of en, es-419"


def test_lines_can_be_read_and_are_refused_before_they_are_made(one: Api) -> None:
    client = one.client()
    job = submitted(one, client)
    problem(client.get(f"/v1/jobs/{job}/episodes/1/lines"), 409)  # no plan yet
    one.service.work(most=1)
    lines = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()
    assert lines["made"] == {"transcript": False, "translation": False, "dub": False}
    assert lines["lines"] == []
    said = client.put(f"/v1/jobs/{job}/episodes/1/lines/1", json={"source": "x"})
    assert "transcript" in problem(said, 409)["found"]


# The stages that a translated line goes through.
OF_A_LINE = ("translate", "caption", "synthesize", "mix")


def test_only_what_follows_from_a_correction_is_redone(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client, "en", "es-419")
    one.service.work()
    before = client.get(f"/v1/jobs/{job}/tasks", params={"limit": 500}).json()["tasks"]
    path = f"/v1/jobs/{job}/episodes/1/lines/2"

    answer = client.put(path, json={"translations": {"en": "You came back."}})
    assert answer.status_code == 200
    assert answer.json()["status"] == "running"
    one.service.work()

    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"
    after = client.get(
        f"/v1/jobs/{job}/tasks", params={"limit": 500, "after": before[-1]["id"]}
    ).json()["tasks"]
    redone = {(t["stage"], t["episode"], t["language"]) for t in after}
    stages = {(stage, 1, "en") for stage in ("memory", *OF_A_LINE)} | {("mux", 1, None)}
    # The other episode looks whether it has the same line, and comes out as it was.
    looked = {(stage, 2, "en") for stage in OF_A_LINE} | {("mux", 2, None)}
    assert redone == stages | looked | {("plan", None, None), ("publish", None, None)}
    lines = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()["lines"]
    assert lines[1]["text"] == "You came back."
    subtitles = client.get(f"/v1/jobs/{job}/outputs/ep01/en/ep01.en.srt").text
    assert "You came back." in subtitles

    file = release_of(one) / "corrections.toml"
    written = file.read_bytes()
    for url, body in (
        (f"/v1/jobs/{job}/episodes/1/lines/99", {"source": "x"}),
        (path, {"speaker": "s9"}),
        (path, {"translations": {"fr": "x"}}),
        (path, {}),
        (path, {"translation": {"en": "x"}}),
        (path, {"source": "a\0b"}),
    ):
        problem(client.put(url, json=body), 422)
    assert file.read_bytes() == written
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_the_cast_is_seen_and_decided(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)
    one.service.work()
    cast = client.get(f"/v1/jobs/{job}/cast").json()
    assert [one["character"] for one in cast["characters"]] == ["c1", "c2", "c3"]
    assert cast["characters"][0]["episodes"] == [1, 2]
    before = cast["characters"][0]["voices"]["en"]
    assert before["decided"] is False
    other = next(v["name"] for v in cast["choices"]["en"] if v["name"] != before["voice"])

    for body in (
        {"c1": {"voices": {"en": "nobody"}}},
        {"c1": {"voices": {"fr": other}}},
        {"c77": {"name": "x"}},
        {"../c1": {"name": "x"}},
    ):
        problem(client.put(f"/v1/jobs/{job}/cast", json={"characters": body}), 422)
    assert not (release_of(one) / "cast.toml").exists()

    body = {"characters": {"c1": {"name": "Shen Qing", "voices": {"en": other}}}}
    assert client.put(f"/v1/jobs/{job}/cast", json=body).status_code == 200
    one.service.work()
    cast = client.get(f"/v1/jobs/{job}/cast").json()
    assert cast["characters"][0]["name"] == "Shen Qing"
    assert cast["characters"][0]["voices"]["en"] == {"voice": other, "decided": True}
    line = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()["lines"][0]
    assert (line["label"], line["voice"]) == ("Shen Qing", other)


def test_the_glossary_is_read_and_replaced(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)
    file = release_of(one) / "glossary.csv"
    written = file.read_bytes()
    path = f"/v1/jobs/{job}/glossary"
    assert client.get(path).json()["terms"][0]["target"] == "Thou"
    assert client.get(path, params={"form": "csv"}).content == written

    for body in (
        {"csv": "source,target\n"},
        {"csv": 'source,language,target,note\n"' + "x" * 200_000 + '",en,x,\n'},
        {"terms": [{"source": "你", "language": "en"}]},
        {"terms": [], "csv": ""},
        {},
    ):
        problem(client.put(path, json=body), 422)
    assert file.read_bytes() == written
    assert sorted(p.name for p in file.parent.iterdir()) == [
        "a.mp4", "b.mp4", "glossary.csv", "release.json",
    ]  # fmt: skip

    terms = [{"source": '沈,"清', "language": "en", "target": "Shen Qing", "note": "she"}]
    assert client.put(path, json={"terms": terms}).status_code == 200
    assert client.get(path).json()["terms"] == terms
    text = "source,language,target\n沈清,en,Shen\n"
    assert client.put(path, json={"csv": text}).status_code == 200
    assert file.read_text("utf-8") == text
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_waits_for_people_and_shows_it(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client, review=["translation", "release"])
    one.service.work()
    found = client.get(f"/v1/jobs/{job}").json()
    assert found["waits_for"] == [{"gate": "translation", "episodes": [1, 2]}]
    approve = f"/v1/jobs/{job}/approve"
    problem(client.post(approve, json={"gate": "script"}), 409)
    assert client.post(approve, json={"gate": "translation"}).status_code == 200
    one.service.work()
    found = client.get(f"/v1/jobs/{job}").json()
    assert found["waits_for"] == [{"gate": "release", "episodes": []}]
    assert client.post(approve, json={"gate": "release"}).status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_is_paused_hurried_resumed_and_cancelled(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)

    def told(verb: str) -> str:
        answer = client.post(f"/v1/jobs/{job}/{verb}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    assert told("pause") == "paused"
    assert told("pause") == "paused"
    assert one.service.work() == 0
    answer = client.put(f"/v1/jobs/{job}/priority", json={"priority": "urgent"})
    assert answer.json()["order"]["priority"] == "urgent"
    assert told("resume") == "running"
    one.service.work(most=3)
    assert told("cancel") == "cancelled"
    problem(client.post(f"/v1/jobs/{job}/resume"), 409)
    problem(client.post(f"/v1/jobs/{job}/retry"), 409)


def test_what_failed_is_tried_again(one: Api) -> None:
    client = one.client(Role.EDITOR)
    video = release_of(one) / "b.mp4"
    content = video.read_bytes()
    video.write_bytes(b"no video")
    job = submitted(one, client)
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "incomplete"
    second = client.get(f"/v1/jobs/{job}/episodes").json()["episodes"][1]
    assert second["status"] == "failed"
    assert "text" in second["reason"]
    video.write_bytes(content)
    problem(client.post(f"/v1/jobs/{job}/retry", json={"episodes": [1]}), 409)
    assert client.post(f"/v1/jobs/{job}/retry", json={"episodes": [2]}).status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_is_watched_until_it_has_ended(one: Api) -> None:
    client = one.client(Role.VIEWER)
    job = submitted(one, one.client())
    worker = threading.Thread(target=one.service.work)
    worker.start()
    answer = client.get(f"/v1/jobs/{job}/events")
    worker.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    kinds = [kind for kind, _, _ in told]
    assert kinds[-1] == "job"
    assert told[-1][1]["status"] == "completed"
    localized = [d["number"] for k, d, _ in told if k == "episode" and d["status"] == "localized"]
    assert sorted(localized) == [1, 2]

    # Who comes back knowing all is told nothing; who knows less is told all.
    mark = told[-1][2]
    again = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": mark})
    assert again.status_code == 204
    late = events(client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "old"}).text)
    assert [kind for kind, _, _ in late] == ["episode", "episode", "job"]
    problem(client.get(f"/v1/jobs/{NO_JOB}/events"), 404)


def test_a_release_is_uploaded_and_ordered(one: Api, pristine: Path) -> None:
    client = one.client(Role.EDITOR)
    files = ["a.mp4", "b.mp4", "glossary.csv", "release.json"]
    for name in files:
        answer = client.put(f"/v1/uploads/mine/{name}", content=(pristine / name).read_bytes())
        assert answer.status_code == 200, answer.text
        assert answer.json()["complete"] == (name == "release.json")
    arrived = client.get("/v1/uploads/mine").json()
    assert [file["name"] for file in arrived["files"]] == files
    answer = client.post("/v1/jobs", json=order(Path(arrived["release"])))
    assert answer.status_code == 201
    busy = client.put("/v1/uploads/mine/a.mp4", content=(pristine / "a.mp4").read_bytes())
    problem(busy, 409)
    one.service.work()
    assert client.get(answer.headers["location"]).json()["status"] == "completed"
    # Another team has another place for a release of the same name.
    problem(one.client(team="other").get("/v1/uploads/mine"), 404)
    subjects = [entry["subject"] for entry in one.client().get("/v1/audit").json()["entries"]]
    assert {f"mine/{name}" for name in files} <= set(subjects)


def test_a_release_may_be_uploaded_to_a_storage(one: Api, pristine: Path) -> None:
    parts = one.app.state.parts
    one.app.state.parts = replace(parts, desk=replace(parts.desk, release_roots=("memory://r",)))
    client = one.client(Role.EDITOR)
    for name in ("a.mp4", "b.mp4", "glossary.csv", "release.json"):
        answer = client.put(f"/v1/uploads/mine/{name}", content=(pristine / name).read_bytes())
    assert answer.json()["release"] == "memory://r/studio/mine"
    assert answer.json()["complete"]
    body = {"release": "memory://r/studio/mine", "languages": ["en"], "profile": "fake"}
    job = client.post("/v1/jobs", json={**body, "deliverables": ["subtitles"]}).json()["id"]
    one.service.work()
    said = client.put(
        f"/v1/jobs/{job}/episodes/2/lines/1", json={"translations": {"en": "You came back."}}
    )
    assert said.status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"
    files = client.get(f"/v1/jobs/{job}/outputs").json()["files"]
    (path,) = (file["path"] for file in files if file["path"].endswith("ep02.en.srt"))
    assert "You came back." in client.get(f"/v1/jobs/{job}/outputs/{path}").text


@pytest.mark.parametrize(
    "name",
    ["a.exe", ".a.mp4", "manifest.json", "a%00.mp4", "a%0a.mp4", "a%5cb.mp4", "x" * 300 + ".mp4",
     "a.mp4.sh", "%2e%2e.mp4", "corrections"],
)  # fmt: skip
def test_hostile_names_are_refused(one: Api, name: str) -> None:
    problem(one.client().put(f"/v1/uploads/mine/{name}", content=b"x"), 422)
    assert not (Path(one.service.roots[0]) / "studio" / "mine").exists()


@pytest.mark.parametrize(
    "path", ["..%2f..%2fa.mp4", "../../a.mp4", "mine/..%2fa.mp4", "mine/x/a.mp4"]
)
def test_names_that_are_paths_lead_nowhere(one: Api, path: str) -> None:
    problem(one.client().put(f"/v1/uploads/{path}", content=b"x"), 404)


def test_what_is_not_what_its_name_says_is_not_kept(one: Api, pristine: Path) -> None:
    client = one.client()
    folder = Path(one.service.roots[0]) / "studio" / "mine"

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * (1 << 20)

    assert "text" in problem(client.put("/v1/uploads/mine/a.mp4", content=b"words"), 422)["found"]
    assert problem(client.put("/v1/uploads/mine/a.mp4", content=b""), 422)["where"] == "a.mp4"
    problem(client.put("/v1/uploads/mine/a.mp4", content=b"x" * (3 << 20)), 413)
    problem(client.put("/v1/uploads/mine/a.mp4", content=pieces()), 413)
    problem(client.put("/v1/uploads/mine/release.json", content=b"{}"), 422)
    problem(client.put("/v1/uploads/mine/release.json", content=b'{"schema": 2}'), 422)
    problem(client.put("/v1/uploads/mine/glossary.csv", content=b"\xff"), 422)
    problem(client.put("/v1/uploads/mine/cast.toml", content=b"= x"), 422)
    assert not folder.exists()
    # A file that is refused leaves what was there before.
    content = (pristine / "a.mp4").read_bytes()
    assert client.put("/v1/uploads/mine/a.mp4", content=content).status_code == 200
    problem(client.put("/v1/uploads/mine/a.mp4", content=content[: len(content) // 2]), 422)
    assert [file.name for file in folder.iterdir()] == ["a.mp4"]
    assert (folder / "a.mp4").read_bytes() == content
    # What release.json names must lie in the release.
    out = json.loads((pristine / "release.json").read_text())
    out["episodes"][0]["video"] = "../../fated/a.mp4"
    arrived = client.put("/v1/uploads/mine/release.json", content=json.dumps(out))
    assert not arrived.json()["complete"]
    assert "inside the release" in arrived.json()["problem"]


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
            Desk(database, Polled(), ()), database, ArtifactStore(tmp_path),
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


def test_tokens_are_made_shown_once_and_revoked(one: Api) -> None:
    admin = one.client()
    made = admin.post("/v1/tokens", json={"name": "Bo", "role": "editor"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    bo = one.nobody()
    me = bo.get("/v1/me", headers=headers).json()
    assert (me["name"], me["team"], me["role"]) == ("Bo", "studio", "editor")
    assert secret not in admin.get("/v1/tokens").text
    kept = b"".join(p.read_bytes() for p in Path(one.service.roots[0]).glob("service.db*"))
    assert secret.encode() not in kept
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in kept
    assert admin.delete(f"/v1/tokens/{made.json()['id']}").status_code == 204
    problem(bo.get("/v1/me", headers=headers), 401)
    own = admin.get("/v1/me").json()["token"]
    problem(admin.delete(f"/v1/tokens/{own}"), 409)
    problem(admin.post("/v1/tokens", json={"name": "", "role": "editor"}), 422)
    problem(admin.post("/v1/tokens", json={"name": "x", "role": "king"}), 422)


def test_the_audit_log_tells_who_changed_what(one: Api) -> None:
    admin = one.client()
    job = submitted(one, admin)
    admin.post(f"/v1/jobs/{job}/pause")
    made = admin.post("/v1/tokens", json={"name": "Bo"}).json()
    admin.delete(f"/v1/tokens/{made['id']}")
    entries: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        page = admin.get("/v1/audit", params={"limit": 2, **after}).json()
        entries += page["entries"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [entry["action"] for entry in entries] == [
        "token.revoke", "token.create", "pause", "submit", "token.create",
    ]  # fmt: skip
    assert all(entry["actor"].startswith("Mei (") for entry in entries[:-1])
    of_job = admin.get("/v1/audit", params={"subject": job}).json()["entries"]
    assert [entry["action"] for entry in of_job] == ["pause", "submit"]
