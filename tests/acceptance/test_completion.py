"""The command completed by shells, as they do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DUB = Path(sys.executable).with_name("dub")


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "LANG") if name in os.environ}
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "TERM": "dumb", **kept, **more}


def dub(home: Path, *arguments: str, status: int = 0, **more: str) -> str:
    done = subprocess.run(
        [DUB, *arguments], env=environment(home, **more), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def completed(home: Path, *words: str) -> list[str]:
    """What a new bash offers for the last of the words."""
    asked = " ".join(f"'{word}'" for word in words)
    text = (
        f"COMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}; "
        "complete -p dub >/dev/null && _dub_completion dub 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "-i", "-c", text], env=environment(home), capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize("rc", ["", "alias ls='ls -l'", "echo words >/dev/null\n"])
def test_bash_completes_after_one_command_which_may_be_given_again(rc: str, tmp_path: Path) -> None:
    start = tmp_path / ".bashrc"
    start.write_text(rc)
    dub(tmp_path, "completion", "bash", "--install")
    once = start.read_text()
    assert once.startswith(rc)
    dub(tmp_path, "completion", "--install", SHELL="/bin/bash")
    assert start.read_text() == once
    if not rc:
        # `dub` is on no path here: the script knows where it is.
        assert completed(tmp_path, "dub", "ru") == ["run"]
        assert "--dry-run" in completed(tmp_path, "dub", "run", "x", "--d")
        assert completed(tmp_path, "dub", "jobs", "su") == ["submit"]
        assert completed(tmp_path, "dub", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_what_is_written_for_them(shell: str, tmp_path: Path) -> None:
    for _ in range(2):
        dub(tmp_path, "completion", shell, "--install")
    if shell == "zsh":
        (line,) = (tmp_path / ".zshrc").read_text().splitlines()
        file = Path(line.partition(" ")[2])
    else:
        file = tmp_path / ".config" / "fish" / "completions" / "dub.fish"
    text = file.read_text()
    assert f"_DUB_COMPLETE={shell}_complete" in text
    assert f"{DUB}" in text
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n", file], check=True, timeout=20)


def test_a_shell_that_is_none_of_them_is_refused(tmp_path: Path) -> None:
    assert "one of bash, zsh, fish" in dub(tmp_path, "completion", SHELL="/bin/tcsh", status=2)
    assert "one of bash, zsh, fish" in dub(tmp_path, "completion", SHELL="", status=2)
    (tmp_path / ".bashrc").mkdir()
    said = dub(tmp_path, "completion", "bash", "--install", status=2)
    assert ".bashrc" in said
    assert "Traceback" not in said
