"""Who asks, and what each route needs of them. A route that is not named here can't be made."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, ClassVar

import anyio
import structlog
from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from dubbing.api.guesses import Guesses
from dubbing.api.parts import Parts
from dubbing.api.problems import Forbidden, TooManyGuesses, Unauthenticated
from dubbing.model.service import Role
from dubbing.service.desk import Actor
from dubbing.store import access
from dubbing.store.access import Token

log = structlog.get_logger()

NEEDS: Mapping[str, Role] = {
    "GET /v1/me": Role.VIEWER,
    "POST /v1/jobs": Role.EDITOR,
    "GET /v1/jobs": Role.VIEWER,
    "GET /v1/jobs/{job}": Role.VIEWER,
    "GET /v1/jobs/{job}/episodes": Role.VIEWER,
    "GET /v1/jobs/{job}/tasks": Role.VIEWER,
    "GET /v1/jobs/{job}/events": Role.VIEWER,
    "POST /v1/jobs/{job}/pause": Role.EDITOR,
    "POST /v1/jobs/{job}/resume": Role.EDITOR,
    "POST /v1/jobs/{job}/cancel": Role.EDITOR,
    "POST /v1/jobs/{job}/retry": Role.EDITOR,
    "POST /v1/jobs/{job}/approve": Role.EDITOR,
    "PUT /v1/jobs/{job}/priority": Role.EDITOR,
    "GET /v1/jobs/{job}/episodes/{episode}/lines": Role.VIEWER,
    "PUT /v1/jobs/{job}/episodes/{episode}/lines/{line}": Role.EDITOR,
    "GET /v1/jobs/{job}/cast": Role.VIEWER,
    "PUT /v1/jobs/{job}/cast": Role.EDITOR,
    "GET /v1/jobs/{job}/glossary": Role.VIEWER,
    "PUT /v1/jobs/{job}/glossary": Role.EDITOR,
    "GET /v1/jobs/{job}/outputs": Role.VIEWER,
    "GET /v1/jobs/{job}/outputs/{path:path}": Role.VIEWER,
    "GET /v1/uploads/{release}": Role.VIEWER,
    "PUT /v1/uploads/{release}/{name}": Role.EDITOR,
    "POST /v1/tokens": Role.ADMIN,
    "GET /v1/tokens": Role.ADMIN,
    "DELETE /v1/tokens/{token}": Role.ADMIN,
    "GET /v1/webhook-secret": Role.ADMIN,
    "GET /v1/audit": Role.ADMIN,
}

# Shows in OpenAPI that a token is needed; `GuardedRoute` asks for it.
BEARER = Security(HTTPBearer(auto_error=False, description="A token: `dub tokens create`."))


class GuardedRoute(APIRoute):
    """A route that knows who asks, and that they may, before it reads what they send."""

    reads_all: ClassVar[bool] = True  # of a request, before it does anything

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        method = next(iter(self.methods or ()))
        needed = NEEDS[f"{'GET' if method == 'HEAD' else method} {self.path}"]

        async def guarded(request: Request) -> Response:
            try:
                request.state.token = await run_in_threadpool(_admit, request, needed)
            except Unauthenticated:
                if "authorization" in request.headers:
                    await _slow_down(request)
                raise
            if self.reads_all:
                await request.body()  # and refuses what is too large, of routes that want none too
            return await handle(request)

        return guarded


class StreamedRoute(GuardedRoute):
    """A route that reads what it is sent piece by piece, and sees itself that it is not too much."""

    reads_all = False


def _admit(request: Request, needed: Role) -> Token:
    """The token of a request. Raises Unauthenticated or Forbidden."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    token = None
    if kind.lower() == "bearer":
        parts: Parts = request.app.state.parts
        with parts.database.transaction() as connection:
            token = access.token_of(connection, secret.strip())
    if token is None:
        raise Unauthenticated(
            "Authorization",
            found="a token that is unknown or revoked" if secret else "no token",
            expected="Bearer and a token of the service",
            remedy="Have an admin of your team make you a token.",
        )
    if not token.role.may(needed):
        raise Forbidden(
            f"{request.method} {request.url.path}"[:200],
            found=f"the role {token.role}",
            expected=f"the role {needed}",
            remedy="Ask somebody who has it, or an admin for a token with that role.",
        )
    return token


async def _slow_down(request: Request) -> None:
    """Has whoever tries tokens wait. Raises TooManyGuesses."""
    guesses: Guesses = request.app.state.guesses
    address = request.client.host if request.client else ""
    wait_s = guesses.wait_s(address, time.monotonic())
    if wait_s:
        log.warning("token.wrong", address=address, wait_s=round(wait_s, 1))
    if wait_s > guesses.most_wait_s:
        raise TooManyGuesses(
            "Authorization",
            found="many tokens that are unknown or revoked",
            expected="Bearer and a token of the service",
            remedy="Have an admin of your team make you a token.",
        )
    await anyio.sleep(wait_s)


def _caller(request: Request) -> Token:
    token: Token = request.state.token
    return token


def _actor(request: Request) -> Actor:
    token = _caller(request)
    return Actor(actor_name(token), token.team)


def actor_name(token: Token) -> str:
    """How the audit log names who holds a token: names may be given twice."""
    return f"{token.name} ({token.id})"


Caller = Annotated[Token, Depends(_caller)]
Me = Annotated[Actor, Depends(_actor)]
