"""The API put together. There are no globals: one process may serve several services."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from dubbing import __version__
from dubbing.api import (
    admin,
    cast,
    events,
    glossary,
    health,
    jobs,
    lines,
    outputs,
    problems,
    uploads,
)
from dubbing.api.bodies import BoundedBodies
from dubbing.api.guesses import Guesses
from dubbing.api.parts import Parts
from dubbing.service.desk import Desk
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.plans import Plans
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database

_DESCRIPTION = """Subtitles and dubs for mini-series. A release goes in, a localized release comes out.

Every request but `GET /v1/health` needs a token. Every answer that is not what was asked for is a
problem (RFC 9457): where it is, what was found, what was expected, and what to do."""


def create_app(
    desk: Desk,
    database: Database,
    store: ArtifactStore,
    plans: Plans,
    settings: ServiceSettings,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The API of a service. `routers` are added as they are, and see to their own access."""
    app = FastAPI(
        title="dubbing",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        redoc_url=None,
    )
    app.state.stop = threading.Event()  # set when the server is to end: watchers are let go
    app.state.guesses = Guesses()
    app.state.parts = Parts(desk, database, store, plans, settings)
    problems.add_handlers(app)
    app.add_middleware(BoundedBodies)
    ours = (
        jobs.router, events.router, lines.router, cast.router, glossary.router, outputs.router,
        uploads.router, admin.router, health.router,
    )  # fmt: skip
    for router in (*ours, *routers):
        app.include_router(router)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Has OpenAPI say that problems come as what they are, and not as any JSON."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            for path in schema["paths"].values():
                for operation in path.values():
                    for response in operation["responses"].values():
                        _rename(response.get("content", {}))
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI's documentation has it


def _rename(content: dict[str, Any]) -> None:
    body = content.get("application/json", {})
    if body.get("schema", {}).get("$ref", "").endswith("/Problem"):
        content[problems.MEDIA_TYPE] = content.pop("application/json")
