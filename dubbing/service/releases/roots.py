"""Where releases may lie: each team in a place of its own, and in those that the operator shares with all."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from dubbing.errors import Rejected
from dubbing.store.access import refuse_team

_TEAM = "{team}"
_HERE = ("file", "local")  # schemes of this machine's file system
_MOST_DECODED = 8  # times: what is still encoded then was made to hide something


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders or URLs. Nobody but its team reads or writes in an own one; in a shared one every team does."""

    own: tuple[str, ...] = ()  # `{team}` in each
    shared: tuple[str, ...] = ()

    @staticmethod
    def of(own: Sequence[str], shared: Sequence[str]) -> Roots:
        """As an operator gives them: one without `{team}` gets a folder for each team. Raises Rejected where
        one team could reach into the place of another."""
        each = tuple(root if _TEAM in root else f"{root.rstrip('/')}/{_TEAM}" for root in own)
        for index, root in enumerate(each):
            _refuse_overlap("DUBBING_RELEASE_ROOTS", root, each[:index])
        for root in shared:
            if _TEAM in root:
                raise Rejected(
                    "DUBBING_SHARED_ROOTS",
                    found=root,
                    expected=f"places of all teams, without {_TEAM}",
                    remedy="Put the places of single teams into DUBBING_RELEASE_ROOTS.",
                )
            _refuse_overlap("DUBBING_SHARED_ROOTS", root, each)
        return Roots(each, tuple(shared))

    def refuse_outside(self, url: str, team: str) -> str:
        """The URL in its plain form. Raises Rejected if it lies in none of the places that a team may use."""
        refuse_team(team)
        plain = _plain(url)
        allowed = [*self._of(team), *self.shared]
        if plain is not None and any(_within(plain, _plain(root)) for root in allowed):
            return plain
        raise Rejected(
            "release",
            found=url[:200],
            expected=f"a place in {', '.join(allowed)}"
            if allowed
            else "a place that the operator allows",
            remedy="Put the release there, or have the operator add its place to DUBBING_RELEASE_ROOTS, "
            "or to DUBBING_SHARED_ROOTS to share it with all teams.",
        )

    def of_upload(self, team: str, release: str) -> str:
        """Where a release that a team uploads lies: in the first of its own places that can be written to.
        Raises Rejected."""
        places = [root for root in self._of(team) if not is_web(root)]
        if not places:
            raise Rejected(
                "release",
                found="no place to put it",
                expected="a place that the operator allows",
                remedy="Have the operator set DUBBING_RELEASE_ROOTS.",
            )
        # Also refused if the folder has become a link that leads elsewhere.
        return self.refuse_outside(f"{places[0].rstrip('/')}/{release}", team)

    def _of(self, team: str) -> list[str]:
        return [root.replace(_TEAM, team) for root in self.own]


def is_web(url: str) -> bool:
    """Whether a place is read over HTTP, and so can't be written to."""
    return url.startswith(("http://", "https://"))


def _refuse_overlap(setting: str, root: str, others: Sequence[str]) -> None:
    for other in others:
        if _may_hold(root, other) or _may_hold(other, root):
            raise Rejected(
                setting,
                found=f"{root} and {other}, one of which may lie in the other",
                expected="places apart from each other",
                remedy="Move one of them: a team could reach into another's place.",
            )


def _may_hold(outer: str, inner: str) -> bool:
    """Whether a place may hold another, whatever teams are called."""
    scheme, parts = _parts(outer)
    other_scheme, other_parts = _parts(inner)
    return (
        scheme == other_scheme
        and len(parts) <= len(other_parts)
        and all(a == b or _TEAM in a + b for a, b in zip(parts, other_parts, strict=False))
    )


def _parts(root: str) -> tuple[str, list[str]]:
    plain = _plain(root) or root
    scheme, mark, rest = plain.partition("://")
    return (scheme, rest.split("/")) if mark else ("", plain.rstrip("/").split("/"))


def _plain(url: str) -> str | None:
    """A URL or an absolute path without what could lead elsewhere; None for others.

    Links are followed. What a storage may take for `..` once it has decoded it is refused, and so are fsspec's
    chains of URLs (`::`), and what URL parsers drop before they look (control characters).
    """
    if "::" in url or re.search(r"[\x00-\x1f\x7f?#]", url):
        return None
    scheme, mark, rest = url.partition("://")
    if not mark or scheme in _HERE:
        path = Path(rest if mark else url)
        return os.path.realpath(path) if path.is_absolute() and not _is_veiled(str(path)) else None
    return None if _leads_up(rest) or _is_veiled(rest) else f"{scheme}://{rest.rstrip('/')}"


def _leads_up(path: str) -> bool:
    return bool({"..", "."} & set(re.split(r"[/\\]", path)))


def _is_veiled(path: str) -> bool:
    """Whether a path leads elsewhere once it is decoded, however often it was encoded."""
    for _ in range(_MOST_DECODED):
        decoded = unquote(path)
        if decoded == path:
            return False
        if _leads_up(decoded) or re.search(r"[\x00-\x1f\x7f]", decoded):
            return True
        path = decoded
    return True


def _within(url: str, root: str | None) -> bool:
    return root is not None and (url == root or url.startswith(root.rstrip("/") + "/"))
