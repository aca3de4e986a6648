"""Who may do what with the API, and what is noted of it."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
from api import NO_JOB, Api, problem, submitted
from starlette.testclient import TestClient

from dubbing.api.auth import NEEDS
from dubbing.model.service import Role

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
    kept = b"".join(p.read_bytes() for p in one.service.folder.glob("service.db*"))
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
