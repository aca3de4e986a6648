"""The API on a port of this machine."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

import uvicorn
from fastapi import APIRouter, FastAPI

from dubbing.api.app import create_app
from dubbing.engines.registry import Engines
from dubbing.service.desk import Desk
from dubbing.service.settings import ServiceSettings
from dubbing.service.work.executor import Dispatcher
from dubbing.service.work.plans import Plans
from dubbing.service.work.worker import open_store
from dubbing.store.database import Database

_GRACE_S = 10  # for answers that are being given when the server is told to stop


def serve(
    settings: ServiceSettings,
    database: Database,
    dispatcher: Dispatcher,
    host: str,
    port: int,
    stop: threading.Event,
    routers: Sequence[APIRouter] = (),
) -> None:
    """Answers until `stop` is set. No engine is loaded: plans are laid out, nothing is made."""
    with Engines() as engines:
        app = create_app(
            Desk(database, dispatcher, settings.roots, settings.webhooks),
            database,
            open_store(settings),
            Plans(engines, settings.scratch),
            settings,
            routers,
        )
        run(app, host, port, stop)


def run(app: FastAPI, host: str, port: int, stop: threading.Event) -> None:
    """Serves an app until `stop` is set; whoever started it sees to signals."""
    app.state.stop = stop
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )

    def end() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=end, name="api-stop", daemon=True).start()
    server.run()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
