"""Batches on a device: in order, of one length, and halved where memory runs out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.batches import Batches, Together


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


def test_who_comes_while_the_device_works_is_taken_along() -> None:
    begun, may_end = threading.Event(), threading.Event()
    calls: list[list[int]] = []

    def double(items: list[int]) -> list[int]:
        calls.append(items)
        begun.set()
        assert may_end.wait(10)
        return [2 * item for item in items]

    together = Together(double)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.run, [0])
        assert begun.wait(10)
        others = [pool.submit(together.run, [n, 10 * n]) for n in range(1, 9)]
        while len(together._waiting) < 16:
            threading.Event().wait(0.001)
        may_end.set()
        assert first.result() == [0]
        assert [other.result() for other in others] == [[2 * n, 20 * n] for n in range(1, 9)]
    assert calls[0] == [0]
    (rest,) = calls[1:]
    assert sorted(rest) == sorted([*range(1, 9), *range(10, 90, 10)])


def test_a_failure_is_told_to_all_who_were_taken_along_and_to_nobody_after_them() -> None:
    calls = []

    def fail_once(items: list[str]) -> list[str]:
        calls.append(items)
        if len(calls) == 1:
            raise OutOfMemory
        return items

    together = Together(fail_once)
    with ThreadPoolExecutor(2) as pool:
        with together._turn:
            asked = [pool.submit(together.run, [text]) for text in ("a", "b")]
            while len(together._waiting) < 2:
                threading.Event().wait(0.001)
        for one in asked:
            with pytest.raises(OutOfMemory):
                one.result()
    assert together.run(["c"]) == ["c"]
    assert together.run([]) == []


def test_too_few_results_are_a_failure_that_nobody_waits_for() -> None:
    together = Together(lambda items: items[:1])
    with pytest.raises(ValueError, match="shorter"):
        together.run(["a", "b"])


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=20))
def test_each_thread_is_given_its_own(asked: list[list[int]]) -> None:
    together = Together(lambda items: [str(item) for item in items])
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(together.run, asked)) == [[str(n) for n in one] for one in asked]
