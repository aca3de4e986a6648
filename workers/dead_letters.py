"""Dead letters: the pipeline's messages that were not understood, kept to be read and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from dubbing.errors import Transient
from dubbing.service.news.messages import EXCHANGE

DEAD_QUEUE = "localization.dead"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: str  # the broker's, if its sender gave one
    kind: str  # the routing key it came with
    reason: str
    body: str


def read(broker_url: str) -> list[DeadLetter]:
    """All dead letters; they stay where they are."""
    with _channel(broker_url) as channel:
        return [_letter(message) for message in _take_all(channel)]  # given back with the channel


def replay(broker_url: str, id: str | None = None) -> int:  # noqa: A002
    """Sends dead letters again as they came (all, or that of an id), and says how many."""
    count = 0
    with _channel(broker_url) as channel:
        for message in _take_all(channel):
            letter = _letter(message)
            if id in (None, letter.id):
                channel.basic_publish_confirm(
                    channel.prepare_message(
                        message.body,
                        content_type=message.content_type,
                        content_encoding=message.content_encoding,
                        properties={"message_id": letter.id, "delivery_mode": 2},
                    ),
                    exchange=EXCHANGE,
                    routing_key=letter.kind,
                )
                message.ack()
                count += 1
    return count


@contextmanager
def _channel(broker_url: str) -> Iterator[Any]:
    try:
        with Connection(broker_url, connect_timeout=5) as connection:
            yield connection.channel()
    except (OperationalError, OSError) as error:
        raise Transient(f"the broker did not answer: {error}") from error


def _take_all(channel: Any) -> list[Any]:
    channel.queue_declare(
        DEAD_QUEUE, durable=True, arguments={"x-queue-type": "quorum"}, auto_delete=False
    )
    found = []
    while (raw := channel.basic_get(DEAD_QUEUE, no_ack=False)) is not None:
        found.append(channel.message_to_python(raw))
    return found


def _letter(message: Any) -> DeadLetter:
    headers = message.headers or {}
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    return DeadLetter(
        str(message.properties.get("message_id") or ""),
        str(headers.get("x-routing-key", "")),
        str(headers.get("x-reason", "")),
        body.decode("utf-8", "replace"),
    )
