"""The group of these commands, and what they have in common: the service that they speak to."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import click

from dubbing.errors import Rejected, install


@click.group()
def jobs() -> None:
    """Submit jobs to a service, follow and correct them.

    The service's address and your token are taken from DUBBING_API_URL and DUBBING_API_TOKEN.

    \b
    Examples:
      dub jobs submit /releases/fated --to en,pt-BR --wait
      dub jobs submit fated --upload --to en       a folder of this machine
      dub jobs watch JOB
      dub jobs correct JOB --episode 1 --line 7 --language en --text "You came back."
      dub jobs fetch JOB --out fated/localized
    """


class JobId(click.ParamType[str]):
    name = "job"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9a-f]{32}", value):
            self.fail(f"{value!r} is no id of a job; `dub jobs list` shows them", param, ctx)
        return value


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the service as `remote`, and `--json`."""

    @jobs.command(command.__name__.rstrip("_").replace("_", "-"))
    @click.option(
        "--api", envvar="DUBBING_API_URL", default="http://127.0.0.1:8080", help="The service."
    )
    @click.option("--token", envvar="DUBBING_API_TOKEN", default="", help="Your token.")
    @click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
    @functools.wraps(command)
    def with_remote(api: str, token: str, **values: Any) -> None:
        if not token:
            raise Rejected(
                "--token",
                found="no token",
                expected="a token of the service",
                remedy="Set DUBBING_API_TOKEN to one: an admin of your team makes it.",
            )
        try:
            # Here, so that help needs none of its packages.
            from dubbing.cli.remote import Remote
        except ModuleNotFoundError as error:
            raise Rejected(
                "dub jobs",
                found=f"no package {error.name}",
                expected="the packages of the service",
                remedy=install("service"),
            ) from None
        with Remote(api, token) as remote:
            command(remote=remote, **values)

    return with_remote


def words(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, re.split(r"[,\s]+", text))))
