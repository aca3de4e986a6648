"""What is installed: small, without torch, and as good outside the checkout as in it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from command import Dub
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def closure(distribution: str, extra: str) -> set[str]:
    """Every distribution that a distribution with an extra takes along."""
    found: set[tuple[str, str]] = set()
    waiting = [(distribution, extra)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in found:
            continue
        found.add((name, wanted))
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                waiting += [(requirement.name, one) for one in (*requirement.extras, "")]
    return {name.lower() for name, _ in found}


def test_the_embedded_default_installs_no_torch() -> None:
    names = closure("dubbing", "local")
    assert "faster-whisper" in names
    assert "ctranslate2" in names
    assert not {name for name in names if name.startswith(("torch", "triton", "nvidia"))}


def test_the_core_is_small() -> None:
    assert not {"onnxruntime", "faster-whisper", "xllamacpp"} & closure("dubbing", "")


@pytest.mark.models
def test_the_embedded_default_loads_no_torch(tmp_path: Path) -> None:
    program = """
import sys
from dubbing.planning.config import load_profile
from dubbing.engines.registry import create
from dubbing.planning.pipeline import Planner
for port, name in Planner.engines_named(load_profile("local")):
    with create(port, name):
        pass
assert "torch" not in sys.modules, "torch was imported"
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=200)


def test_the_wheel_runs_outside_the_checkout(series: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, ROOT],
        check=True, timeout=120,
    )  # fmt: skip
    [wheel] = tmp_path.glob("dubbing-*.whl")
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True, timeout=120)

    environment = {**os.environ, "PYTHONPATH": str(site), "DUBBING_CACHE": str(tmp_path / "cache")}

    def python(*arguments: object) -> str:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120,
        ).stdout  # fmt: skip

    where = python("-c", "import dubbing, voices; print(dubbing.__file__, voices.__file__)")
    assert where.count(str(site)) == 2
    assert "kumo" in python("-m", "dubbing", "voices", "list")
    assert "Español" in python("-m", "dubbing", "languages")
    environment["DUBBING_DATABASE_URL"] = f"sqlite:///{tmp_path / 'service.db'}"
    assert "revision 0004" in python("-m", "dubbing", "database", "upgrade")
    python("-m", "dubbing", "run", series, "--to", "en", "--profile", "fake")
    page = (series / "localized" / "ep01" / "report.html").read_text("utf-8")
    assert '<script>"use strict";' in page  # templates travel in the wheel


def test_engines_are_listed_with_their_licences(dub: Dub) -> None:
    listed = dub("engines").stdout
    for word in ("faster-whisper:base", "kokoro:82m", "Apache-2.0", "MIT"):
        assert word in " ".join(listed.split())
    assert "no: its model" in listed
