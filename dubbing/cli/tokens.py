"""Commands for the operator: who may use the service. They work on its database."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from sqlalchemy import Connection

from dubbing.cli import console, tables
from dubbing.cli.console import print_json
from dubbing.errors import Rejected
from dubbing.model.service import Role
from dubbing.service.settings import ServiceSettings
from dubbing.store import access
from dubbing.store.database import Database, now_ms

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def tokens() -> None:
    """Make and revoke tokens, on the machine that has the service's database.

    \b
    Examples:
      dub tokens create "Mei" --team studio --role admin    an admin makes those of the team
      dub tokens list
      dub tokens revoke 5f0c5f0c5f0c5f0c
    """


@tokens.command()
@click.argument("name")
@click.option("--team", required=True, help="Whose jobs it sees: a-z, 0-9, - and _.")
@click.option("--role", type=_ROLES, default="viewer", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def create(name: str, team: str, role: str, as_json: bool) -> None:
    """Make a token for a person or a program. Its secret is printed once, and kept nowhere."""
    with _transaction() as connection:
        token, secret = access.create_token(
            connection, name, team, Role(role), _operator(), now_ms()
        )
    if as_json:
        print_json({"token": token, "secret": secret})
    else:
        console.stderr.print(f"Token {token.id}, {token.role} of {token.team}:", markup=False)
        console.stdout.print(secret, markup=False, soft_wrap=True)


@tokens.command("list")
@click.option("--team", help="Of one team [all].")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(team: str | None, as_json: bool) -> None:
    """List tokens, the newest first."""
    with _transaction() as connection:
        found = access.tokens_of(connection, team)
    if as_json:
        print_json(found)
        return
    tables.show(
        ("token", "name", "team", "role", "made", "revoked"),
        (
            (
                token.id,
                token.name,
                token.team,
                token.role,
                _day(token.created_ms),
                "" if token.revoked_ms is None else _day(token.revoked_ms),
            )
            for token in found
        ),
    )


@tokens.command()
@click.argument("token")
def revoke(token: str) -> None:
    """End a token at once."""
    with _transaction() as connection:
        if not access.revoke_token(connection, None, token, _operator(), now_ms()):
            raise Rejected(
                "token",
                found=repr(token)[:80],
                expected="the id of a token",
                remedy="`dub tokens list` shows them.",
            )
    console.stdout.print(f"Token {token} is revoked.", markup=False)


@contextmanager
def _transaction() -> Iterator[Connection]:
    database = Database(ServiceSettings.load().database)
    try:
        if database.revisions()[0] is None:
            database.upgrade()  # the first token may be made before the service has ever run
        with database.transaction() as connection:
            yield connection
    finally:
        database.close()


def _operator() -> str:
    try:
        return f"{getpass.getuser()} (operator)"
    except (KeyError, OSError):  # a container's user may have no name
        return "operator"


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
