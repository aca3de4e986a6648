"""More than is taken, on a real connection: who sends it reads why it was refused, whatever the route."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from api import NO_JOB, Api, api

from dubbing.api import bodies
from dubbing.api.server import run
from workers.servers import free_port

WRONG = "dub_wrong"


@dataclass(frozen=True)
class Live:
    """The API on a port, and a token."""

    it: Api
    port: int
    token: str

    def send(
        self,
        method: str,
        path: str,
        size: int,
        *,
        chunked: bool = False,
        token: str | None = None,
        close: bool = True,
    ) -> tuple[int, str, dict[str, object]]:
        """Sends so many bytes, all of them before it reads; (status, content type, document) of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json",
            "Connection": "close" if close else "keep-alive",
        }  # fmt: skip
        if chunked:
            content: object = (b"[" * 65_536 for _ in range(size // 65_536))
            connection.request(method, path, content, headers, encode_chunked=True)  # type: ignore[arg-type]
        else:
            connection.request(method, path, b"[" * size, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        kind = answer.headers["content-type"] or ""
        return answer.status, kind, json.loads(body) if kind.endswith("json") else {}


@pytest.fixture(scope="module")
def live(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with api(tmp_path_factory.mktemp("live")) as it:
        port, stop = free_port(), threading.Event()
        server = threading.Thread(target=run, args=(it.app, "127.0.0.1", port, stop))
        server.start()
        until_s = time.monotonic() + 30
        while time.monotonic() < until_s:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield Live(it, port, it.token())
        stop.set()
        server.join()


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("chunked", [False, True])
def test_thirty_megabytes_of_json_are_refused_in_words(
    live: Live, chunked: bool, close: bool
) -> None:
    for token in (live.token, WRONG):
        status, kind, said = live.send(
            "POST", "/v1/jobs", 30 << 20, chunked=chunked, close=close, token=token
        )
        assert (status, kind) == (413, "application/problem+json")
        assert said["expected"] == "at most 8 MiB"


@pytest.mark.parametrize("chunked", [False, True])
def test_every_route_refuses_more_than_is_taken(
    live: Live, chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_MOST_BYTES", 1 << 18)
    values = {"job": NO_JOB, "episode": 1, "line": 1, "path": "a", "release": "r", "name": "a.mp4",
              "token": "0" * 16}  # fmt: skip
    routes = {(m, p) for m, p in live.it.routes() if m != "HEAD"}
    wrong = {}
    for method, path in sorted(routes | {("POST", "/v1/nothing"), ("PUT", "/v1/me")}):
        size = 3 << 20 if "uploads" in path else 1 << 20  # an upload may be of 2 MB here
        url = path.replace(":path", "").format(**values)
        status, kind, said = live.send(method, url, size, chunked=chunked)
        if (status, kind, said.get("status")) != (413, "application/problem+json", 413):
            wrong[method, path] = (status, kind)
    assert wrong == {}


def test_an_answer_reaches_who_is_still_sending(live: Live) -> None:
    # An upload is refused for its name before any of it is read.
    status, _, said = live.send("PUT", "/v1/uploads/mine/a.exe", 5 << 20)
    assert (status, said["where"]) == (422, "name")
    status, _, _ = live.send("PUT", "/v1/uploads/mine/a.mp4", 1 << 20, token=WRONG, chunked=True)
    assert status == 401


def test_who_asks_first_is_told_before_anything_is_sent(live: Live) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n"
            b"Expect: 100-continue\r\nAuthorization: Bearer %s\r\n\r\n" % live.token.encode()
        )
        started_s = time.monotonic()
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - started_s < 5


def test_who_stops_sending_does_not_hold_the_answer_for_ever(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_IDLE_S", 0.2)
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        )
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 404 ")


def test_a_connection_is_kept_where_all_was_read(live: Live) -> None:
    headers = {"Authorization": f"Bearer {live.token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{live.port}", headers=headers) as client:
        ports = {_port(client, lambda: client.get("/v1/me")) for _ in range(3)}
        ports.add(_port(client, lambda: client.post("/v1/jobs", content=b"{")))
        assert len(ports) == 1


def _port(client: httpx.Client, ask: Callable[[], httpx.Response]) -> object:
    """That of our end of the connection that was used."""
    answer = ask()
    return answer.extensions["network_stream"].get_extra_info("client_addr")
