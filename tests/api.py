"""The API over a service in one process, with fake engines, and somebody of each role to ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from service import Service, service
from starlette.testclient import TestClient

from dubbing.api import create_app
from dubbing.api.guesses import Guesses
from dubbing.model.service import Role
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.plans import Plans
from dubbing.store import access
from dubbing.store.database import now_ms

NO_JOB = "0" * 32


@dataclass(frozen=True)
class Api:
    service: Service
    app: FastAPI

    def token(self, role: Role = Role.ADMIN, team: str = "studio") -> str:
        with self.service.database.transaction() as connection:
            _, secret = access.create_token(connection, "Mei", team, role, "test", now_ms())
        return secret

    def client(self, role: Role = Role.ADMIN, team: str = "studio") -> TestClient:
        headers = {"Authorization": f"Bearer {self.token(role, team)}"}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def nobody(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False)

    def routes(self) -> set[tuple[str, str]]:
        """(method, path) of all that is answered, documented or not."""
        return {
            (method, str(route.path))
            for route in iter_route_contexts(self.app.routes)
            for method in route.methods or ()
        }

    def operations(self) -> list[tuple[str, str]]:
        """(method, path) of all there is."""
        return [
            (method.upper(), path)
            for path, operations in self.app.openapi()["paths"].items()
            for method in operations
        ]


@contextmanager
def api(
    folder: Path, *routers: APIRouter, url: str | None = None, **values: object
) -> Iterator[Api]:
    """An API whose releases lie anywhere in a folder, and whose uploads go there too."""
    with service(folder, url, **values) as one:
        settings = ServiceSettings(scratch=one.scratch, upload_limit_gb=0.002, min_free_gb=0)
        plans = Plans(one.engines, one.scratch)
        app = create_app(one.desk, one.database, one.store, plans, settings, routers)
        app.state.guesses = Guesses(free=1_000_000)  # tests of other things try many wrong tokens
        yield Api(one, app)


def order(release: Path | str, *languages: str, **values: Any) -> dict[str, Any]:
    return {
        "release": str(release),
        "languages": languages or ("en",),
        "profile": "fake",
        **values,
    }


def events(text: str) -> list[tuple[str, dict[str, Any], str]]:
    """(event, data, id) of an event stream."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id", "")))
    return found


def release_of(it: Api) -> Path:
    return it.service.folder / "fated"


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
