"""Runs a plan here: what is missing, as soon as what it is made from is there, on the cores there are."""

from __future__ import annotations

import fnmatch
import glob
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from dubbing.engines.registry import Engines
from dubbing.errors import Defect
from dubbing.formats.digest import sha256_of
from dubbing.making import disk
from dubbing.planning.graph import Node, Source
from dubbing.stages import Work
from dubbing.store.artifacts import ArtifactStore, key_of, read_json, write_json


class Watcher(Protocol):
    """Who is told how a run goes. Called from several threads."""

    def planned(self, missing: Sequence[Node]) -> None: ...  # may name a node again
    def expected(
        self, node_s: Mapping[str, float], total_s: float
    ) -> None: ...  # by key; an estimate
    def started(self, node: Node) -> None: ...
    def progressed(self, node: Node, done: int, total: int) -> None: ...
    def finished(self, node: Node, seconds: float) -> None: ...
    def failed(self, node: Node, error: BaseException) -> None: ...


class Unwatched:
    """Nobody is told."""

    def planned(self, missing: Sequence[Node]) -> None: ...
    def expected(self, node_s: Mapping[str, float], total_s: float) -> None: ...
    def started(self, node: Node) -> None: ...
    def progressed(self, node: Node, done: int, total: int) -> None: ...
    def finished(self, node: Node, seconds: float) -> None: ...
    def failed(self, node: Node, error: BaseException) -> None: ...


