"""Tells others what the outbox holds: the pipeline's exchange, and the webhooks that orders name.

What is told is marked as told afterwards: a crash in between tells it twice, with the same id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from dubbing.errors import Rejected, Transient
from dubbing.service.news.events import Event
from dubbing.service.news.webhooks import Webhooks, no_webhooks
from dubbing.store import outbox
from dubbing.store.database import Database, now_ms
from dubbing.store.outbox import Pending

log = structlog.get_logger()

_FIRST_WAIT_MS = 2_000
_LONGEST_WAIT_MS = 3_600_000
_MOST_ATTEMPTS = 24  # to a webhook: 13 hours


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
                self._post(one)
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

    def _post(self, one: Pending) -> None:
        if self.webhooks is None:
            raise no_webhooks()
        self.webhooks.post(one.webhook or "", one.team, one.event)
