"""How long wrong tokens wait: ever longer by address, and within bounds."""

from __future__ import annotations

import pytest

from dubbing.api import guesses
from dubbing.api.guesses import Guesses


def test_a_few_mistakes_cost_nothing_and_more_cost_ever_more() -> None:
    one = Guesses()
    now_s, waits = 0.0, []
    for _ in range(12):
        waits.append(one.wait_s("192.0.2.1", now_s))
        now_s += waits[-1]
    assert waits == [0, 0, 0, 0.25, 0.5, 1, 2, 4, 5, 5, 5, 5]
    assert one.wait_s("192.0.2.2", now_s) == 0
    assert one.wait_s("192.0.2.1", now_s + 601) == 0


def test_guesses_side_by_side_are_no_faster_than_one_after_the_other() -> None:
    one = Guesses()
    waits = [one.wait_s("192.0.2.1", 0.0) for _ in range(1000)]
    held = [wait for wait in waits if wait <= one.most_wait_s]
    assert len(held) < 12
    assert held == sorted(held)
    # Those that are not held do not make others wait for longer than that.
    assert one.wait_s("192.0.2.1", 60.0) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "unix", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_addresses_that_one_client_may_have_count_together(
    one: str, other: str, same: bool
) -> None:
    found = Guesses()
    for _ in range(5):
        found.wait_s(one, 0.0)
    assert (found.wait_s(other, 0.0) > 0) == same


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "_MOST_ADDRESSES", 100)
    one = Guesses()
    for number in range(1000):
        one.wait_s(f"10.0.{number // 250}.{number % 250}", 0.0)
        one.wait_s("192.0.2.1", 0.0)
    assert len(one) == 100
    assert one.wait_s("192.0.2.1", 0.0) > 0  # who goes on is not forgotten for others
    one.wait_s("x" * 10_000, 0.0)
