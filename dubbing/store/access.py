"""Who may use the service, and who changed what.

A token's secret is shown once, when it is made. What is kept is its SHA-256: it is 256 random bits, so
there is nothing to guess that a slower hash would protect, and it is found by its index, in the same time
whether it is nearly right or not at all.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from dubbing.errors import Rejected
from dubbing.model.service import Role
from dubbing.store.tables import AuditRow, TokenRow

_T = TokenRow
_A = AuditRow
_PREFIX = "dub_"  # lets scanners for leaked secrets know ours
_TEAM = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # it becomes part of paths
_COLUMNS = (_T.id, _T.name, _T.team, _T.role, _T.created_ms, _T.revoked_ms)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. Its secret is not."""

    id: str
    name: str  # of the person or the program that holds it
    team: str
    role: Role
    created_ms: int  # Unix time
    revoked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, and who made it."""

    id: int
    at_ms: int
    team: str
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


def refuse_team(team: str) -> None:
    """Raises Rejected for what can't be the name of a team."""
    if not _TEAM.fullmatch(team):
        raise Rejected(
            "team",
            found=repr(team[:80]),
            expected="1 to 64 of the letters a-z, digits, - and _",
            remedy="Give the team a name that can be part of a path.",
        )


def create_token(
    connection: Connection, name: str, team: str, role: Role, by: str, now_ms: int
) -> tuple[Token, str]:
    """A new token and its secret, which can't be had again. Raises Rejected."""
    refuse_team(team)
    if not 0 < len(name) <= 160 or not name.isprintable():
        raise Rejected(
            "name",
            found=repr(name[:80]),
            expected="1 to 160 characters that can be printed",
            remedy="Name the person or the program that will hold the token.",
        )
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = Token(secrets.token_hex(8), name, team, role, now_ms)
    connection.execute(
        insert(TokenRow).values(
            id=token.id, sha256=_sha256(secret), name=name, team=team, role=role, created_ms=now_ms
        )
    )
    note(connection, team, by, "token.create", token.id, {"name": name, "role": role}, now_ms)
    return token, secret


def revoke_token(
    connection: Connection, team: str | None, token: str, by: str, now_ms: int
) -> bool:
    """Ends a token of a team (None: of any); False if there is none of that id. Once is enough."""
    found = connection.execute(select(*_COLUMNS).where(_T.id == token)).first()
    if found is None or team not in (None, found.team):
        return False
    done = connection.execute(
        update(TokenRow)
        .where(_T.id == token, _T.revoked_ms.is_(None))
        .values({_T.revoked_ms: now_ms})
    )
    if done.rowcount:
        note(connection, found.team, by, "token.revoke", token, {"name": found.name}, now_ms)
    return True


def token_of(connection: Connection, secret: str) -> Token | None:
    """The token of a secret, if it is good."""
    row = connection.execute(
        select(*_COLUMNS).where(_T.sha256 == _sha256(secret), _T.revoked_ms.is_(None))
    ).first()
    return None if row is None else _token(row._mapping)


def tokens_of(connection: Connection, team: str | None) -> list[Token]:
    """All tokens of a team (None: of all), revoked ones too, the newest first."""
    query = select(*_COLUMNS).order_by(_T.created_ms.desc(), _T.id)
    if team is not None:
        query = query.where(_T.team == team)
    return [_token(row._mapping) for row in connection.execute(query)]


def note(
    connection: Connection,
    team: str,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    now_ms: int,
) -> None:
    """Writes to the audit log, in the transaction of the change that it tells of."""
    connection.execute(
        insert(AuditRow).values(
            at_ms=now_ms,
            team=team,
            actor=actor,
            action=action,
            subject=subject[:200],
            details=dict(details),
        )
    )


def audit(
    connection: Connection,
    team: str,
    *,
    subject: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """A team's audit log, the newest first, from before an entry."""
    query = (
        select(_A.id, _A.at_ms, _A.team, _A.actor, _A.action, _A.subject, _A.details)
        .where(_A.team == team)
        .order_by(_A.id.desc())
        .limit(limit)
    )
    if subject is not None:
        query = query.where(_A.subject == subject)
    if before is not None:
        query = query.where(_A.id < before)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _token(row: Mapping[Any, Any]) -> Token:
    return Token(**{**row, "role": Role(row["role"])})
