"""Engines that come and go within a budget of memory: whatever is asked of them, in whatever order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.engines import devices, registry, residency
from dubbing.engines.fakes import FakeSynthesizer
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.engines.residency import Place, Residency
from dubbing.errors import ProcessBroken

BUDGET_MB = 100


@dataclass
class Machine:
    """What is loaded, by the engines' own account."""

    loaded: list[Sized] = field(default_factory=list)
    loads: int = 0
    most_mb: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def used_mb(self) -> int:
        return sum(engine.memory_mb for engine in self.loaded)


class Sized(FakeSynthesizer):
    """An engine that takes memory, and minds being loaded twice, or let go while it speaks."""

    def __init__(self, machine: Machine, memory_mb: int, fails: int = 0) -> None:
        self.machine, self.memory_mb, self.fails, self.users = machine, memory_mb, fails, 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            "fake", Port.SYNTHESIZER, "1", frozenset(), "Apache-2.0", True, memory_mb=self.memory_mb
        )

    def __enter__(self) -> Self:
        with self.machine.lock:
            assert self not in self.machine.loaded
            self.machine.loads += 1
            self.machine.loaded.append(self)
            self.machine.most_mb = max(self.machine.most_mb, self.machine.used_mb)
            if self.fails:
                self.fails -= 1
                self.machine.loaded.remove(self)
                raise OSError("no such weights")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self.machine.lock:
            assert not self.users, "it was in use"
            self.machine.loaded.remove(self)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("DUBBING_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr(residency, "_LINGER_S", 0.002)
    monkeypatch.setattr(residency, "_PATIENCE_S", 0.02)


def places(machine: Machine, stay: Residency, sizes: list[int]) -> list[Place]:
    return [stay.place(Sized(machine, size), f"engine {i}") for i, size in enumerate(sizes)]


def hold(stay: Residency, place: Place, seconds: float = 0.0) -> None:
    engine = place.engine
    assert isinstance(engine, Sized)
    with stay.using(place):
        assert engine in engine.machine.loaded
        with engine.machine.lock:
            engine.users += 1
        time.sleep(seconds)
        assert engine in engine.machine.loaded
        with engine.machine.lock:
            engine.users -= 1


@given(
    sizes=st.lists(st.integers(0, 150), min_size=1, max_size=6),
    asked=st.lists(st.integers(0, 5), max_size=40),
)
def test_who_was_not_used_for_longest_leaves_and_no_one_more_than_has_to(
    sizes: list[int], asked: list[int]
) -> None:
    machine, stay = Machine(), Residency(BUDGET_MB)
    all_ = places(machine, stay, sizes)
    expected: list[int] = []  # those of any size, the one used last at the end
    for number in (a % len(sizes) for a in asked):
        hold(stay, all_[number])
        if number in expected:
            expected.remove(number)
        elif sizes[number]:
            for other in [e for e in expected if sizes[e]]:
                if sum(sizes[e] for e in expected) + sizes[number] <= BUDGET_MB:
                    break
                expected.remove(other)
        expected.append(number)
        assert {all_.index(p) for p in all_ if p.is_loaded} == set(expected)
        loaded = [engine.memory_mb for engine in machine.loaded]
        assert sum(loaded) <= max(BUDGET_MB, *loaded, 0)
    stay.clear()
    assert machine.loaded == []


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 150), min_size=1, max_size=5),
    asked=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.001, 0.004])), max_size=12),
        min_size=2,
        max_size=5,
    ),
    broken=st.integers(0, 4),
)
def test_threads_that_ask_for_what_does_not_fit_together_are_all_served(
    sizes: list[int], asked: list[list[tuple[int, float]]], broken: int
) -> None:
    machine, stay = Machine(), Residency(BUDGET_MB)
    all_ = places(machine, stay, sizes)
    faulty = all_[broken % len(all_)].engine
    assert isinstance(faulty, Sized)
    faulty.fails = 1

    def work(wishes: list[tuple[int, float]]) -> int:
        served = 0
        for number, seconds in wishes:
            for _ in range(2):  # the load that fails is somebody's, once
                try:
                    hold(stay, all_[number % len(all_)], seconds)
                    served += 1
                    break
                except OSError:
                    continue
        return served

    with ThreadPoolExecutor(len(asked)) as pool:
        served = [
            future.result(timeout=20) for future in [pool.submit(work, wishes) for wishes in asked]
        ]
    assert served == [len(wishes) for wishes in asked]
    # What is larger than the whole is alone, but for what takes nothing.
    assert machine.most_mb <= max(BUDGET_MB, *sizes)


def test_who_holds_one_and_asks_for_another_waits_for_nobody() -> None:
    machine, stay = Machine(), Residency(BUDGET_MB)
    first, second = places(machine, stay, [80, 80])
    met = threading.Barrier(2)

    def both(mine: Place, other: Place) -> None:
        with stay.using(mine):
            if other is second:
                met.wait(5)
            with stay.using(other):
                pass

    with stay.using(first), stay.using(second):
        assert machine.used_mb == 160
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(both, first, second)
        two = pool.submit(met.wait, 5)
        two.result(timeout=5)
        one.result(timeout=5)


