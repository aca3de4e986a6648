"""A service elsewhere, as commands use it: what it refuses is raised as if it had been refused here."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from dubbing.errors import Defect, Rejected, Transient

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_SILENCE_S = 60.0  # an event stream on which not even a ping comes for so long is broken
_TRIES = 3
_WAIT_S = 1.0
_PATIENCE = 120  # tries to go on watching


class Remote:
    """A connection to a service's API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        try:
            self._client = httpx.Client(
                base_url=f"{self.url}/v1",
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
            )
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise Rejected(
                "--api, --token",
                found=str(error),
                expected="the address of a service, and a token of it",
                remedy="Correct them, or DUBBING_API_URL and DUBBING_API_TOKEN.",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **values: Any) -> Any:
        """The answer to a request. Raises what the service says is wrong.

        After a lost connection it is sent again, unless that could do something twice.
        """
        may_repeat = method != "POST" or "Idempotency-Key" in values.get("headers", {})
        for tries_left in reversed(range(_TRIES if may_repeat else 1)):
            try:
                with self._worded():
                    answer = self._client.request(method, path, **values)
                    _raise(answer)
                    return answer.json() if answer.content else None
            except Transient:
                if not tries_left:
                    raise
                time.sleep(_WAIT_S)
        raise AssertionError  # not reached

    def upload(self, release: str, file: Path) -> Any:
        """Sends a file of a release, and returns what has arrived of the release."""
        with self._worded(), file.open("rb") as content:
            path = f"/uploads/{quote(release, safe='')}/{quote(file.name, safe='')}"
            answer = self._client.put(
                path,
                content=content,
                headers={"Content-Length": str(file.stat().st_size)},
                timeout=httpx.Timeout(600.0, connect=10.0),
            )
            _raise(answer)
            return answer.json()

    def fetch(self, path: str, to: Path, sha256: str) -> None:
        """Brings a file here, whole or not at all. Raises Transient if it is not what it should be."""
        to.parent.mkdir(parents=True, exist_ok=True)
        partial = to.with_name(f".{to.name}.part")
        digest = hashlib.sha256()
        with self._worded(), self._client.stream("GET", quote(path)) as answer:
            if answer.is_error:
                answer.read()
            _raise(answer)
            with partial.open("wb") as out:
                for chunk in answer.iter_bytes():
                    digest.update(chunk)
                    out.write(chunk)
        if digest.hexdigest() != sha256:
            partial.unlink()
            raise Transient(f"{path} was published anew while it was fetched; fetch again")
        partial.rename(to)

    def events(self, job: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(event, data) of a job until it has ended, over lost connections."""
        last = ""
        failures = 0
        patience = _TRIES
        while True:
            try:
                for kind, data, mark in self._stream(job, last):
                    failures = 0
                    patience = _PATIENCE  # it was there: it is being restarted
                    last = mark or last
                    yield kind, data
                    if kind == "job" and data["ended_at"] is not None:
                        return
            except Transient:
                failures += 1
                if failures >= patience:
                    raise
            time.sleep(_WAIT_S if failures else 0.1)

    def _stream(self, job: str, last: str) -> Iterator[tuple[str, dict[str, Any], str]]:
        headers = {"Last-Event-ID": last} if last else {}
        timeout = httpx.Timeout(_SILENCE_S, connect=10.0)
        path = f"/jobs/{job}/events"
        with (
            self._worded(),
            self._client.stream("GET", path, headers=headers, timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
            _raise(answer)
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if line:
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    yield fields.get("event", ""), json.loads(fields["data"]), fields.get("id", "")
                    fields = {}

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except httpx.UnsupportedProtocol:
            raise Rejected(
                "--api",
                found=self.url,
                expected="an address such as https://dubbing.example.org",
                remedy="Correct it, or DUBBING_API_URL.",
            ) from None
        except httpx.HTTPError as error:
            raise Transient(
                f"The service at {self.url} does not answer ({error or type(error).__name__}). "
                "Is it running, and is this its address?"
            ) from error


def _raise(answer: httpx.Response) -> None:
    """Raises what a problem says."""
    if not answer.is_error:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or f"{answer.status_code} {answer.reason_phrase}"
    if answer.status_code in (429, 502, 503, 504):
        raise Transient(detail)
    if answer.status_code >= 500:
        raise Defect(f"The service failed: {detail}")
    raise Rejected(
        problem.get("where", str(answer.request.url)),
        found=problem.get("found", detail),
        expected=problem.get("expected", "a request that the service takes"),
        remedy=problem.get("remedy", "Correct it."),
    )
