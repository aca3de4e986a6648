"""The pipeline's messages, through a real broker and a real database."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet import ME, Fleet, fleet
from jsonschema import Draft202012Validator
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.messaging import Producer
from series import make_series
from sqlalchemy import text

from dubbing.model.service import JobStatus
from dubbing.service.news import messages
from workers import dead_letters
from workers.consumer import asyncapi

SCHEMAS = Path(__file__).parents[2] / "configs" / "schemas"

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]
) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("messages")
    make_series(folder / "pristine" / "fated", make_video)
    with fleet(folder, DUBBING_LEASE_S="10") as one:
        one.start("sweeper", "sweep")
        one.start("listener", "messages", "listen")
        one.start_workers(1, processes=2)
        yield one


class Pipeline:
    """What stands at the other end: it puts messages on the exchange, and keeps what it is told."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url)
        self.channel = self.connection.channel()
        self.exchange = Exchange(messages.EXCHANGE, "topic", durable=True)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.queue = Queue(
            "pipeline.test", self.exchange, "localization.#", durable=False, auto_delete=True
        )
        self.queue(self.channel).declare()

    def send(self, body: object, kind: str = "release.ready", **values: Any) -> None:
        Producer(self.channel).publish(
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            exchange=self.exchange,
            routing_key=kind,
            content_type=values.pop("content_type", "application/cloudevents+json"),
            content_encoding="utf-8",
            declare=[self.exchange],
            **values,
        )

    def listen(self) -> None:
        while (message := self.queue(self.channel).get(no_ack=True)) is not None:
            body = message.body if isinstance(message.body, bytes) else message.body.encode()
            self.told.append((message.delivery_info["routing_key"], json.loads(body)))

    def of(self, correlation_id: str, until: str, timeout_s: float = 120.0) -> list[dict[str, Any]]:
        """All events with a correlation id, once one of a type is among them."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            self.listen()
            # What others send of a job (a cancel) comes by here too, and need not have one.
            found = [e for _, e in self.told if e["data"].get("correlation_id") == correlation_id]
            if any(event["type"] == until for event in found):
                return found
            time.sleep(0.2)
        raise TimeoutError(f"no {until}: {self.told}")


@pytest.fixture(scope="module")
def pipeline(running: Fleet) -> Iterator[Pipeline]:
    one = Pipeline(running.rabbit.url)
    _await_queue(running, "dubbing.release.ready")
    yield one
    one.connection.close()


def _await_queue(running: Fleet, name: str) -> None:
    until_s = time.monotonic() + 60.0
    while time.monotonic() < until_s:
        with Connection(running.rabbit.url) as connection:
            try:
                connection.channel().queue_declare(name, passive=True)
            except connection.channel_errors:
                time.sleep(0.2)
            else:
                return
    raise TimeoutError(name)


def ready(release: Path, id: str, **data: Any) -> dict[str, Any]:  # noqa: A002
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/pipeline/test",
        "type": "release.ready",
        "data": {
            "release": str(release), "team": "studio", "languages": ["en"], "profile": "fake",
            "correlation_id": id, **data,
        },
    }  # fmt: skip


def release(running: Fleet, name: str) -> Path:
    folder = running.folder / name / "fated"
    shutil.copytree(running.folder / "pristine" / "fated", folder)
    return folder


def jobs_of(running: Fleet, correlation_id: str) -> list[str]:
    with running.database.transaction() as connection:
        rows = connection.execute(text("select id, ordered->>'correlation_id' from job"))
        return [job for job, found in rows if found == correlation_id]


def dead(running: Fleet, count: int) -> list[dead_letters.DeadLetter]:
    """The dead letters, once there are as many."""
    until_s = time.monotonic() + 30.0
    while time.monotonic() < until_s:
        found = dead_letters.read(running.rabbit.url)
        if len(found) >= count:
            return found
        time.sleep(0.3)
    raise TimeoutError(f"{count} dead letters")


def test_a_ready_release_is_localized_and_told_of(running: Fleet, pipeline: Pipeline) -> None:
    folder = release(running, "ready")
    event = ready(folder, "m-ready")
    pipeline.send(event)
    pipeline.send(event)  # the same once more is the same job
    told = pipeline.of("m-ready", "localization.completed")
    assert [one["type"].removeprefix("localization.") for one in told] == [
        "accepted",
        "episode.completed",
        "episode.completed",
        "completed",
    ]
    for one in told:
        schema = json.loads((SCHEMAS / f"{one['type']}-1.json").read_text())
        Draft202012Validator(schema).validate(one)
    completed = told[-1]["data"]
    manifest = Path(completed["manifest"])
    assert json.loads(manifest.read_text())["job"]["languages"] == ["en"]
    published = {f["sha256"] for f in json.loads(manifest.read_text())["files"]}
    assert {f["sha256"] for one in told[1:3] for f in one["data"]["files"]} <= published
    assert len(jobs_of(running, "m-ready")) == 1


def test_a_job_is_cancelled_by_message(running: Fleet, pipeline: Pipeline) -> None:
    folder = release(running, "cancelled")
    pipeline.send(ready(folder, "m-cancel", review=["release"]))
    accepted = pipeline.of("m-cancel", "localization.accepted")[0]
    pipeline.send(
        {
            "specversion": "1.0", "id": "c-1", "source": "/pipeline/test", "type": "localization.cancel",
            "data": {"team": "studio", "job": accepted["subject"]},
        },
        "localization.cancel",
    )  # fmt: skip
    until_s = time.monotonic() + 30.0
    while running.desk.job(ME, accepted["subject"]).status is not JobStatus.CANCELLED:
        assert time.monotonic() < until_s
        time.sleep(0.2)


def test_what_is_not_understood_is_kept_with_its_reason_and_replayed_once_it_is_mended(
    running: Fleet, pipeline: Pipeline
) -> None:
    folder = running.folder / "later" / "fated"
    good = ready(folder, "m-later")
    hostile = {
        "not json": (b"\xff\xfe{", "json"),
        "a list": (b"[1, 2]", "dictionary"),
        "another version of the envelope": ({**good, "specversion": "0.3"}, "specversion"),
        "another version of the schema": (
            {**good, "dataschema": "urn:dubbing:schema:release.ready:2"}, "version 1"
        ),
        "no data": ({k: v for k, v in good.items() if k != "data"}, "data"),
        "a field that is not known": (ready(folder, "x", langages=["en"]), "langages"),
        "no language": (ready(folder, "x", languages=[]), "languages"),
        "a place that is not ours": (ready(Path("/etc"), "x"), "release"),
        "a path that leads away": (ready(folder / ".." / ".." / ".." / "etc", "x"), "release"),
        "far too large": (ready(folder, "x", languages=["en"] * 200_000), "bytes"),
        "a deep nest": (b"[" * 100_000 + b"]" * 100_000, ""),
    }  # fmt: skip
    for number, (body, _) in enumerate(hostile.values()):
        pipeline.send(body, message_id=f"h-{number}")
    pipeline.send({**good, "type": "release.gone"}, message_id="h-type")
    letters = {letter.id: letter for letter in dead(running, len(hostile) + 1)}
    for number, (name, (_, word)) in enumerate(hostile.items()):
        reason = letters[f"h-{number}"].reason
        assert word in reason.lower() or word in reason, f"{name}: {reason}"
    assert letters["h-0"].kind == "release.ready"
    assert jobs_of(running, "x") == []
    # A deep nest or a wrong byte must not have hurt the listener.
    pipeline.send(ready(release(running, "after"), "m-after", review=["script"]))
    pipeline.of("m-after", "localization.accepted")
    # What is replayed unmended comes back; nothing is lost on the way.
    assert dead_letters.replay(running.rabbit.url, "h-type") == 1
    time.sleep(1.0)
    assert len(dead(running, len(hostile) + 1)) == len(hostile) + 1


def test_the_asyncapi_document_names_every_message() -> None:
    document = asyncapi()
    assert document["asyncapi"].startswith("3.")
    text_of = json.dumps(document)
    for kind in (*messages.INCOMING, *messages.OUTGOING):
        assert kind.model_fields["type"].default in text_of
        assert kind.__name__ in text_of
