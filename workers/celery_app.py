"""The Celery app: queues that survive a crash of the broker, and messages that survive one of a worker.

A message says that a queue has one more task to do; which one, the database says. So an urgent task is
taken first however late its message comes, a message that comes twice finds nothing to do, and one that is
lost is sent again by the sweeper.
"""

from __future__ import annotations

import json

import structlog
from celery import Celery
from kombu.entity import Exchange
from kombu.entity import Queue as AmqpQueue
from kombu.exceptions import OperationalError

from dubbing.errors import Transient
from dubbing.model.service import Queue
from dubbing.service.news.events import Event
from dubbing.service.news.messages import EXCHANGE

log = structlog.get_logger()

TAKE = "dubbing.take"
PIPELINE = Exchange(EXCHANGE, type="topic", durable=True)
_DEAD = Exchange("dubbing.dead", type="direct", durable=True)
_MOST_DELIVERIES = 20  # of one message, before it goes to the dead letters
_CONSUMER_TIMEOUT_MS = 6 * 3600 * 1000  # a stage may take long; the lease tells whether it lives


def queue_named(queue: Queue) -> AmqpQueue:
    """A quorum queue for one kind of work."""
    return AmqpQueue(
        str(queue),
        Exchange("dubbing", type="direct", durable=True),
        routing_key=str(queue),
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": _MOST_DELIVERIES,
            "x-dead-letter-exchange": _DEAD.name,
            "x-dead-letter-routing-key": f"{queue}.dead",
            "x-consumer-timeout": _CONSUMER_TIMEOUT_MS,
        },
    )


def dead_letters_of(queue: Queue) -> AmqpQueue:
    """Where messages end that no worker could take."""
    return AmqpQueue(
        f"{queue}.dead",
        _DEAD,
        routing_key=f"{queue}.dead",
        durable=True,
        queue_arguments={"x-queue-type": "quorum"},
    )


def celery_app(broker_url: str) -> Celery:
    """The app, for workers and for those who send to them."""
    app = Celery("dubbing", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_queues=[queue_named(queue) for queue in Queue],
        task_default_queue=str(Queue.MEDIA),
        task_default_exchange="dubbing",
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_detect_quorum_queues=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=30,
        enable_utc=True,
    )
    return app


class CeleryDispatcher:
    """Wakes workers up through the broker. While that can't be reached, nobody is woken."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def wake(self, queue: Queue, count: int = 1) -> None:
        try:
            with self._app.producer_pool.acquire(block=True, timeout=10) as producer:
                for _ in range(count):
                    self._app.send_task(
                        TAKE, args=[str(queue)], queue=str(queue), producer=producer, retry=False
                    )
        except (OperationalError, OSError) as error:
            log.warning("broker.unreachable", reason=str(error))

    def depth(self, queue: Queue) -> int:
        """Messages that wait in a queue. Raises Transient where the broker can't be reached."""
        try:
            with self._app.connection_for_read(connect_timeout=5) as connection:
                declared = queue_named(queue)(connection.default_channel).queue_declare(
                    passive=True
                )
            return int(declared.message_count)
        except (OperationalError, OSError) as error:
            raise Transient(f"the broker did not answer: {error}") from error

    def tell(self, event: Event) -> None:
        """Publishes an event, confirmed by the broker. Raises Transient where it can't be reached."""
        try:
            with self._app.producer_pool.acquire(block=True, timeout=10) as producer:
                producer.publish(
                    json.dumps(event, ensure_ascii=False).encode(),
                    exchange=PIPELINE,
                    routing_key=event["type"],
                    content_type="application/cloudevents+json",
                    content_encoding="utf-8",
                    message_id=event["id"],
                    correlation_id=event["data"]["correlation_id"],
                    delivery_mode=2,
                    declare=[PIPELINE],
                    retry=False,
                )
        except (OperationalError, OSError) as error:
            raise Transient(f"the broker did not answer: {error}") from error

    def declare(self) -> None:
        """Makes the queues that are not there yet, with those for dead letters."""
        try:
            with self._app.connection_for_write(connect_timeout=5) as connection:
                for queue in Queue:
                    queue_named(queue)(connection.default_channel).declare()
                    dead_letters_of(queue)(connection.default_channel).declare()
        except (OperationalError, OSError) as error:
            raise Transient(f"the broker did not answer: {error}") from error
