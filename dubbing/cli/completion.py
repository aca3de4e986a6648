"""The command that has a shell complete `dub`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from dubbing.cli import console
from dubbing.errors import Rejected

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_DUB_COMPLETE"  # as click derives it from the command's name
_ZSH_NEEDS_IT_ON_THE_PATH = "(( ! $+commands[dub] )) && return 1"
_ZSH_COMPLETES = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.option("--install", is_flag=True, help="Have every new shell do it.")
@click.pass_context
def completion(context: click.Context, shell: str | None, install: bool) -> None:
    """Complete commands, options and files with the Tab key, in bash, zsh or fish.

    Without --install the script is printed. The shell is the one that you use unless you name one.

    \b
    Examples:
      dub completion --install
      dub completion bash --install
      source <(dub completion bash)    in this shell alone
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in _SHELLS:
        raise Rejected(
            "shell",
            found=repr(shell),
            expected=f"one of {', '.join(_SHELLS)}",
            remedy="Name it: dub completion bash --install.",
        )
    text = script(shell, context.find_root().command, _program())
    if not install:
        click.echo(text)
        return
    try:
        written = _install(shell, text)
    except OSError as error:
        raise Rejected(
            str(error.filename),
            found=error.strerror or str(error),
            expected="a file that can be written",
            remedy=f"Put the script where {shell} reads it: dub completion {shell} prints it.",
        ) from error
    for file in written:
        console.stdout.print(f"Written to {file}", markup=False, soft_wrap=True)
    console.stdout.print(f"A new {shell} completes `dub`.", markup=False)


def script(shell: str, command: click.Command, program: str) -> str:
    """What the shell is to read. `program` is the command's own file: `dub` may be an alias, or on no path."""
    kind = get_completion_class(shell)
    assert kind is not None  # one of ours  # noqa: S101
    text = kind(command, {}, "dub", _VARIABLE).source()
    called = f"{_VARIABLE}={shell}_complete"
    quoted = shlex.quote(program)
    if shell == "bash":
        return _replaced(text, f"{called} $1", f"{called} {quoted}")
    if shell == "zsh":
        text = _replaced(text, _ZSH_NEEDS_IT_ON_THE_PATH, "")
        text = _replaced(text, f"{called} dub", f"{called} {quoted}")
        return _replaced(text, "#compdef dub\n", f"#compdef dub\n{_ZSH_COMPLETES}")
    return _replaced(text, "(commandline -t) dub", f"(commandline -t) {quoted}")


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, old  # click's script is another than the one that is pinned  # noqa: S101
    return text.replace(old, new)


def _program() -> str:
    """The file of the command that runs now."""
    here = Path(sys.argv[0])
    if here.name == "dub" and here.is_file():
        return str(here.absolute())
    beside = Path(sys.executable).with_name("dub")
    return str(beside) if beside.is_file() else shutil.which("dub") or "dub"


def _install(shell: str, text: str) -> list[Path]:
    """Writes the script, and where the shell has no folder for such, a line that reads it. May be done again."""
    home = Path.home()
    if shell == "fish":
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        file = config / "fish" / "completions" / "dub.fish"
        _write(file, text)
        return [file]
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    file = data / "dubbing" / f"completion.{shell}"
    _write(file, text)
    folder = Path(os.environ.get("ZDOTDIR") or home) if shell == "zsh" else home
    start = folder / f".{shell}rc"
    line = f"source {shlex.quote(str(file))}"
    known = start.read_text("utf-8", errors="surrogateescape") if start.is_file() else ""
    if line in known.splitlines():
        return [file]
    with start.open("a", encoding="utf-8") as out:
        out.write(f"{chr(10) * bool(known and not known.endswith(chr(10)))}{line}\n")
    return [file, start]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n", "utf-8")
