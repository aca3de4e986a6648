"""What the routes work with, put together by whoever starts the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from dubbing.service.desk import Desk
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.plans import Plans
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database


@dataclass(frozen=True, slots=True)
class Parts:
    desk: Desk
    database: Database
    store: ArtifactStore
    plans: Plans
    settings: ServiceSettings


def _parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Here = Annotated[Parts, Depends(_parts)]
