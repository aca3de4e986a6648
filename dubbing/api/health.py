"""Whether a job that is submitted now would be done. Asked by machines, so it needs no token."""

from __future__ import annotations

from fastapi import APIRouter, Response

from dubbing.api.parts import Here
from dubbing.service.watch.health import Health, look

router = APIRouter(prefix="/v1", tags=["health"])


@router.get(
    "/health",
    summary="See whether jobs are being done",
    responses={503: {"model": Health, "description": "Jobs are not done now, and why"}},
)
def health(here: Here, response: Response) -> Health:
    found = look(here.database)
    response.status_code = 200 if found.healthy else 503
    return found


@router.get("/health/live", status_code=204, summary="See whether the API answers, whoever works")
def live() -> None:
    """For what starts a process anew or sends it requests: orders are taken without workers, too."""
