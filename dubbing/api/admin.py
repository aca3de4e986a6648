"""Who may use the service, and who changed what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from dubbing.api.auth import BEARER, Caller, GuardedRoute, Me
from dubbing.api.documents import (
    AuditDocument,
    AuditPage,
    CreatedToken,
    Identity,
    Limit,
    NewToken,
    TokenDocument,
    Tokens,
    WebhookSecret,
)
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON, Missing
from dubbing.service.desk import Conflict
from dubbing.service.news.webhooks import no_webhooks
from dubbing.store import access
from dubbing.store.database import now_ms

router = APIRouter(
    prefix="/v1",
    tags=["access"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)


@router.get("/me", summary="See whom your token stands for")
def me(caller: Caller) -> Identity:
    return Identity(token=caller.id, name=caller.name, team=caller.team, role=caller.role)


@router.post("/tokens", status_code=201, summary="Make a token for your team")
def create(body: NewToken, me: Me, here: Here, response: Response) -> CreatedToken:
    """The answer holds the secret, which can't be had again."""
    with here.database.transaction() as connection:
        token, secret = access.create_token(
            connection, body.name, me.team, body.role, me.name, now_ms()
        )
    response.headers["Cache-Control"] = "no-store"
    return CreatedToken(**TokenDocument.of(token).model_dump(), secret=secret)


@router.get("/tokens", summary="List your team's tokens")
def tokens(me: Me, here: Here) -> Tokens:
    with here.database.transaction() as connection:
        found = access.tokens_of(connection, me.team)
    return Tokens(tokens=[TokenDocument.of(token) for token in found])


@router.delete("/tokens/{token}", status_code=204, summary="Revoke a token of your team")
def revoke(
    token: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="The id of the token.")],
    caller: Caller,
    me: Me,
    here: Here,
) -> None:
    if token == caller.id:
        raise Conflict(
            "token",
            found="the token that you ask with",
            expected="another one",
            remedy="Have another admin revoke it, or the operator with `dub tokens revoke`.",
        )
    with here.database.transaction() as connection:
        if not access.revoke_token(connection, me.team, token, me.name, now_ms()):
            raise Missing(
                "token",
                found=token,
                expected="the id of a token of your team",
                remedy="Look it up in the list of tokens.",
            )


@router.get("/webhook-secret", summary="Read what your team's webhooks are signed with")
def webhook_secret(me: Me, here: Here, response: Response) -> WebhookSecret:
    if here.desk.webhooks is None:
        raise no_webhooks()
    response.headers["Cache-Control"] = "no-store"
    return WebhookSecret(secret=here.desk.webhooks.secret_of(me.team))


@router.get("/audit", summary="See who changed what")
def audit(
    me: Me,
    here: Here,
    subject: Annotated[
        str | None,
        Query(max_length=200, pattern=r"^[^\x00]*$", description="Of one job, token or release."),
    ] = None,
    after: Annotated[
        int | None, Query(ge=1, le=2**53, description="`next` of the page before.")
    ] = None,
    limit: Limit = 50,
) -> AuditPage:
    with here.database.transaction() as connection:
        found = access.audit(connection, me.team, subject=subject, before=after, limit=limit + 1)
    shown = found[:limit]
    return AuditPage(
        entries=[AuditDocument.of(entry) for entry in shown],
        next=shown[-1].id if len(found) > limit else None,
    )
