"""Webhooks, told to a receiver that checks them with the specification's own library."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from api import api, order
from series import make_series
from service import ME, Service, service
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from dubbing.errors import Rejected, Transient
from dubbing.model.service import JobStatus, Role
from dubbing.service.news import webhooks as module
from dubbing.service.news.telling import Teller
from dubbing.service.news.webhooks import Webhooks

SECRET = "of the service"  # noqa: S105 - of a test


@dataclass
class Receiver:
    """Somebody's endpoint: it keeps what it is sent, and answers as it is told to."""

    url: str = ""
    answers: list[int] = field(default_factory=list)  # then 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self, secret: str) -> list[dict[str, Any]]:
        """What came, each with a signature that is right. Raises WebhookVerificationError."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    one = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            one.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(one.answers.pop(0) if one.answers else 204)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    one.url = f"http://127.0.0.1:{server.server_port}/hooks?of=series"
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, webhooks=Webhooks(SECRET, ("127.0.0.1",))) as one:
        yield one


def tell(here: Service) -> int:
    return Teller(here.database, None, here.webhooks).tell()


def due_now(here: Service) -> None:
    with here.database.transaction() as connection:
        connection.execute(text("update outbox set due_ms = 0"))


def untold(here: Service) -> int:
    with here.database.transaction() as connection:
        return connection.execute(
            text("select count(*) from outbox where sent_ms is null")
        ).scalar_one()


def test_a_job_is_told_of_to_its_webhook_signed(
    here: Service, endpoint: Receiver, tmp_path: Path, make_video: Callable[..., Path]
) -> None:
    series = make_series(tmp_path / "fated", make_video)
    job = here.submit(series, webhook=endpoint.url, correlation_id="c-1")
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    while tell(here):
        pass
    secret = Webhooks(SECRET, ()).secret_of(ME.team)
    events = endpoint.events(secret)
    kinds = [event["type"].removeprefix("localization.") for event in events]
    assert kinds == ["accepted", "episode.completed", "episode.completed", "completed"]
    assert {event["data"]["correlation_id"] for event in events} == {"c-1"}
    assert events[-1]["data"]["manifest_sha256"] == here.job(job).manifest_sha256
    assert [headers["webhook-id"] for headers, _ in endpoint.got] == [e["id"] for e in events]
    assert untold(here) == 0
    with pytest.raises(WebhookVerificationError):
        endpoint.events(Webhooks(SECRET, ()).secret_of("other"))


def test_what_a_receiver_does_not_take_is_sent_again_with_the_same_id(
    here: Service, endpoint: Receiver, tmp_path: Path
) -> None:
    endpoint.answers = [500, 302]  # a redirect is not followed: it could lead anywhere
    here.submit(tmp_path / "fated", webhook=endpoint.url)
    tell(here)
    assert untold(here) == 1
    tell(here)
    assert len(endpoint.got) == 1, "it is not tried again before its time"
    for _ in range(2):
        due_now(here)
        tell(here)
    assert len(endpoint.got) == 3
    assert len({headers["webhook-id"] for headers, _ in endpoint.got}) == 1
    assert untold(here) == 0


def test_a_receiver_that_is_never_there_is_given_up_with_its_reason(
    here: Service, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    here.submit(tmp_path / "fated", webhook=f"http://127.0.0.1:{port}/")
    for _ in range(24):
        assert untold(here) >= 1
        due_now(here)
        tell(here)
    assert untold(here) == 0
    with here.database.transaction() as connection:
        reasons = connection.execute(
            text("select reason from outbox where webhook is not null")
        ).scalars()
        assert all("did not answer" in reason for reason in reasons)


def public(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Has every name lead to some addresses."""

    def found(host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://hooks.example/", ["93.184.215.14"]),
        ("https://hooks.example/", ["127.0.0.1"]),
        ("https://hooks.example/", ["93.184.215.14", "10.0.0.7"]),
        ("https://metadata.example/", ["169.254.169.254"]),
        ("https://[::ffff:127.0.0.1]/", ["::ffff:127.0.0.1"]),
        ("https://nowhere.example/", []),
        ("https://[::1/", ["93.184.215.14"]),
        ("https://hooks.example:port/", ["93.184.215.14"]),
    ],
)
def test_webhooks_lead_to_the_open_net_only(
    url: str, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public(monkeypatch, *addresses)
    with pytest.raises(Rejected, match="public host"):
        Webhooks(SECRET, ()).refuse(url)


def test_a_name_is_looked_up_once_and_still_has_to_prove_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(module, "_is_public", lambda _: True)
    public(monkeypatch, "127.0.0.1")
    event = {"id": "e-1", "type": "localization.accepted"}
    hooks = Webhooks(SECRET, ())
    with receiver(context) as one:
        port = one.url.split(":")[2].split("/")[0]
        hooks.post(f"https://hooks.example:{port}/in", "studio", event)
        assert one.got[0][0]["host"] == f"hooks.example:{port}"
        assert one.events(hooks.secret_of("studio")) == [event]
        with pytest.raises(Transient, match="certificate"):
            hooks.post(f"https://others.example:{port}/in", "studio", event)
        assert len(one.got) == 1


def test_an_order_with_a_webhook_that_can_not_be_told_is_refused(tmp_path: Path) -> None:
    body = order(tmp_path / "fated") | {"webhook": "http://169.254.169.254/latest"}
    with api(tmp_path, webhooks=Webhooks(SECRET, ())) as one:
        answer = one.client().post("/v1/jobs", json=body)
        assert answer.status_code == 422
        assert "public host" in answer.json()["expected"]
    with api(tmp_path) as one:
        answer = one.client().post("/v1/jobs", json=body)
        assert answer.status_code == 422
        assert "sends none" in answer.json()["found"]
        assert one.client().get("/v1/webhook-secret").status_code == 422


def test_admins_read_the_secret_of_their_team(tmp_path: Path) -> None:
    hooks = Webhooks(SECRET, ())
    with api(tmp_path, webhooks=hooks) as one:
        found = one.client(team="studio").get("/v1/webhook-secret")
        assert found.json() == {"secret": hooks.secret_of("studio")}
        assert found.headers["cache-control"] == "no-store"
        assert one.client(team="other").get("/v1/webhook-secret").json() != found.json()
        assert one.client(Role.EDITOR).get("/v1/webhook-secret").status_code == 403
