"""How long a worker holds a task: for as long as it works at it, but not for ever, since a stage may hang."""

from __future__ import annotations

import contextlib
import faulthandler
import threading
import time
from collections.abc import Callable, Iterator

import structlog

from dubbing.errors import Transient
from dubbing.model.service import Finding, Limits, Task
from dubbing.service.work import changes
from dubbing.store import tasks
from dubbing.store.database import Database, now_ms

log = structlog.get_logger()

_SIGN_S = 1.0  # between two signs that Python still runs
_LEAST_SILENCE_S = 30.0


@contextlib.contextmanager
def lease(
    database: Database, task: Task, limits: Limits, end_process: Callable[[], None]
) -> Iterator[None]:
    """Prolongs a task's lease while the block runs. Where it runs for longer than a stage may, its attempt is
    over, and so is the process: no thread can be taken out of what it hangs in."""
    done = threading.Event()
    until_s = time.monotonic() + limits.stage_s

    def watch() -> None:
        held = True
        while True:
            left_s = until_s - time.monotonic()
            if done.wait(max(0.0, min(limits.lease_s / 3, left_s))):
                return
            if time.monotonic() >= until_s:
                _end_attempt(database, task, limits)
                end_process()
                return
            if held:
                try:
                    with database.transaction() as connection:
                        # If not, it has just ended, or is somebody else's now. What is made is kept.
                        held = tasks.extend(connection, task, now_ms(), limits)
                except Transient as error:
                    log.warning("lease.not_prolonged", reason=str(error))

    thread = threading.Thread(target=watch, name=f"lease-{task.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _end_attempt(database: Database, task: Task, limits: Limits) -> None:
    finding = Finding(
        f"It was not done after {limits.stage_s:g} s, and taken for hung, in attempt {task.attempts} of "
        f"{limits.attempts}.",
        "lost",
        final=False,
    )
    log.error("stage.hung", job=task.job, stage=task.stage, attempt=task.attempts)
    try:
        with database.transaction() as connection:
            changes.note_failure(connection, task, finding, now_ms(), limits)
    except Transient as error:
        log.warning("lease.left", reason=str(error))  # it runs out, and the sweeper sees it


@contextlib.contextmanager
def ended_if_stuck(limits: Limits) -> Iterator[None]:
    """Ends this process where Python stops running in it: a library may hang without letting go of the
    interpreter, and then no thread of ours can end it. Says on standard error where it was.

    By then the leases have run out. For a whole process, of which there can be one such watch.
    """
    silence_s = max(_LEAST_SILENCE_S, 2 * limits.lease_s)
    done = threading.Event()

    def sign() -> None:
        while not done.is_set():
            # Told by a thread of C, which needs no interpreter.
            faulthandler.dump_traceback_later(silence_s, exit=True, file=2)
            done.wait(_SIGN_S)
        faulthandler.cancel_dump_traceback_later()

    thread = threading.Thread(target=sign, name="signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
