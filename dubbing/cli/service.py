"""Commands that run the service: serve, worker, sweep, messages."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading

import click
import structlog

from dubbing.cli import console, tables
from dubbing.errors import Rejected, Transient
from dubbing.model.service import Queue
from dubbing.service.desk import Desk
from dubbing.service.news.telling import Teller
from dubbing.service.settings import ServiceSettings
from dubbing.service.tracing import export_spans
from dubbing.service.watch.health import is_heard_of, look
from dubbing.service.work.executor import Dispatcher, Polled
from dubbing.service.work.sweeper import Sweeper
from dubbing.service.work.worker import open_worker, work_until
from dubbing.store.database import Database

log = structlog.get_logger()

_ROUND_S = 1.0
_FORGET_EVERY = 600  # rounds


@click.command()
@click.option(
    "--queues", default=",".join(Queue), show_default=True, help="Queues to take tasks from."
)
@click.option("--processes", type=click.IntRange(1), help="Processes [one per core; one per GPU].")
@click.option(
    "--grace",
    "grace_s",
    default=60.0,
    show_default=True,
    help="Seconds that a stage may take to finish after SIGTERM.",
)
@click.option(
    "--memory", "memory_gb", type=click.FloatRange(min=0, min_open=True),
    help="GB for models [DUBBING_MEMORY_GB, or the GPU's].",
)  # fmt: skip
def worker(queues: str, processes: int | None, grace_s: float, memory_gb: float | None) -> None:
    """Work on the service's jobs until stopped.

    With DUBBING_BROKER_URL the broker wakes it; without one it polls into the database. On
    SIGTERM it takes nothing more and ends what it is at, or hands it back. Models stay loaded while there is
    memory for them; those not used for longest leave first.

    \b
    Examples:
      dub worker                                     all kinds of work, on this machine's cores
      dub worker --queues asr,mt,tts --processes 1   a machine with one GPU
      dub worker --memory 6                          6 GB for models, whatever the machine has
    """
    settings = _settings()
    if memory_gb is not None:
        settings = settings.model_copy(update={"memory_gb": memory_gb})
    taken = tuple(_queue(name) for name in queues.split(",") if name.strip())
    places = processes or os.cpu_count() or 1
    if settings.broker_url:
        from workers.worker import run

        run(settings, taken, places, grace_s)
        return
    stop = _stopped_by_signals()
    with open_worker(settings, taken, Polled()) as one:
        work_until(stop, one, places, grace_s=grace_s)


@click.command()
def sweep() -> None:
    """Take back dead workers' tasks, resend lost messages, and send the pipeline its news."""
    settings = _settings()
    database = Database(settings.database)
    stop = _stopped_by_signals()
    _sweep_until(stop, settings, database, _dispatcher(settings))
    database.close()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option(
    "--workers", "places", type=click.IntRange(0), help="Stages at a time [one per core]."
)
def serve(host: str, port: int, places: int | None) -> None:
    """Serve the API; without a broker, also do the work.

    \b
    Examples:
      dub serve                     API and workers on one machine, state in a SQLite file
      DUBBING_BROKER_URL=amqp://... DUBBING_DATABASE_URL=postgresql+psycopg://... dub serve
    """
    from dubbing.api.metrics import metrics_router
    from dubbing.api.server import serve as serve_api

    settings = _settings()
    database = Database(settings.database)
    database.upgrade()
    stop = _stopped_by_signals()
    dispatcher = _dispatcher(settings)
    threads = []
    if not settings.broker_url:
        threads.append(
            threading.Thread(target=_sweep_until, args=(stop, settings, database, dispatcher))
        )
        if places != 0:
            threads.append(threading.Thread(target=_keep_working, args=(stop, places)))
    for thread in threads:
        thread.start()
    try:
        serve_api(settings, database, dispatcher, host, port, stop, [metrics_router(database)])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        database.close()


