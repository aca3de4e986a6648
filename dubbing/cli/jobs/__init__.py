"""Commands that drive a service elsewhere, in the words of the commands that work here."""

from __future__ import annotations

from dubbing.cli.jobs import correcting, fetching, following, submitting
from dubbing.cli.jobs.group import jobs

__all__ = ["correcting", "fetching", "following", "jobs", "submitting"]
