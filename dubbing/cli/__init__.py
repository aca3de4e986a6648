"""The command `dub`."""

from dubbing.cli.main import main

__all__ = ["main"]
