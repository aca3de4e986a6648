"""A series from one end to the other by the profile `gpu-research` on a GPU: what a minute of it buys.

The models have random weights in their published sizes (`full_size.py`). What they say is put in the place of what
random weights would say, no line like another, and all that the separator hears is taken for voices: so there is as much
work as in a real series, and no sense in what comes of it. Each language is run after those before it, in a process
of its own. Run it from the root of the checkout, on a machine with a GPU:
python tests/benchmarks/bench_gpu_run.py RELEASE [--to en,es-419,th] [--transcriber openai-whisper:turbo]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import full_size
import pytest
from bench_gpu import Gpu, sound
from bench_profiles import SITE, python_path

from dubbing.engines import devices
from dubbing.media import sound as files
from dubbing.model.audio import MASTER_RATE_HZ
from dubbing.planning.config import load_profile

LETTERS = "沈砚我不是为你回来的那什么站在家门口拿妈照片"  # which the tokenizers know
SAID = {
    "en": "Then why are you standing at my door, number {}?",
    "es": "¿Entonces por qué estás parada en mi puerta, número {}?",
    "th": "แล้วทำไมคุณถึงมายืนอยู่หน้าบ้านของฉัน {}",
    "id": "Lalu kenapa kamu berdiri di depan pintuku, nomor {}?",
    "vi": "Vậy tại sao bạn lại đứng trước cửa nhà tôi, số {}?",
}
# Besides what `bench_profiles` has it do: the voices of Kokoro are a recording of noise, whose weights may not be here.
_SITE = f"""{SITE}
seq2seq._MOST_TOKENS = {full_size.LINE_TOKENS}
import dubbing.engines.synthesizing.mms as mms, os, pathlib
mms._spoken_by_kokoro = lambda name: pathlib.Path(os.environ["BENCH_VOICE"])

import itertools
import dubbing.engines.transcribing.hearing as hearing
from dubbing.engines.ports import Translation
pairs = itertools.cycle(itertools.product({LETTERS!r}, repeat=2))
words_of, translate, count = hearing.words_of, seq2seq.Seq2SeqTranslator.translate, itertools.count()
def told_apart(tokens, stretch, language):
    words = words_of(tokens, stretch, language)
    pair = next(pairs)
    return [dataclasses.replace(w, text=letter) for w, letter in zip(words, pair)] + words[2:]
def as_people_say(self, requests, source, target):
    translate(self, requests, source, target)
    return [Translation({SAID!r}[target[:2]].format(next(count))) for _ in requests]
hearing.words_of, seq2seq.Seq2SeqTranslator.translate = told_apart, as_people_say
config.load_profile = lambda name: dataclasses.replace(load(name), transcriber=os.environ["BENCH_TRANSCRIBER"])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("release", type=Path, nargs="?")
    parser.add_argument("--to", default="en,es-419,th", help="of en, es, th, id, vi")
    parser.add_argument("--transcriber", default=load_profile("gpu-research").transcriber)
    asked = parser.parse_args()
    if asked.release is None or devices.gpu_memory_mb() is None:
        print("no GPU here, or no release named: nothing measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = _installed(root, asked.transcriber)
        languages: list[str] = []
        for language in asked.to.split(","):
            languages.append(language)
            _run(asked.release, languages, root / "out", environment)


def _installed(root: Path, transcriber: str) -> dict[str, str]:
    """The models of the profile in one cache, and what a process needs to find them."""
    cache = root / "cache"
    research = load_profile("gpu-research")
    named = [
        research.separator, research.diarizer, transcriber, *research.translators, "xtts:v2", "mms:tts",
    ]  # fmt: skip
    for number, name in enumerate(named):
        started_s = time.perf_counter()
        made = root / f"made{number}"
        with pytest.MonkeyPatch.context() as patch:
            full_size.install(name, made, patch)
        shutil.copytree(
            made / "models", cache / "models", dirs_exist_ok=True, copy_function=os.link
        )
        print(f"made {name} in {time.perf_counter() - started_s:.0f} s", flush=True)
    files.write(root / "voice.wav", sound(5, MASTER_RATE_HZ, 1))
    (root / "site").mkdir()
    (root / "site" / "sitecustomize.py").write_text(_SITE)
    return {
        **os.environ, "PYTHONPATH": python_path(root / "site"), "DUBBING_CACHE": str(cache), "BENCH_TRANSCRIBER": transcriber,
        "BENCH_VOICE": str(root / "voice.wav"),
    }  # fmt: skip


def _run(release: Path, languages: list[str], out: Path, environment: dict[str, str]) -> None:
    command = [
        sys.executable, "-m", "dubbing", "run", release, "--to", ",".join(languages),
        "--profile", "gpu-research", "--out", out, "--json",
    ]  # fmt: skip
    gpu = Gpu()
    started_s = time.perf_counter()
    with gpu.watched():
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    took_s = time.perf_counter() - started_s
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    outcome = json.loads(done.stdout)
    reports = [
        json.loads(file.read_text()) for file in sorted(out.rglob(f"{languages[-1]}/report.json"))
    ]
    minutes = sum(report["duration_ms"] for report in reports) / 60_000
    lines = sum(len(report["lines"]) for report in reports)
    busy = sum(gpu.busy) / max(1, len(gpu.busy)) / 100
    print(
        f"{languages[-1]}: {len(reports)} episodes, {minutes:.1f} min, {lines} lines in {took_s:.0f} s: "
        f"{minutes * 60 / took_s:.2f} minutes of episode a minute that the GPU was held, "
        f"{minutes * 60 / (busy * took_s):.2f} a minute that it was busy ({busy:.0%} of the time), "
        f"{max(gpu.used_mb, default=0)} MB at most"
    )
    for name, usage in outcome["engines"].items():
        print(f"  {name}: {json.dumps(usage)}")
    seconds: dict[str, float] = {}
    for stage, spent_s in outcome["stage_seconds"].items():
        kind = stage.partition(" ")[0]
        seconds[kind] = seconds.get(kind, 0.0) + spent_s
    print(
        "  " + ", ".join(f"{kind} {spent_s:.1f} s" for kind, spent_s in seconds.items()), flush=True
    )


if __name__ == "__main__":
    main()
