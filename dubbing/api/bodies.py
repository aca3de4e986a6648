"""What is sent to us is bounded, whichever route it is for, and an answer reaches who is still sending.

A server that closes a connection on which something lies unread has the other side's system throw away what was
answered. So what is left of a request is read and thrown away, before the connection is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dubbing.api.problems import TooLarge, answer_of

_MOST_BYTES = 8 << 20  # of a request: a long glossary
_STREAMED = ("PUT", "/v1/uploads/")  # reads piece by piece, and sees itself that it is not too much
_IDLE_S = 5.0  # without a byte of what is still to come
_LINGER_S = 30.0  # for all of it


class BoundedBodies:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, prefix = _STREAMED
        streamed = scope["method"] == method and scope["path"].startswith(prefix)
        headers = Headers(scope=scope)
        exchange = _Exchange(receive, send, headers, None if streamed else _MOST_BYTES)
        if exchange.announces_too_much:
            await answer_of(exchange.too_large())(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, exchange.receive, exchange.send)


@dataclass
class _Exchange:
    """One request and its answer."""

    upstream: Receive
    downstream: Send
    headers: Headers
    most_bytes: int | None  # None: the route sees to it
    read: int = 0  # bytes
    replaced: bool = False  # by a refusal; what the route answers is thrown away
    announced: int = field(init=False)  # bytes; 0 if it is not said
    over: bool = field(init=False)  # nothing more comes of the request

    def __post_init__(self) -> None:
        length = self.headers.get("content-length", "")
        self.announced = int(length) if length.isdigit() else 0
        self.over = not self.announced and "transfer-encoding" not in self.headers

    @property
    def announces_too_much(self) -> bool:
        return self.most_bytes is not None and self.announced > self.most_bytes

    @property
    def is_too_much(self) -> bool:
        return self.most_bytes is not None and self.read > self.most_bytes

    def too_large(self) -> TooLarge:
        return TooLarge(
            "body",
            found="more bytes than that",
            expected=f"at most {_MOST_BYTES >> 20} MiB",
            remedy="Send less at once.",
        )

    async def receive(self) -> Message:
        """What comes next. Raises TooLarge."""
        message = await self._next()
        if self.is_too_much:
            raise self.too_large()
        return message

    async def send(self, message: Message) -> None:
        if self.replaced:
            return
        if message["type"] == "http.response.start":
            if not self.over and not self.announces_too_much and self.most_bytes is not None:
                # The route wanted nothing of it. Whether it was too much is known only once it has come.
                await self._throw_away(self.most_bytes)
                if self.is_too_much and message["status"] != TooLarge.status:
                    await self._replace()
                    return
            if not self.over:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await self.downstream(message)
        elif message.get("more_body", False) or self.over:
            await self.downstream(message)
        else:
            # All of the answer is on its way before the rest of the request is waited for.
            await self.downstream({**message, "more_body": True})
            await self._throw_away(None)
            await self.downstream({"type": "http.response.body", "body": b"", "more_body": False})

    async def _replace(self) -> None:
        response = answer_of(self.too_large())
        start: Mapping[str, object] = {
            "type": "http.response.start", "status": response.status_code, "headers": response.raw_headers,
        }  # fmt: skip
        await self.send(dict(start))
        await self.send({"type": "http.response.body", "body": response.body, "more_body": False})
        self.replaced = True

    async def _next(self) -> Message:
        message = await self.upstream()
        self.read += len(message.get("body", b""))
        self.over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def _throw_away(self, most_bytes: int | None) -> None:
        """Reads the rest, or so much that it is too much, for as long as it keeps coming."""
        if not self.read and self.headers.get("expect", "").lower() == "100-continue":
            return  # who asks first has sent nothing, and won't now
        try:
            async with asyncio.timeout(_LINGER_S):
                while not self.over and (most_bytes is None or self.read <= most_bytes):
                    async with asyncio.timeout(_IDLE_S):
                        await self._next()
        except TimeoutError:
            return
