"""What half the bits would change in engines that work in 32 on a GPU too: why they do.

Demucs: how far below the voices lies what rounding adds to them. XTTS: how many lines are said otherwise among
others than alone. Their weights are random, in the published sizes, on the CPU: eight minutes on two cores, for
float16 above all. Run it from the root of the checkout:
python tests/benchmarks/bench_bits.py
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import full_size
import numpy as np
import pytest
import torch
from bench_xtts import LINES

from dubbing.engines.separating.demucs import DemucsSeparator
from dubbing.engines.synthesizing.xtts import XttsSynthesizer

_BITS = {"32 bits": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_PITCH_HZ = 220.0


def main() -> None:
    for name, bench in (("demucs:htdemucs", bench_demucs), ("xtts:v2", bench_xtts)):
        with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
            full_size.install(name, Path(cache), patch)
            bench()


def bench_demucs() -> None:
    with DemucsSeparator() as engine, torch.inference_mode():
        network = engine.network
        time = np.arange(int(network.samplerate * network.segment)) / network.samplerate
        tones = sum(np.sin(2 * np.pi * _PITCH_HZ * n * time) / n for n in range(1, 20))
        noise = np.random.default_rng(0).standard_normal(len(time))
        heard = tones * np.abs(np.sin(np.pi * 3 * time)) + 0.1 * noise
        given = torch.from_numpy(np.stack([heard, heard * 0.8])[np.newaxis].astype(np.float32))
        given /= given.std()
        voices = network.sources.index("vocals")
        exact = network(given)[:, voices]
        for bits in ("bfloat16", "float16"):
            with torch.autocast("cpu", _BITS[bits]):
                rounded = network(given)[:, voices].float()
            below_db = 10 * torch.log10(exact.square().sum() / (rounded - exact).square().sum())
            print(f"demucs in {bits}: what rounding adds is {below_db:.0f} dB below the voices", flush=True)  # fmt: skip


def bench_xtts() -> None:
    with XttsSynthesizer() as engine:
        voice = engine._voice("Viktor Eka")
        pieces = [engine._piece(line, "en", voice) for line in LINES]
        for bits in ("32 bits", "bfloat16"):
            with torch.autocast("cpu", _BITS[bits], enabled=bits != "32 bits"):
                alone = [engine._choose([piece])[0] for piece in pieces]
                together = engine._choose(pieces)
            # Both are worked out from the codes alone.
            otherwise = sum(
                one.shape != other.shape or not torch.equal(one, other)
                for one, other in zip(alone, together, strict=True)
            )
            print(f"xtts in {bits}: {otherwise} of {len(pieces)} lines are said otherwise beside the others", flush=True)  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
