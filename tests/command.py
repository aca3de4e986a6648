"""The command `dub`, as a user runs it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forks

HERE = Path.cwd()


@dataclass(frozen=True)
class Dub:
    """The command `dub`, with a cache of its own."""

    cache: Path
    profile: str = "fake"

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "DUBBING_CACHE": str(self.cache)}

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "dubbing", *map(str, arguments)]

    def __call__(
        self, *arguments: object, status: int = 0, folder: Path = HERE
    ) -> subprocess.CompletedProcess[str]:
        """Runs it in a folder, in a process of its own, and holds it to its exit status."""
        given = [str(argument) for argument in arguments]
        done = forks.run(given, self.environment, folder, timeout_s=120)
        assert done.returncode == status, f"dub {shlex.join(given)}\n{done.stdout}{done.stderr}"
        return done

    def run(self, target: Path, *arguments: object, to: str = "en,es-419") -> dict[str, Any]:
        """Localizes and returns what `--json` prints."""
        done = self("run", target, "--to", to, "--profile", self.profile, "--json", *arguments)
        return dict(json.loads(done.stdout))

    def refused(self, *arguments: object) -> str:
        """The message of a command that must be refused: to the user, without a traceback."""
        done = self(*arguments, status=2)
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        return done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