@click.command()
@click.option("--worker", "of_worker", is_flag=True, help="Ask only for a worker of this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def health(of_worker: bool, as_json: bool) -> None:
    """Say whether jobs are being done; exit status 1 if not.

    \b
    Examples:
      dub health             is there a worker for each kind of work, and the right schema?
      dub health --worker    has a worker of this machine been heard of within a minute?
    """
    database = Database(_settings().database)
    try:
        if of_worker:
            if not is_heard_of(database, socket.gethostname()):
                raise Transient("No worker of this machine has been heard of within a minute.")
            return
        found = look(database)
    finally:
        database.close()
    if as_json:
        console.print_json(found)
    else:
        for problem in found.problems:
            console.stdout.print(problem, markup=False)
        for queue, those in found.queues.items():
            console.stdout.print(f"{queue}: {those.workers} at work, {those.paused} paused")
    if not found.healthy:
        raise console.Failed(1)


@click.group()
def messages() -> None:
    """Listen to the pipeline's messages; show and replay dead letters."""


@messages.command()
def listen() -> None:
    """Turn the pipeline's messages into jobs until stopped."""
    from workers.consumer import serve as listen_until_stopped

    settings = _broker_settings()
    database = Database(settings.database)
    desk = Desk(database, _dispatcher(settings), settings.roots)
    asyncio.run(listen_until_stopped(settings.broker_url, desk))
    database.close()


@messages.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def dead(as_json: bool) -> None:
    """Show the dead letters, and why they were not understood."""
    from workers import dead_letters

    letters = dead_letters.read(_broker_settings().broker_url)
    if as_json:
        console.print_json(letters)
        return
    if not letters:
        console.stdout.print("No dead letters.")
        return
    tables.show(
        ("id", "kind", tables.text("reason", 20), tables.text("message", 20)),
        ((letter.id, letter.kind, letter.reason, letter.body[:200]) for letter in letters),
    )


@messages.command()
@click.option("--id", "id_", help="That of one message [all].")
def replay(id_: str | None) -> None:
    """Send dead letters again, once the reason is mended."""
    from workers import dead_letters

    count = dead_letters.replay(_broker_settings().broker_url, id_)
    console.stdout.print(f"{count} sent again")


@messages.command()
def document() -> None:
    """Print the AsyncAPI document of the messages."""
    from workers.consumer import asyncapi

    click.echo(json.dumps(asyncapi(), indent=2))


@click.group()
def database() -> None:
    """The service's database."""


@database.command()
def upgrade() -> None:
    """Upgrade the tables to this version of the software. Old workers may still be running."""
    one = Database(_settings().database)
    one.upgrade()
    console.stdout.print(f"The schema is at revision {one.revisions()[0]}.")
    one.close()


@database.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to an older revision, before an older version is installed."""
    one = Database(_settings().database)
    one.downgrade(revision)
    console.stdout.print(f"The schema is at revision {one.revisions()[0]}.")
    one.close()


def _settings() -> ServiceSettings:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer()
            if sys.stderr.isatty()
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    export_spans("dubbing")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    return ServiceSettings.load()


def _broker_settings() -> ServiceSettings:
    settings = _settings()
    if not settings.broker_url:
        raise Rejected(
            "DUBBING_BROKER_URL",
            found="nothing",
            expected="amqp://user:password@host/",
            remedy="Set it: messages come and go through a broker.",
        )
    return settings


def _dispatcher(settings: ServiceSettings) -> Dispatcher:
    if not settings.broker_url:
        return Polled()
    from workers.celery_app import CeleryDispatcher, celery_app

    return CeleryDispatcher(celery_app(settings.broker_url))


def _sweep_until(
    stop: threading.Event, settings: ServiceSettings, database: Database, dispatcher: Dispatcher
) -> None:
    sweeper = Sweeper(database, dispatcher, settings.limits)
    teller = Teller(database, getattr(dispatcher, "tell", None), settings.webhooks)
    rounds = 0
    while not stop.wait(_ROUND_S):
        try:
            sweeper.sweep()
            teller.tell()
            if rounds % _FORGET_EVERY == 0:
                sweeper.forget()
            rounds += 1
        except Transient as error:
            log.warning("sweeper.waits", reason=str(error))


def _keep_working(stop: threading.Event, places: int | None) -> None:
    """A worker in a process of its own, so that a stage that crashes takes nothing else along."""
    command = [sys.executable, "-m", "dubbing", "worker"]
    if places:
        command += ["--processes", str(places)]
    while not stop.is_set():
        process = subprocess.Popen(command)  # noqa: S603 - our own command
        while process.poll() is None and not stop.wait(0.2):
            pass
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()
        elif not stop.is_set():
            log.warning("worker.died", status=process.returncode)
            stop.wait(1.0)


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _queue(name: str) -> Queue:
    try:
        return Queue(name.strip())
    except ValueError:
        raise Rejected(
            "--queues",
            found=repr(name),
            expected=f"some of {','.join(Queue)}",
            remedy="Correct it.",
        ) from None
