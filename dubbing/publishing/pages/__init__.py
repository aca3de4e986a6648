"""The pages that a person reads after a job: an index, and a page an episode.

They stand in the localized release beside what they link to, open from disk, print, and ask nothing of any
network: each has one style and at most one script of our own, and a policy that lets nothing else be loaded
or run. Everything that came from outside is escaped by the template's engine. The same plan and reports
give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dubbing.planning.graph import Plan
from dubbing.publishing.pages import episode, index
from dubbing.publishing.pages.wording import colours_of
from dubbing.publishing.reporting import EpisodeAccount

INDEX = "report.html"


def render(plan: Plan, accounts: Sequence[EpisodeAccount]) -> Iterator[tuple[str, str]]:
    """(path in the release, HTML) of every page. `accounts` are by episode."""
    colours = colours_of(line for account in accounts for line in account.lines())
    yield INDEX, index.render(plan, accounts)
    for before, account, after in zip(
        (None, *accounts[:-1]), accounts, (*accounts[1:], None), strict=True
    ):
        yield f"{account.name}/{INDEX}", episode.render(plan, account, colours, before, after)
