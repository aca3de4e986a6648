"""Who tries tokens that are none waits for each answer, longer every time. A token that is good never waits,
whatever else came from the same address: so nobody can be locked out.

Addresses are told apart by what the connection, or a proxy that uvicorn trusts, says.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

_FREE = 3  # wrong tokens that cost nothing: people mistype
_FIRST_S = 0.25  # between two answers; twice as long each time
_LONGEST_S = 5.0
_MOST_WAIT_S = (
    15.0  # who would wait longer, because many of theirs wait already, is told so at once
)
_FORGOTTEN_S = 600.0
_MOST_ADDRESSES = 10_000
_IPV6_NETWORK = 64  # bits: what one client may have all addresses of


@dataclass(slots=True)
class _Guesser:
    count: int = 0
    next_s: float = 0.0  # when the next answer may be given
    last_s: float = 0.0


@dataclass(slots=True)
class Guesses:
    """Wrong tokens, by address. For one thread (the event loop's)."""

    free: int = _FREE
    _known: OrderedDict[str, _Guesser] = field(default_factory=OrderedDict)

    def wait_s(self, address: str, now_s: float) -> float:
        """How long the answer to one more wrong token of an address has to wait; more than `most_wait_s` where
        too many wait already, and this one is not to."""
        key = _network(address)
        one = self._known.pop(key, None)
        if one is None or now_s - one.last_s > _FORGOTTEN_S:
            one = _Guesser()
        self._known[key] = one  # the latest at the end
        while len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)
        one.last_s = now_s
        one.count += 1
        if one.count <= self.free:
            return 0.0
        step_s = min(_LONGEST_S, _FIRST_S * 2.0 ** min(16, one.count - self.free - 1))
        at_s = max(now_s, one.next_s) + step_s
        if at_s - now_s <= _MOST_WAIT_S:
            one.next_s = at_s
        return at_s - now_s

    @property
    def most_wait_s(self) -> float:
        return _MOST_WAIT_S

    def __len__(self) -> int:
        return len(self._known)


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), _IPV6_NETWORK), strict=False))
