"""The three ways work can fail, by who must act: the user, nobody (try again), or us.

Each error carries its parts as data and survives pickling, so that a worker on another machine can
report it and a face (CLI, API) can word it for its reader.
"""

from __future__ import annotations


class DubbingError(Exception):
    """Base of all errors raised on purpose. `exit_status` is what the CLI ends with."""

    exit_status = 1


class Rejected(DubbingError):
    """Something the user gave can't be used, and the user can mend it.

    `where` names the file, field or option; `found` and `expected` say what is wrong with it;
    `remedy` says what to do, as an imperative sentence.
    """

    exit_status = 2

    def __init__(self, where: str, *, found: str, expected: str, remedy: str) -> None:
        # All four go to Exception.args, so that pickling by __reduce__ rebuilds the same error.
        super().__init__(where, found, expected, remedy)
        self.where = where
        self.found = found
        self.expected = expected
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_rejected, (type(self), self.where, self.found, self.expected, self.remedy))

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; expected {self.expected}. {self.remedy}"


def _rebuild_rejected(
    kind: type[Rejected], where: str, found: str, expected: str, remedy: str
) -> Rejected:
    return kind(where, found=found, expected=expected, remedy=remedy)


class Transient(DubbingError):
    """The same call may succeed later: a time-out, a lost connection, a machine under load."""


class ProcessBroken(Transient):
    """The process that raises it can do nothing more: its GPU is lost to it, or full. Another process may
    do the same call well; this one has to end, without harm to what it was at.
    """


class Defect(DubbingError):
    """Our own mistake or a broken installation: a check of ours failed. The user can only report it."""


def install(*extras: str) -> str:
    """How a user installs optional packages, as a remedy: from the checkout. The name on PyPI isn't ours."""
    return (
        f"Install them, in the checkout: .venv/bin/python -m pip install '.[{','.join(extras)}]'."
    )
