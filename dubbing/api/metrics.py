"""Metrics for Prometheus. They name no team and no release, so that no token is needed to scrape them."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from dubbing.service.watch.metrics import ServiceMetrics
from dubbing.store.database import Database


def metrics_router(database: Database) -> APIRouter:
    """GET /metrics, of the service on a database."""
    registry = CollectorRegistry()
    registry.register(ServiceMetrics(database))
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
