"""A small series from one end to the other by the profiles `local` and `gpu-research`, by the command and by the service.

The large engines have tiny weights here, but the transcriber, which has the base model's: their sounds and words make no sense, and no figure says how fast or
how good they are on a GPU. What the separator hears is taken for voices as a whole, since random weights leave no speech to hear. What is shown is that all parts of the profile work together, in processes of their own,
and that the service makes what the command makes, byte for byte. Run it from the root of the checkout:
python tests/benchmarks/bench_profiles.py
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import pytest
import tiny

from dubbing.engines.weights import cache_folder
from workers.servers import free_port

# Runs when a Python starts, in every process of the service too: tiny weights have digests of their own.
SITE = """
import dubbing.engines.hub as hub, dubbing.engines.seq2seq as seq2seq, json
def verify(self, engine, digest=hub.sha256_of):
    recorded = json.loads((self.folder / "digests.json").read_text())
    assert recorded and all(digest(self.folder / file) == sha for file, sha in recorded.items())
hub.HubModel.verify = verify
seq2seq._MOST_TOKENS = 12
import dubbing.engines.separating.demucs as demucs
from dubbing.engines.ports import Separation
separate = demucs.DemucsSeparator.separate
demucs.DemucsSeparator.separate = lambda self, audio: Separation(audio, separate(self, audio).bed)
import dataclasses, dubbing.planning.config as config
load = config.load_profile
"""
_TINY = f"""{SITE}
import dubbing.engines.synthesizing.freevc as freevc
freevc.SIZE = {tiny.SMALL_FREEVC!r}
"""
# Of the second, the one is spoken by XTTS and the other by MMS with FreeVC.
_TO = {"local": "en,es-419", "gpu-research": "en,th"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        series = root / "series"
        subprocess.run([sys.executable, "-m", "dubbing.demo", "--out", series], check=True)
        (release,) = (file.parent for file in series.rglob("release.json"))
        _run("local", release, root / "local", _fresh(root / "1", cache_folder(), os.environ))
        environment = _tiny(root)
        models = root / "cache"
        made = _run("gpu-research", release, root / "gpu", _fresh(root / "2", models, environment))
        served = _serve(release, root / "served", _fresh(root / "3", models, environment))
        same = made.keys() == served.keys() and all(made[file] == served[file] for file in made)
        print(
            f"gpu-research by the service: {len(served)} files, {'the same' if same else 'OTHER'} bytes as by the command"
        )


def _fresh(folder: Path, models: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """A cache in which the models are, and nothing is made yet."""
    folder.mkdir()
    (folder / "models").symlink_to(models / "models")
    return {**environment, "DUBBING_CACHE": str(folder)}


def _tiny(root: Path) -> dict[str, str]:
    """The models of `gpu-research`, random and small, where `dub models fetch` would put the large ones."""
    cache = root / "cache"
    with pytest.MonkeyPatch.context() as patch:
        for number, install in enumerate(
            (
                tiny.install_demucs,
                tiny.install_pyannote,
                tiny.install_xtts,
                tiny.install_mms,
                lambda to, patch: tiny.install_whisper("large-v3", to, patch),
                lambda to, patch: tiny.install_translator("nllb:600m", to, patch),
            )
        ):
            own = root / f"made{number}"
            install(own, patch)
            shutil.copytree(own / "models", cache / "models", dirs_exist_ok=True)
    (root / "site").mkdir()
    (root / "site" / "sitecustomize.py").write_text(_TINY)
    return {**os.environ, "PYTHONPATH": python_path(root / "site")}


def python_path(site: Path) -> str:
    """With a folder whose `sitecustomize` runs first, and the checkout that it changes."""
    checkout = Path(__file__).resolve().parents[2]
    return os.pathsep.join(
        map(str, (site, checkout, *filter(None, [os.environ.get("PYTHONPATH")])))
    )


def _run(
    profile: str, release: Path, out: Path, environment: Mapping[str, str]
) -> dict[str, bytes]:
    started_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dubbing", "run", release, "--to", _TO[profile], "--profile", profile, "--out", out],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    _tell(profile, out, time.perf_counter() - started_s)
    return _contents(out)


def _tell(profile: str, out: Path, seconds: float) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    reports = [json.loads(file.read_text()) for file in sorted(out.rglob("report.json"))]
    print(
        f"{profile}: {len(reports)} episodes, {sum(r['duration_ms'] for r in reports) / 1000:.0f} s, in {seconds:.0f} s"
    )
    print("  " + ", ".join(f"{e['name']} ({e['licence']})" for e in manifest["engines"]))
    lines = [line for report in reports for line in report["lines"]]
    print(
        f"  {len(lines)} lines: {dict(Counter(line['fit'] for line in lines))}, by {sorted({line['voice'] for line in lines})}"
    )
    for report in reports:
        mix = report["mix"]
        print(
            f"  {report['name']}: {mix['bed']}, {mix['integrated_lufs']:.1f} LUFS, {mix['true_peak_dbtp']:.1f} dBTP"
        )


def _serve(release: Path, out: Path, environment: dict[str, str]) -> dict[str, bytes]:
    port = free_port()
    environment = {**environment, "DUBBING_SHARED_ROOTS": str(release.parents[1])}

    def dub(*words: object, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dubbing", *map(str, words)]
        return subprocess.run(
            command, env={**environment, **more}, check=check, capture_output=True, text=True
        )

    made = dub("tokens", "create", "--team", "studio", "mei", "--role", "editor", "--json")
    command = [sys.executable, "-m", "dubbing", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    started_s = time.perf_counter()
    try:
        while time.perf_counter() - started_s < 60:
            try:
                if httpx.get(f"{url}/v1/health").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        # The service publishes beside the release: a copy of it, so that nothing is left in the first.
        release = Path(shutil.copytree(release, release.parents[1] / "copy" / release.name))
        started_s = time.perf_counter()
        done = dub(
            "jobs", "submit", release, "--to", _TO["gpu-research"], "--profile", "gpu-research", "--wait", check=False,
            DUBBING_API_URL=url, DUBBING_API_TOKEN=json.loads(made.stdout)["secret"],
        )  # fmt: skip
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=120)
    shutil.move(release / "localized", out)
    _tell("gpu-research, by the service", out, time.perf_counter() - started_s)
    return _contents(out)


def _contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


if __name__ == "__main__":
    main()
