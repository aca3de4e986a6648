"""What a terminal shows: errors, and documents for machines."""

from __future__ import annotations

import io
import json
import sys

import click
import msgspec
from rich.console import Console

from dubbing.errors import DubbingError, Rejected

EXAMPLES = """\b
Examples:
  dub run fated --to en,pt-BR,es-419        a release's folder, all episodes
  dub run fated --to en --episodes 1-3,7    some of them
  dub run fated --add fr                    one more language
  dub run fated --to en --dry-run           what would be made, and about how long it takes
  dub run clip.mp4 --to es-419 --no-dub     one video, subtitles alone
  dub edit fated --episode 1 --line 7 --language en --text "You came back."
  dub report fated                          what was made, and what to look at
"""

# Standard output is for what was asked for, so that it can be piped; all else goes here.
stderr = Console(stderr=True, highlight=False)
# What reads a pipe does not wrap lines, and should not find them wrapped.
stdout = Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def print_anything() -> None:
    """Has a terminal that lacks a character, or a name that is no text, show it as \\u6c88 rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Failed(Exception):
    """Work ended with errors that have been shown; carries the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def show_error(error: BaseException) -> None:
    """One error, in the words of its reader."""
    if isinstance(error, Rejected):
        stderr.print("[bold red]Refused[/bold red] ", end="")
        stderr.print(error.where, markup=False, soft_wrap=True)
        for word, text in (
            ("found", error.found),
            ("expected", error.expected),
            ("do", error.remedy),
        ):
            stderr.print(f"  [bold]{word:>8}[/bold]  ", end="")
            stderr.print(text, markup=False, soft_wrap=True)
    elif isinstance(error, DubbingError):
        stderr.print("[bold red]Failed[/bold red] ", end="")
        stderr.print(str(error), markup=False, soft_wrap=True)
    else:
        stderr.print("[bold red]Failed, and it is our fault[/bold red] ", end="")
        stderr.print(f"{type(error).__name__}: {error}", markup=False, soft_wrap=True)


def print_json(document: object) -> None:
    """A document for machines, on standard output."""
    try:
        encoded = msgspec.json.format(
            msgspec.json.encode(document, enc_hook=str), indent=2
        ).decode()
    except UnicodeEncodeError:  # a path that is not UTF-8: its bytes stand there as escapes
        encoded = json.dumps(msgspec.to_builtins(document, enc_hook=str), indent=2)
    click.echo(encoded)