@dataclass(slots=True)
class Outcome:
    """How a run ended. Where nothing failed, every target exists."""

    seconds: float = 0.0
    stage_seconds: dict[str, float] = field(
        default_factory=dict
    )  # only of stages that had work to do
    worked: list[tuple[Node, float]] = field(
        default_factory=list
    )  # these stages, and their seconds
    failures: list[tuple[Node, Exception]] = field(default_factory=list)

    @property
    def stages_run(self) -> int:
        return len(self.stage_seconds)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs nodes on threads: engines do their work outside the interpreter's lock, ffmpeg in processes.

    One node that fails takes only those down that need it; the rest is made, and kept for the next run.
    """

    store: ArtifactStore
    engines: Engines
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    watcher: Watcher = field(default_factory=Unwatched)

    def run(self, targets: Iterable[Node]) -> Outcome:
        """Makes the targets, and what they need. KeyboardInterrupt leaves what is made in the store."""
        started_s = time.perf_counter()
        outcome = Outcome()
        missing = missing_nodes(self.store, targets)
        self.watcher.planned(list(missing.values()))
        waiting = dict(missing)
        running: dict[Future[tuple[bool, float]], Node] = {}
        failed: set[str] = set()
        pool = ThreadPoolExecutor(self.workers)
        try:
            while waiting or running:
                self._start_ready(pool, waiting, running, failed)
                if not running:
                    break
                # A bounded wait, so that Ctrl-C is met at once.
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    node = running.pop(future)
                    self._note(node, future, outcome, failed)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
        outcome.seconds = time.perf_counter() - started_s
        return outcome

    def _start_ready(
        self,
        pool: ThreadPoolExecutor,
        waiting: dict[str, Node],
        running: dict[Future[tuple[bool, float]], Node],
        failed: set[str],
    ) -> None:
        busy = {node.key for node in running.values()}
        for node in list(waiting.values()):
            needed = {given.key for given in node.inputs.values()}
            if needed & failed:
                failed.add(node.key)
                del waiting[node.key]
            elif len(running) < self.workers and not needed & (waiting.keys() | busy):
                del waiting[node.key]
                running[pool.submit(self._make, node)] = node
                busy.add(node.key)

    def _make(self, node: Node) -> tuple[bool, float]:
        started_s = time.perf_counter()
        self.watcher.started(node)
        worked = make(node, self.store, self.engines, partial(self.watcher.progressed, node))
        return worked, time.perf_counter() - started_s

    def _note(
        self, node: Node, future: Future[tuple[bool, float]], outcome: Outcome, failed: set[str]
    ) -> None:
        error = future.exception()
        if error is None:
            worked, seconds = future.result()
            if worked:
                name = " ".join(filter(None, (node.stage, f"ep{node.episode:02d}", node.language)))
                outcome.stage_seconds[name] = seconds
                outcome.worked.append((node, seconds))
            self.watcher.finished(node, seconds)
        elif isinstance(error, Exception):
            failed.add(node.key)
            outcome.failures.append((node, error))
            self.watcher.failed(node, error)
        else:
            raise error


def make(
    node: Node,
    store: ArtifactStore,
    engines: Engines,
    progress: Callable[[int, int], None],
    fetch: Callable[[Source], Path] = lambda source: source.path,
) -> bool:
    """Makes a node, all of whose inputs exist; its artifact is in the store whole or not at all.

    False if nothing had to be done: the same work was done before, on inputs that had other keys and the
    same content. So a change that turns out to change nothing (a glossary's new word, in an episode that
    doesn't have it) goes no further. `fetch` gives the place of a source file on this machine. Raises what
    the stage raises, and Rejected where the disk is full.
    """
    try:
        contents = {role: _content_of(store, given) for role, given in node.inputs.items()}
        record = key_of("made", 1, work=node.work, contents=contents)
        earlier = _made_before(store, record)
        with store.writing(node.key) as out:
            if earlier is not None:
                shutil.copytree(earlier, out, copy_function=os.link, dirs_exist_ok=True)
            else:
                inputs = {
                    role: store.path(given.key) if isinstance(given, Node) else fetch(given)
                    for role, given in node.inputs.items()
                }
                node.run(
                    Work(
                        label=node.label,
                        inputs=inputs,
                        out=out,
                        engines=engines,
                        store=store,
                        progress=progress,
                    )
                )
                _hold_to_what_it_says(node, out)
                write_json(out / _CONTENT, _digest_of_folder(out))
        store.get_or_make(record, lambda folder: write_json(folder / _RECORD, node.key))
    except OSError as error:
        raise disk.rejected(error, store.root) from error
    return earlier is None


_CONTENT = "content.json"  # in an artifact: the digest of all else that is in it
_RECORD = "artifact.json"  # the key of what was made from a content


def _hold_to_what_it_says(node: Node, out: Path) -> None:
    """Raises Defect for a stage that leaves other files than it declares: others read what it declares."""
    left = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    said: set[str] = set()
    for leaf in node.says.leaves:
        of_leaf = set(fnmatch.filter(left, leaf.file.format(name=glob.escape(node.name))))
        if not of_leaf and not leaf.optional:
            raise Defect(f"the stage {node.stage} left no {leaf.file}")
        said |= of_leaf
    if unsaid := sorted(left - said):
        raise Defect(f"the stage {node.stage} left {', '.join(unsaid)}, which it doesn't declare")


def _content_of(store: ArtifactStore, given: Node | Source) -> str:
    if isinstance(given, Source):
        return given.key
    return read_json(store.path(given.key) / _CONTENT, str)


def _made_before(store: ArtifactStore, record: str) -> Path | None:
    """The folder of what was made from the same content, unless it has been cleaned away."""
    if record not in store:
        return None
    key = read_json(store.path(record) / _RECORD, str)
    return store.path(key) if key in store else None


def _digest_of_folder(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return key_of("content", 1, files={str(f.relative_to(folder)): sha256_of(f) for f in files})


def missing_nodes(store: ArtifactStore, targets: Iterable[Node]) -> dict[str, Node]:
    """The nodes to run, by key, inputs before what is made from them.

    A node that exists needs nothing: its inputs may have been cleaned away.
    """
    missing: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if node.key in missing or node.key in store:
            return
        for given in node.inputs.values():
            if isinstance(given, Node):
                visit(given)
        missing[node.key] = node

    for target in targets:
        visit(target)
    return missing
