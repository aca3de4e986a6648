"""Killed at any moment and run again, the release is byte for byte that of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Dub, contents
from series import tones


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    """One short episode: a run of it is over soon, so that a drill can kill many."""
    video = tmp_path_factory.mktemp("short") / "short.mp4"
    return make_video(video, seconds=4, audio=tones(4, [(0.5, 150, 1.0), (2, 220, 1.2)]))


def _whole_or_not_at_all(out: Path, undisturbed: dict[str, bytes]) -> None:
    assert not out.exists() or contents(out) == undisturbed


def test_kills_at_random_moments(short: Path, tmp_path: Path) -> None:
    """KILLS=100 makes it a drill; `make kills` does."""
    kills, rng = int(os.environ.get("KILLS", "4")), random.Random(11)
    reference = Dub(tmp_path / "reference")
    started = time.monotonic()
    reference.run(short, "--out", tmp_path / "undisturbed")
    lasts_s = time.monotonic() - started
    undisturbed = contents(tmp_path / "undisturbed")

    dub, out = Dub(tmp_path / "cache0"), tmp_path / "out0"
    for kill in range(kills):
        process = subprocess.Popen(
            dub.command("run", short, "--to", "en,es-419", "--profile", "fake", "--out", out),
            env=dub.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(rng.uniform(0, lasts_s))
        process.send_signal(signal.SIGKILL)
        process.wait()
        _whole_or_not_at_all(out, undisturbed)
        dub.run(short, "--out", out)
        assert contents(out) == undisturbed
        assert not [p for p in out.parent.iterdir() if p.name.startswith(f".{out.name}.")]
        shutil.rmtree(dub.cache)
        dub, out = Dub(tmp_path / f"cache{kill + 1}"), tmp_path / f"out{kill + 1}"


def test_ctrl_c_says_how_to_go_on(pristine: Path, tmp_path: Path) -> None:
    dub = Dub(tmp_path / "cache")
    process = subprocess.Popen(
        dub.command("run", pristine, "--to", "en", "--profile", "fake", "--out", tmp_path / "out"),
        env=dub.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:  # the first stage is done: work is under way
        if "probe" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=10) == 130
    assert "goes on where this one left off" in rest
    assert "Traceback" not in rest
    assert not (tmp_path / "out").exists()
    dub.run(pristine, "--out", tmp_path / "out", to="en")
