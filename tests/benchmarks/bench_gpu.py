"""The large engines on a GPU: how fast each is by batch size, in how much memory, and how busy it keeps the GPU.

Their weights are random, in the published sizes (`full_size.py`), through the engines' own loaders: as much
work as the real ones are, and no word about how well they do it. Run it from the root of the checkout, on a machine with a GPU:
python tests/benchmarks/bench_gpu.py [engine ...]
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import full_size
import numpy as np
import pytest
from bench_xtts import speaker

from dubbing.engines import devices, registry
from dubbing.engines.batches import Batches
from dubbing.engines.diarizing import pyannote
from dubbing.engines.ports import Port, TranslationRequest
from dubbing.engines.separating import demucs
from dubbing.media import sound as files
from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio

_LEAST_S = 3.0  # that is measured, after one call that is not
_STRETCH_S = 5.0  # of speech, what a Whisper hears at once in a drama
_LINE_ZH, _LINE_EN = "那你为什么站在我家门口？", "Then why are you standing at my door?"
_LINE_ID = "Lalu kenapa kamu berdiri di depan pintuku?"
_LINES = 128
_QUICK = False  # see `main`

_ALONE = "one window after the other, RTX 2080 Ti (SYSTRAN/faster-whisper, issue 1030)"
# What others published of the same networks, on what they had.
PUBLISHED: Mapping[str, str] = {
    "faster-whisper:large-v3": f"15x real time {_ALONE}; 19x (Open ASR leaderboard)",
    "faster-whisper:turbo": f"41x real time {_ALONE}; 40x (Open ASR leaderboard)",
    "openai-whisper:large-v3": f"5.5x real time {_ALONE}",
    "openai-whisper:turbo": f"20x real time {_ALONE}",
    "opus-mt:zh-en": "a network of this kind: 980 tokens/s by OpenNMT-py, 3,917 by CTranslate2, V100, beam 4, batch 32 (CTranslate2, README)",
    "pyannote:community-1": "its version before, 45x real time on high-end hardware (pyannote.audio: 1m20s for an hour)",
    "demucs:htdemucs": "0.7x real time on a CPU (facebookresearch/demucs, README); none found for GPUs",
}  # fmt: skip


@dataclass
class Gpu:
    """What the driver says of the GPU while something runs."""

    busy: list[int] = field(default_factory=list)  # per cent of the time, each tenth of a second
    used_mb: list[int] = field(default_factory=list)  # by all processes, of contexts too

    @contextmanager
    def watched(self) -> Iterator[None]:
        query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "-lms", "100"]
        asked = subprocess.Popen(
            [*query, "--format=csv,noheader,nounits"], stdout=subprocess.PIPE, text=True
        )
        assert asked.stdout is not None

        def read() -> None:
            for line in asked.stdout or ():
                busy, used_mb = line.split(",")
                self.busy.append(int(busy))
                self.used_mb.append(int(used_mb))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield
        finally:
            asked.terminate()
            asked.wait()
            reader.join()


def measure(what: str, amount: float, unit: str, run: Callable[[], object]) -> float:
    """Runs something of so much until three seconds are over; prints and returns how much that was a second."""
    run()
    if _QUICK:
        return 0.0
    gpu = Gpu()
    times = 0
    started_s = time.perf_counter()
    with gpu.watched():
        while time.perf_counter() - started_s < _LEAST_S:
            run()
            times += 1
        took_s = time.perf_counter() - started_s
    rate = amount * times / took_s
    busy = sum(gpu.busy) / max(1, len(gpu.busy))
    print(
        f"  {what:44} {rate:9.1f} {unit:14} GPU busy {busy:3.0f} %, {max(gpu.used_mb, default=0):6d} MB",
        flush=True,
    )
    return rate


def sizes(*sizes: int) -> tuple[int, ...]:
    return (1, 2) if _QUICK else sizes


def sound(seconds: float, rate_hz: int, channels: int) -> Audio:
    """Noise that comes and goes as syllables do."""
    rng = np.random.default_rng(0)
    frames = round(seconds * rate_hz)
    swell = np.abs(np.sin(np.pi * 4 * np.arange(frames) / rate_hz))[:, np.newaxis]
    samples = 0.1 * swell * rng.standard_normal((frames, channels))
    return Audio(samples.astype(np.float32), rate_hz)


def bench_transcriber(name: str) -> None:
    with loaded(Port.TRANSCRIBER, name) as engine:
        heard = sound(_STRETCH_S, SPEECH_RATE_HZ, 1).mono()
        for size in sizes(1, 4, 8, 16, 32):
            engine._batches = Batches(size)
            (first, *_) = engine._hear([heard], "zh")
            assert first.text.strip() == full_size.SAID, first.text
            measure(
                f"{size} stretches of {_STRETCH_S:.0f} s at once", size * _STRETCH_S, "x real time",
                lambda size=size: engine._hear([heard] * size, "zh"),
            )  # fmt: skip


def bench_translator(name: str) -> None:
    with loaded(Port.TRANSLATOR, name) as engine:
        requests = [TranslationRequest(_LINE_ZH)] * _LINES
        for size in sizes(1, 8, 64, 128):
            engine._batches = Batches(size)
            count = 4 if size < 8 else _LINES
            rate = measure(
                f"{size} lines at once", count, "lines/s",
                lambda count=count: engine.translate(requests[:count], "zh", "en"),
            )  # fmt: skip
            print(f"  {'':44} {rate * full_size.LINE_TOKENS:9.1f} tokens/s")


def bench_xtts(name: str) -> None:
    with loaded(Port.SYNTHESIZER, name) as engine:
        for size in sizes(1, 4, 8, 16):
            speak = speaker(engine, size)
            measure(f"{size} lines at once", speak(), "x real time", speak)


def bench_mms(name: str) -> None:
    with loaded(Port.SYNTHESIZER, name) as engine, tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "voice.wav"
        files.write(recording, sound(5, MASTER_RATE_HZ, 1))
        for voice in ("own", str(recording)):
            said = engine.synthesize(_LINE_ID, "id", voice, 1.0)
            measure(
                f"one line of {said.duration_ms / 1000:.1f} s, {'own voice' if voice == 'own' else 'by FreeVC'}",
                said.duration_ms / 1000, "x real time",
                lambda voice=voice: engine.synthesize(_LINE_ID, "id", voice, 1.0),
            )  # fmt: skip


def bench_demucs(name: str) -> None:
    with loaded(Port.SEPARATOR, name) as engine:
        heard = sound(10 if _QUICK else 90, MASTER_RATE_HZ, 2)
        for size in sizes(1, 2, 4, 8, 16):
            demucs._STRETCHES_AT_ONCE = size
            engine._batches = Batches(size)
            measure(
                f"{size} stretches of 7.8 s at once", 90, "x real time",
                lambda: engine.separate(heard),
            )  # fmt: skip


def bench_pyannote(name: str) -> None:
    heard = sound(10 if _QUICK else 90, SPEECH_RATE_HZ, 1)
    for size in sizes(1, 8, 32, 64):
        pyannote._BATCH = size
        with loaded(Port.DIARIZER, name) as engine:
            measure(f"{size} windows at once", 90, "x real time", lambda: engine.diarize(heard))


BENCHES: Mapping[str, Callable[[str], None]] = {
    "openai-whisper:large-v3": bench_transcriber,
    "openai-whisper:turbo": bench_transcriber,
    "faster-whisper:large-v3": bench_transcriber,
    "faster-whisper:turbo": bench_transcriber,
    "opus-mt:zh-en": bench_translator,
    "m2m100:418m": bench_translator,
    "nllb:600m": bench_translator,
    "madlad:3b": bench_translator,
    "xtts:v2": bench_xtts,
    "mms:tts": bench_mms,
    "demucs:htdemucs": bench_demucs,
    "pyannote:community-1": bench_pyannote,
}


@contextmanager
def loaded(port: Port, name: str) -> Iterator:
    started_s = time.perf_counter()
    engine = registry.create(port, name)
    with engine:
        info = engine.info
        print(
            f"  loaded in {time.perf_counter() - started_s:.1f} s, declared {info.memory_mb} MB",
            flush=True,
        )
        yield engine


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("engines", nargs="*", choices=[[], *BENCHES], help="all, if none is named")
    parser.add_argument(
        "--quick", action="store_true", help="each engine once, without a GPU too, and no figures"
    )
    asked = parser.parse_args()
    global _QUICK
    _QUICK = asked.quick
    if not asked.quick and devices.gpu_memory_mb() is None:
        print("no GPU here: nothing measured")
        return
    names = asked.engines or list(BENCHES)
    if len(names) > 1:
        # In a process each, so that none is told of what another left on the GPU.
        quick = ["--quick"] * asked.quick
        failed = [
            name
            for name in names
            if subprocess.run([sys.executable, __file__, name, *quick], check=False).returncode
        ]
        sys.exit(f"not measured: {', '.join(failed)}" if failed else 0)
    import torch

    (name,) = names
    on = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(
        f"{name} on {on}, torch {torch.__version__}; published: {PUBLISHED.get(name, 'none found')}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        full_size.install(name, Path(cache), patch)
        gc.collect()
        torch.cuda.empty_cache()
        BENCHES[name](name)


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