def test_one_in_use_all_the_time_by_turns_does_not_keep_others_out() -> None:
    machine, stay = Machine(), Residency(BUDGET_MB)
    busy, other = places(machine, stay, [80, 80])
    done = threading.Event()

    def ever(delay_s: float) -> None:
        time.sleep(delay_s)
        while not done.is_set():
            hold(stay, busy, 0.01)

    with ThreadPoolExecutor(3) as pool:
        keep = [pool.submit(ever, delay_s) for delay_s in (0.0, 0.005)]
        time.sleep(0.02)
        try:
            pool.submit(hold, stay, other).result(timeout=5)
        finally:
            done.set()
        for future in keep:
            future.result(timeout=5)


def test_who_waits_for_a_long_load_keeps_nobody_else_waiting() -> None:
    machine, stay = Machine(), Residency(BUDGET_MB)
    small, large = places(machine, stay, [10, 50])
    goes_on = threading.Event()

    class Slow(Sized):
        def __enter__(self) -> Self:
            assert goes_on.wait(5)
            return super().__enter__()

    large.engine = Slow(machine, 50)
    hold(stay, small)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(hold, stay, large) for _ in range(2)]
        time.sleep(0.1)  # longer than anybody's patience
        pool.submit(hold, stay, small).result(timeout=2)
        goes_on.set()
        for future in waiting:
            future.result(timeout=5)
    assert machine.loads == 2


def test_who_comes_back_at_once_finds_its_engine_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(residency, "_LINGER_S", 0.2)
    monkeypatch.setattr(residency, "_PATIENCE_S", 60.0)
    machine, stay = Machine(), Residency(BUDGET_MB)
    mine, other = places(machine, stay, [80, 80])
    hold(stay, mine)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hold, stay, other)
        for _ in range(20):
            hold(stay, mine)
            time.sleep(0.01)
        assert machine.loads == 1
        asked.result(timeout=5)
    assert machine.loads == 2


def test_an_engine_that_was_let_go_is_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    sizes = iter((60, 70))
    monkeypatch.setattr(registry, "create", lambda *_: Sized(machine, next(sizes)))
    with Engines(memory_mb=BUDGET_MB) as engines:
        for name in ("fake", "other", "fake"):
            with engines.synthesizer(name) as engine:
                engine.synthesize("Hello", "en", "beep-low", 1.0)
        assert engines.usage["synthesizer fake"].loads == 2
        assert engines.usage["synthesizer fake"].calls == 2
        assert engines.residency.used_mb == 60
    assert machine.loaded == []


def test_a_process_that_lost_its_gpu_does_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    monkeypatch.setattr(registry, "create", lambda *_: Sized(machine, 10))
    with Engines() as engines:
        with pytest.raises(ValueError, match="ours"), engines.synthesizer("fake"):
            raise ValueError("CUDA error: ours")
        with pytest.raises(ProcessBroken, match="illegal memory"), engines.synthesizer("fake"):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        first = engines.broken
        with pytest.raises(ProcessBroken, match="illegal memory"), engines.synthesizer("other"):
            pytest.fail("it was given")
        assert engines.broken is first
    assert len(machine.loaded) == 1, "a lost driver is not asked to free what is lost"


@pytest.mark.torch
def test_what_torch_raises_is_known() -> None:
    import torch

    assert devices.is_lost(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert devices.is_lost(torch.AcceleratorError("CUDA error: device-side assert triggered"))
    assert not devices.is_lost(RuntimeError("The size of tensor a (3) must match"))


DRIVER = """
#include <stddef.h>
int cuInit(unsigned flags) { return flags ? 1 : FAILS; }
int cuDeviceGet(int *device, int ordinal) { *device = 7; return ordinal; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 85899345920; return device != 7; }
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize(("fails", "found_mb"), [(0, 85_899), (100, None)])
def test_the_driver_says_what_memory_a_gpu_has(
    tmp_path: Path, fails: int, found_mb: int | None
) -> None:
    """On a machine with a GPU, as the driver of one would answer; 100 is that there is none."""
    (tmp_path / "cuda.c").write_text(DRIVER.replace("FAILS", str(fails)))
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", tmp_path / "cuda.c"], check=True
    )
    said = subprocess.run(
        [sys.executable, "-c", "from dubbing.engines import devices; print(devices.gpu_memory_mb())"],
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout.strip() == str(found_mb)


def test_processes_load_one_after_the_other(tmp_path: Path) -> None:
    machine = Machine()
    first, second = (
        Residency(),
        Residency(),
    )  # as if of two processes: they know nothing of each other
    under_way, most = 0, 0

    class Slow(Sized):
        def __enter__(self) -> Self:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            time.sleep(0.1)
            under_way -= 1
            return super().__enter__()

    with ThreadPoolExecutor(2) as pool:
        loading = [
            pool.submit(hold, stay, stay.place(Slow(machine, 10), "engine slow"))
            for stay in (first, second)
        ]
        for future in loading:
            future.result(timeout=5)
    assert (machine.loads, most) == (2, 1)
