"""How much faster XTTS speaks lines together than one after the other, on whatever this machine has.

Its weights are random, in the published sizes. Two minutes on two cores; `bench_gpu.py xtts:v2` watches a GPU meanwhile.
Run it from the root of the checkout: python tests/benchmarks/bench_xtts.py
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import full_size
import pytest

from dubbing.engines.batches import Batches
from dubbing.engines.synthesizing.xtts import XttsSynthesizer

_VOICE = "Viktor Eka"
# Each begins with another name: a text that was said before is not chosen for again.
_NAMES = (
    "Anna", "Bella", "Clara", "Daisy", "Emma", "Flora", "Greta", "Hanna",
    "Irene", "Julia", "Karen", "Laura", "Maria", "Norma", "Olivia", "Paula",
)  # fmt: skip
LINES = tuple(f"{name}, why are you standing at my door?" for name in _NAMES)


def speaker(engine: XttsSynthesizer, at_once: int) -> Callable[[], float]:
    """Speaks as many lines as threads do at once, on each call; gives the seconds of speech."""
    engine._batches = Batches(at_once)

    def speak() -> float:
        engine._said.clear()
        with ThreadPoolExecutor(at_once) as pool:
            # All have asked before the first call begins.
            with engine._together._turn:
                asked = [
                    pool.submit(engine.synthesize, line, "en", _VOICE, 1.0)
                    for line in LINES[:at_once]
                ]
                while len(engine._together._waiting) < at_once:
                    threading.Event().wait(0.001)
            return sum(one.result().duration_ms for one in asked) / 1000

    return speak


def main() -> None:
    with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        full_size.install("xtts:v2", Path(cache), patch)
        with XttsSynthesizer() as engine:
            speaker(engine, 1)()
            alone = 0.0
            for at_once in (1, 4, 16):
                started_s = time.perf_counter()
                spoken_s = speaker(engine, at_once)()
                rate = spoken_s / (time.perf_counter() - started_s)
                alone = alone or rate
                print(
                    f"{at_once:2d} at once: {rate:.2f} x real time, {rate / alone:.1f} times one by one",
                    flush=True,
                )


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
