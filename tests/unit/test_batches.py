"""Batches on a device: in order, of one length, and halved where memory runs out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.batches import Batches


class OutOfMemory(Exception):
    pass


def is_full(error: Exception) -> bool:
    return isinstance(error, OutOfMemory)


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
    batches = Batches(size, is_full)
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
        Batches(8, is_full).run(["a"], len, Device(0).make)


def test_what_is_no_lack_of_memory_is_told_at_once() -> None:
    tried = 0

    def broken(_items: list[str]) -> list[str]:
        nonlocal tried
        tried += 1
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal"):
        Batches(8).run(["a", "b"], len, broken)
    assert tried == 1


@pytest.mark.parametrize(
    "said",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB.",  # torch
        "CUDA failed with error out of memory",  # CTranslate2
    ],
)
def test_batches_are_halved_when_a_gpu_is_full(said: str) -> None:
    sizes: list[int] = []

    def make(items: list[str]) -> list[str]:
        sizes.append(len(items))
        if len(items) > 2:
            raise RuntimeError(said)
        return items

    assert Batches(8).run(list("abcdefgh"), len, make) == list("abcdefgh")
    assert sizes == [8, 4, 2, 2, 2, 2]
