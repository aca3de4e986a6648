"""Tells others what the outbox holds: the pipeline's exchange, and the webhooks that orders name.

What is told is marked as told afterwards: a crash in between tells it twice, with the same id.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import structlog

from dubbing.errors import Rejected, Transient
from dubbing.service.events import Event
from dubbing.store import outbox
from dubbing.store.database import Database, now_ms

log = structlog.get_logger()

_FIRST_WAIT_MS = 2_000
_LONGEST_WAIT_MS = 3_600_000
_MOST_ATTEMPTS = 24  # to a webhook: about a day


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Posts events as the Standard Webhooks specification says, so that ready libraries can check them."""

    secret: str
    hosts: tuple[str, ...]  # that may be private; any public one may be told where empty

    def post(self, url: str, event: Event) -> None:
        """Raises Rejected for a URL that may not be told, Transient where it does not answer well."""
        refuse_private(url, self.hosts)
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        stamp = str(now_ms() // 1000)
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self.secret, event["id"], stamp, body),
        }
        try:
            # No redirects: they could lead to where a webhook may not go.
            answer = httpx.post(url, content=body, headers=headers, timeout=10.0)
        except httpx.HTTPError as error:
            raise Transient(f"{url} did not answer: {error}") from error
        if not answer.is_success:
            raise Transient(f"{url} answered {answer.status_code}")


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:  # noqa: A002
    """The signature of a webhook: HMAC-SHA256 of its id, its time and its body."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def refuse_private(url: str, allowed: Collection[str]) -> None:
    """Raises Rejected for what is no place of the open net, unless the operator allows its host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme in ("http", "https") and host in allowed:
        return
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, parts.port or 443)}
    except (OSError, UnicodeError, ValueError):
        found = set()
    if parts.scheme != "https" or not found or allowed or not all(map(_is_public, found)):
        raise Rejected(
            "webhook",
            found=url[:200],
            expected=f"a URL of {', '.join(allowed)}"
            if allowed
            else "an https URL of a public host",
            remedy="Name another URL, or have the operator add its host to DUBBING_WEBHOOK_HOSTS.",
        )


@dataclass(frozen=True, slots=True)
class Teller:
    database: Database
    publish: Callable[[Event], None] | None  # to the exchange; None: there is no broker
    webhooks: Webhooks | None

    def tell(self) -> int:
        """Tells what is due, and says how much that was."""
        return self._tell_exchange() + self._tell_webhooks()

    def _tell_exchange(self) -> int:
        with self.database.transaction() as connection:
            due = outbox.pending(connection, now_ms(), webhooks=False)
            for one in due:
                if self.publish is not None:
                    self.publish(one.event)
                outbox.mark_sent(connection, one.id, now_ms())
        return len(due)

    def _tell_webhooks(self) -> int:
        with self.database.transaction() as connection:
            due = outbox.pending(connection, now_ms(), webhooks=True, limit=10)
            # A slow receiver must not hold the transaction: the next round comes to these later.
            for one in due:
                wait_ms = min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS * 2**one.attempts)
                outbox.postpone(connection, one.id, "on its way", now_ms() + wait_ms)
        told = 0
        for one in due:
            try:
                self._post(one.webhook or "", one.event)
            except (Rejected, Transient) as error:
                log.warning("webhook.failed", reason=str(error), attempt=one.attempts + 1)
                with self.database.transaction() as connection:
                    final = isinstance(error, Rejected) or one.attempts + 1 >= _MOST_ATTEMPTS
                    outbox.note_failure(connection, one.id, str(error), now_ms(), final=final)
            else:
                told += 1
                with self.database.transaction() as connection:
                    outbox.mark_sent(connection, one.id, now_ms())
        return told

    def _post(self, url: str, event: Event) -> None:
        if self.webhooks is None:
            raise Rejected(
                "DUBBING_WEBHOOK_SECRET",
                found="none",
                expected="a secret to sign webhooks with",
                remedy="Set it.",
            )
        self.webhooks.post(url, event)


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global
