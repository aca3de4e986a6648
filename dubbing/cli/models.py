"""Commands for the models that a hub carries: which there are, and fetching them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from dubbing.cli import console, tables
from dubbing.cli.console import print_json
from dubbing.engines import registry
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import EngineInfo, Port
from dubbing.errors import Rejected
from dubbing.planning.config import load_profile
from dubbing.planning.pipeline import Planner


@click.group()
def models() -> None:
    """Models that engines fetch from a hub, pinned by revision and digest.

    \b
    Examples:
      dub models list
      dub models fetch m2m100:418m
      dub models fetch --profile gpu-research     all that a profile names
      dub models verify
    """


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List them: which are here, how large they are, and what their licences allow."""
    found = _known()
    if as_json:
        print_json(
            [
                {
                    "engine": info.name, "here": hub.is_here(), "bytes": hub.bytes,
                    "repository": hub.repository, "revision": hub.revision,
                    "licence": info.licence, "commercial": info.commercial,
                }
                for info, hub in found
            ]
        )  # fmt: skip
        return
    tables.show(
        ("engine", "here", tables.number("size"), "licence", "commercial", "from"),
        (
            (
                info.name,
                "yes" if hub.is_here() else "no",
                f"{hub.bytes / 1e9:.1f} GB",
                info.licence,
                "yes" if info.commercial else "no",
                hub.mark,
            )
            for info, hub in found
        ),
    )


@models.command()
@click.argument("engines", nargs=-1)
@click.option("--profile", help="All models of a profile.")
@click.option("--again", is_flag=True, help="Fetch again what is already here.")
def fetch(engines: tuple[str, ...], profile: str | None, again: bool) -> None:
    """Fetch engines' models. Models already here are verified instead."""
    for info, hub in _chosen(engines, profile):
        told = f"{info.name}: {hub.mark}, {hub.bytes / 1e9:.1f} GB, {info.licence}"
        console.stderr.print(told, markup=False)
        folder = hub.fetch(
            info.name,
            again=again,
            told=lambda file: console.stderr.print(f"  {file}", markup=False),
        )
        console.stdout.print(str(folder), markup=False, soft_wrap=True)


@models.command()
@click.argument("engines", nargs=-1)
@click.option("--profile", help="All models of a profile.")
def verify(engines: tuple[str, ...], profile: str | None) -> None:
    """Check the models here against their pinned digests."""
    for info, hub in _chosen(engines, profile) if engines or profile else _known():
        if hub.is_here():
            hub.verify(info.name)
            console.stdout.print(f"{info.name}: as it was pinned", markup=False)
        elif engines or profile:
            hub.path(info.name)


def _known() -> list[tuple[EngineInfo, HubModel]]:
    """Every engine whose model is a hub's."""
    every = ((port, name) for port in Port for name in registry.names(port))
    return [
        (engine.info, hub)
        for port, name in every
        if (hub := registry.hub_of(engine := registry.create(port, name))) is not None
    ]


def _chosen(engines: Sequence[str], profile: str | None) -> list[tuple[EngineInfo, HubModel]]:
    """Those named, and those of a profile. Raises Rejected for a name that is none of them."""
    known = {info.name: (info, hub) for info, hub in _known()}
    named = [] if profile is None else Planner.engines_named(load_profile(profile))
    for name in engines:
        if name not in known:
            raise Rejected(
                "engine",
                found=repr(name),
                expected=f"one of {', '.join(known)}",
                remedy="`dub models list` shows them.",
            )
    if not engines and profile is None:
        raise click.UsageError("name engines, or a profile with --profile")
    wanted = dict.fromkeys([*engines, *(name for _, name in named if name in known)])
    return [known[name] for name in wanted]
