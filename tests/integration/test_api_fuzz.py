"""The API given what its OpenAPI document allows, and what it does not: it never breaks, and answers as
documented."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api import Api, api, order
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from series import make_series

from dubbing import __version__
from dubbing.api.auth import NEEDS
from dubbing.model.service import Queue
from dubbing.store import workers
from dubbing.store.database import now_ms

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
]


EXAMPLES = int(os.environ.get("FUZZ", "12"))  # of each route, well-formed and not


@dataclass(frozen=True)
class Target:
    it: Api
    job: str  # one that was completed
    headers: dict[str, str]


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]
) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("fuzz")
    release = make_series(folder / "fated", make_video)
    with api(folder) as it:
        job = it.client().post("/v1/jobs", json=order(release)).json()["id"]
        it.service.work()
        it.app.state.stop.set()  # watchers are let go at once
        with it.service.database.transaction() as connection:
            workers.beat(connection, "w", tuple(Queue), __version__, "", {}, now_ms())
        yield Target(it, job, {"Authorization": f"Bearer {it.token()}"})
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def document(target: Target) -> Any:
    return schemathesis.openapi.from_asgi("/v1/openapi.json", target.it.app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("route", NEEDS)
def test_no_request_breaks_it(
    route: str, mode: GenerationMode, target: Target, document: Any
) -> None:
    method, path = route.replace(":path", "").split()

    @given(document[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        # What could be the id of a job, or the number of an episode, becomes one that there is: the
        # rest of the request is then read too.
        places = case.path_parameters or {}
        if re.fullmatch("[0-9a-f]{32}", str(places.get("job", ""))):
            places["job"] = target.job
        if isinstance(places.get("episode"), int) and 1 <= places["episode"] <= 9999:
            places["episode"] = 1 + places["episode"] % 2
        if path == "/v1/jobs" and isinstance(case.body, dict) and "release" in case.body:
            case.body["release"] = f"{target.it.service.folder}/fated"
        case.call_and_validate(headers=target.headers, checks=CHECKS)

    ask()
