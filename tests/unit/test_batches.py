"""Batches on a device: in order, of one length, and halved where memory runs out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.batches import Batches


class OutOfMemory(Exception):
    pass


class Device:
    """Makes texts longer, as many at once as it has room for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.batches: list[list[str]] = []
        self.failures = self.cleared = 0

    def make(self, items: list[str]) -> list[str]:
        if len(items) > self.room:
            self.failures += 1
            raise OutOfMemory
        self.batches.append(items)
        return [item * 2 for item in items]

    def clear(self) -> None:
        self.cleared += 1


@given(st.lists(st.text(max_size=5), max_size=40), st.integers(1, 12), st.integers(1, 12))
def test_each_item_is_made_once_in_its_place(items: list[str], size: int, room: int) -> None:
    device = Device(room)
    batches = Batches(size, OutOfMemory)
    assert batches.run(items, len, device.make, device.clear) == [item * 2 for item in items]
    assert sorted(one for batch in device.batches for one in batch) == sorted(items)
    assert all(len({*map(len, batch)}) == 1 for batch in device.batches)
    assert device.cleared == device.failures
    # Memory runs out a few times while the size is found, and never again.
    device.failures = 0
    batches.run(items, len, device.make, device.clear)
    assert device.failures == 0


def test_a_single_item_that_does_not_fit_is_told() -> None:
    with pytest.raises(OutOfMemory):
        Batches(8, OutOfMemory).run(["a"], len, Device(0).make)
