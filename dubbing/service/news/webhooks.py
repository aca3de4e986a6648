"""Webhooks, as the Standard Webhooks specification (standardwebhooks.com) has them: ready libraries check them."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import json
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from dubbing.errors import Rejected, Transient
from dubbing.service.news.events import Event

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Posts events to the URLs that orders name, signed with a secret of the order's team."""

    secret: str  # of the service: those of the teams are made from it
    hosts: Collection[str]  # the only ones that may be told, private or not; empty: any public one

    def secret_of(self, team: str) -> str:
        """What a team checks signatures with. It tells nothing of another team's."""
        key = hmac.digest(self.secret.encode(), f"webhook:{team}".encode(), "sha256")
        return "whsec_" + base64.b64encode(key).decode()

    def refuse(self, url: str) -> None:
        """Raises Rejected for a URL that may not be told."""
        self._address_of(self._parsed(url))

    def post(self, url: str, team: str, event: Event) -> None:
        """Raises Rejected for a URL that may not be told, Transient where it does not answer well."""
        to = self._parsed(url)
        address = self._address_of(to)
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        now = datetime.now(UTC)
        headers = {
            "host": to.netloc.decode(),
            "content-type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret_of(team)).sign(event["id"], now, body),
        }
        try:
            # To the very address that was looked at: asked a second time, a name could lead elsewhere.
            # No redirects: they could as well.
            with httpx.Client(timeout=_TIMEOUT_S) as client:
                answer = client.post(
                    to.copy_with(host=address),
                    content=body.encode(),
                    headers=headers,
                    extensions={"sni_hostname": to.host},
                )
        except httpx.HTTPError as error:
            raise Transient(f"{url} did not answer: {error}") from error
        if not answer.is_success:
            raise Transient(f"{url} answered {answer.status_code}")

    def _address_of(self, url: httpx.URL) -> str:
        """Where a URL leads to. Raises Rejected unless that is a place of the open net, or the operator
        allows its host."""
        if url.scheme in ("http", "https") and url.host in self.hosts:
            return url.host
        try:
            found = [str(info[4][0]) for info in socket.getaddrinfo(url.host, url.port or 443)]
        except (OSError, UnicodeError, ValueError):
            found = []
        if url.scheme == "https" and found and not self.hosts and all(map(_is_public, found)):
            return found[0]
        raise self._refused(str(url))

    def _parsed(self, url: str) -> httpx.URL:
        try:
            return httpx.URL(url)
        except httpx.InvalidURL:
            raise self._refused(url) from None

    def _refused(self, url: str) -> Rejected:
        hosts = ", ".join(sorted(self.hosts))
        return Rejected(
            "webhook",
            found=url[:200],
            expected=f"a URL of {hosts}" if hosts else "an https URL of a public host",
            remedy="Name another URL, or have the operator add its host to DUBBING_WEBHOOK_HOSTS.",
        )


def no_webhooks() -> Rejected:
    """What is said where the operator has set no secret to sign them with."""
    return Rejected(
        "webhook",
        found="a service that sends none",
        expected="no webhook",
        remedy="Watch the job instead, or have the operator set DUBBING_WEBHOOK_SECRET.",
    )


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global
