"""The command where the service's packages are not installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "alembic", "celery", "fastapi", "faststream", "fsspec", "httpx", "opentelemetry",
    "prometheus_client", "psycopg", "pydantic_settings", "s3fs", "sqlalchemy", "sse_starlette",
    "standardwebhooks", "structlog", "uvicorn",
)  # fmt: skip
WITHOUT = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {PACKAGES!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from dubbing.cli import main
main()
"""


def dub(*arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "DUBBING_API_TOKEN": "dub_x", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_help_needs_none_of_them() -> None:
    assert "dub jobs submit fated --upload" in dub("jobs", "--help")
    assert "--review" in dub("jobs", "submit", "--help")
    assert "Localize a release" in dub("--help")


@pytest.mark.parametrize("arguments", [("jobs", "list"), ("serve",), ("tokens", "list")])
def test_what_to_install_is_said(arguments: tuple[str, ...]) -> None:
    said = dub(*arguments, status=2)
    assert "no package" in said
    assert "-m pip install '.[service]'" in said


def test_no_name_on_pypi_is_advised_that_is_not_ours() -> None:
    files = [ROOT / "README.md", ROOT / "Makefile"]
    for folder, pattern in (("docs", "*.md"), ("dubbing", "*.py"), ("workers", "*.py")):
        files += (ROOT / folder).rglob(pattern)
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        for match in re.finditer(r"pip install ['\"]?dubbing|dubbing\[\w+\]", file.read_text("utf-8"))
    ]  # fmt: skip
    assert found == []
