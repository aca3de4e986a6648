"""Listens to the pipeline: each message becomes an order, or a dead letter that says why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from faststream import AckPolicy, BaseMiddleware, FastStream
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from faststream.specification import AsyncAPI
from pydantic import ValidationError

from dubbing import __version__
from dubbing.errors import Rejected, Transient
from dubbing.service.desk import Actor, Conflict, Desk
from dubbing.service.news import messages
from dubbing.service.news.messages import Cancel, ReleaseReady
from dubbing.service.releases.roots import Roots
from dubbing.service.work.executor import Polled
from dubbing.store.database import Database
from workers.dead_letters import DEAD_QUEUE

log = structlog.get_logger()

_AGAIN_S = 1.0  # before a message is given back while the database can't be reached
_MOST_BYTES = 256 * 1024  # far more than an order for a thousand episodes

PIPELINE = RabbitExchange(messages.EXCHANGE, type=ExchangeType.TOPIC, durable=True)
_DEAD = RabbitQueue(DEAD_QUEUE, queue_type=QueueType.QUORUM, durable=True)


def inbox(kind: str) -> RabbitQueue:
    """The queue of one kind of message."""
    return RabbitQueue(
        f"dubbing.{kind}", queue_type=QueueType.QUORUM, durable=True, routing_key=kind
    )


def pipeline_app(broker_url: str, desk: Desk) -> FastStream:
    """The consumer, and the publishers that its AsyncAPI document names."""
    broker = RabbitBroker(
        broker_url,
        middlewares=[_DeadLetters],
        decoder=_decoded,
        logger=None,
        graceful_timeout=30.0,
    )

    async def declare() -> None:
        await broker.declare_queue(_DEAD)

    async def at_desk(act: Callable[[], object]) -> None:
        await asyncio.to_thread(act)

    @broker.subscriber(inbox("release.ready"), PIPELINE, ack_policy=AckPolicy.MANUAL)
    async def release_ready(event: ReleaseReady, message: RabbitMessage) -> None:
        """Localize a release."""
        actor = Actor(event.source, event.data.team)
        order = event.data.order()
        await at_desk(lambda: desk.submit(actor, order, message=(event.source, event.id)))
        log.info("message.accepted", source=event.source, id=event.id)
        await message.ack()

    @broker.subscriber(inbox("localization.cancel"), PIPELINE, ack_policy=AckPolicy.MANUAL)
    async def cancel(event: Cancel, message: RabbitMessage) -> None:
        """End a job without publishing."""
        actor = Actor(event.source, event.data.team)
        await at_desk(lambda: desk.cancel(actor, event.data.job))
        await message.ack()

    for kind in messages.OUTGOING:
        broker.publisher(
            exchange=PIPELINE,
            routing_key=kind.model_fields["type"].default,
            schema=kind,
            title=kind.model_fields["type"].default,
            description=(kind.__doc__ or "").strip(),
        )
    specification = AsyncAPI(
        broker,
        title="Dubbing service",
        version=__version__,
        description="Messages in and out of the dubbing service: CloudEvents 1.0 in JSON.",
    )
    return FastStream(broker, specification=specification, logger=None, after_startup=[declare])


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document."""
    app = pipeline_app("amqp://127.0.0.1:5672/", Desk(Database("sqlite://"), Polled(), Roots()))
    document: dict[str, Any] = json.loads(app.schema.to_specification().to_json())
    return document


class _DeadLetters(BaseMiddleware):
    """What is not understood is kept with the reason; what can't be done now is given back."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        try:
            _refuse_oversized(msg.body)
            return await call_next(msg)
        except Transient as error:
            log.warning("message.waits", reason=str(error))
            await asyncio.sleep(_AGAIN_S)
            await msg.nack(requeue=True)
        except Exception as error:  # noqa: BLE001 - a message that breaks us must not come for ever
            await self._bury(msg, _reason(error))
        return None

    async def _bury(self, msg: Any, reason: str) -> None:
        log.warning("message.dead", id=msg.message_id, reason=reason)
        raw = msg.raw_message
        broker: RabbitBroker = self.context.get_local("broker") or self.context.get("broker")
        await broker.publish(
            raw.body,
            queue=_DEAD,
            persist=True,
            message_id=raw.message_id,
            content_type=raw.content_type,
            headers={"x-reason": reason[:2000], "x-routing-key": raw.routing_key or ""},
        )
        await msg.ack()


async def _decoded(message: Any) -> Any:
    """JSON, whatever content type the sender gave it."""
    try:
        return json.loads(message.body)
    except (ValueError, RecursionError) as error:
        raise Rejected(
            "message",
            found=f"no JSON: {error}",
            expected="a CloudEvent in JSON",
            remedy="See configs/schemas.",
        ) from None


def _refuse_oversized(body: bytes) -> None:
    if len(body) > _MOST_BYTES:
        raise Rejected(
            "message",
            found=f"{len(body)} bytes",
            expected=f"at most {_MOST_BYTES} bytes",
            remedy="Order in several messages.",
        )


def _reason(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}"
            for problem in error.errors()
        ]
        return "; ".join(problems[:5])
    if isinstance(error, Rejected | Conflict):
        return str(error)
    return f"{type(error).__name__}: {error}"


async def serve(broker_url: str, desk: Desk) -> None:
    """Listens until told to stop (SIGTERM): then ends what is being handled."""
    await pipeline_app(broker_url, desk).run()
