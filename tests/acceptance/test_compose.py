"""Containers: Docker can't run in a test, so all that can be known without it is looked at.

The image is what is copied into it: the wheel is built of just that, and the packages are the Makefile's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_readme import check_dub  # type: ignore[import-not-found]

from dubbing.service.settings import ServiceSettings

ROOT = Path(__file__).resolve().parents[2]
FILES = ("compose.yaml", "compose.gpu.yaml")


def services() -> dict[str, dict[str, Any]]:
    """Of both files, what one says over what it extends."""
    cpu, gpu = (yaml.safe_load((ROOT / name).read_text())["services"] for name in FILES)
    for name, service in gpu.items():
        base = cpu[service.pop("extends")["service"] if "extends" in service else name]
        cpu = {**cpu, name: {**base, **service}}
    return dict(cpu)


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_specification_has(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_what_containers_run_is_our_commands() -> None:
    ours = {name: one for name, one in services().items() if one.get("build")}
    assert {one["command"][0] for one in ours.values()} == {
        "database", "serve", "sweep", "messages", "worker",
    }  # fmt: skip
    taken: set[str] = set()
    for name, one in ours.items():
        check_dub([str(word) for word in one["command"]])
        asked = one.get("healthcheck", {}).get("test", [])
        if asked[1:2] == ["dub"]:
            check_dub(asked[2:])
        elif asked:
            compile(asked[3], name, "exec")
        if "--queues" in one["command"]:
            taken |= set(one["command"][one["command"].index("--queues") + 1].split(","))
    assert taken == {"media", "asr", "mt", "tts"}, "with a GPU, someone takes each queue"
    assert {name for name, one in services().items() if "healthcheck" in one} == {
        "postgres", "rabbitmq", "api", "worker", "worker-gpu",
    }  # fmt: skip


def test_the_environment_is_the_settings_and_volumes_are_declared() -> None:
    known = {f"DUBBING_{name.upper()}" for name in ServiceSettings.model_fields}
    declared = set(yaml.safe_load((ROOT / FILES[0]).read_text())["volumes"])
    for one in services().values():
        if one.get("build"):
            assert set(one["environment"]) <= known
        for volume in one["volumes"]:
            source = volume.split(":")[0]
            assert source in declared or source.startswith("${RELEASES")


def test_secrets_have_no_default() -> None:
    text = (ROOT / FILES[0]).read_text()
    for variable in re.findall(r"\$\{(\w*PASSWORD)[^}]*\}", text):
        assert text.count(f"${{{variable}") == text.count(f"${{{variable}:?")


def test_the_image_has_all_that_the_service_needs(tmp_path: Path) -> None:
    text = (ROOT / "Dockerfile").read_text()
    makefile = (ROOT / "Makefile").read_text()
    packages = re.search(r"^SYSTEM_PACKAGES := (.*)$", makefile, re.MULTILINE)
    assert packages is not None
    assert packages[1] in text
    shown = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            assert source.split("/")[0] in shown, f"{source} is kept from the image"
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / "image" / target)
            else:
                (tmp_path / "image" / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, tmp_path / "image" / target)
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps",
         "--no-build-isolation", "--wheel-dir", tmp_path, tmp_path / "image"],
        check=True, timeout=120,
    )  # fmt: skip
    [wheel] = tmp_path.glob("dubbing-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "dubbing/store/migrations/env.py",
        "workers/worker.py",
        "dubbing/_configs/profiles/local.toml",
    ):
        assert part in names
