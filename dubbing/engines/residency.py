"""Which engines are loaded in this process, within a budget of memory.

What an engine takes is what its `info` says: an estimate, so the budget is one too. An engine that is larger
than the whole budget is loaded all the same, alone: it may well fit.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from filelock import FileLock

from dubbing.engines.ports import Engine
from dubbing.engines.weights import cache_folder

log = logging.getLogger(__name__)

# Whoever speaks line by line comes back between two lines: for so long an engine that another thread has just
# used does not have to leave...
_LINGER_S = 1.0
# ... unless somebody has been waiting for so long. From then on it is first come, first served.
_PATIENCE_S = 30.0


class _State(Enum):
    OUT = auto()
    LOADING = auto()
    IN = auto()
    LEAVING = auto()


@dataclass(slots=True, eq=False)
class Place:
    """What is known of an engine's stay."""

    engine: Engine
    name: str  # unique among all: synthesizer kokoro:82m
    memory_mb: int
    state: _State = _State.OUT
    users: int = 0
    turn: int = 0  # of its last use: the smaller, the longer ago
    left_s: float = 0.0  # when its last user left it...
    left_by: int = 0  # ... and who that was

    @property
    def is_loaded(self) -> bool:
        return self.state is _State.IN


class Watcher(Protocol):
    def __call__(self, place: Place, load_s: float) -> None: ...


class Residency:
    """Loads engines when they are asked for, and lets those go that were not used for longest.

    Threads that ask for one engine while it loads wait for it; others load meanwhile. One in use never leaves:
    who needs its room waits. Only a thread that holds one engine already and asks for another does not wait, so
    that no two can wait for each other; it may exceed the budget.
    """

    def __init__(self, budget_mb: int | None = None, loaded: Watcher | None = None) -> None:
        """`budget_mb` None: without end. `loaded` is told of every load, and how many seconds it took."""
        self.budget_mb = budget_mb
        self._loaded = loaded
        self._places: list[Place] = []
        self._turns = itertools.count(1)
        self._waiting: dict[int, float] = {}  # for room: turn -> since when
        self._here = threading.local()
        self._changed = threading.Condition()

    def place(self, engine: Engine, name: str) -> Place:
        """A place for an engine, which is not loaded yet."""
        place = Place(engine, name, engine.info.memory_mb)
        with self._changed:
            self._places.append(place)
        return place

    @property
    def used_mb(self) -> int:
        """By all that are loaded, or about to be."""
        return sum(place.memory_mb for place in self._places if place.state is not _State.OUT)

    @contextmanager
    def using(self, place: Place) -> Iterator[None]:
        """Has an engine loaded, and keeps it so while the block runs. Raises what loading raises."""
        self._enter(place)
        self._here.held = self._held() + 1
        try:
            yield
        finally:
            self._here.held -= 1
            with self._changed:
                place.users -= 1
                place.left_s, place.left_by = time.monotonic(), threading.get_ident()
                self._changed.notify_all()

    def clear(self) -> None:
        """Unloads everything, in use or not: the process has come to its end."""
        for place in reversed(self._places):
            if place.is_loaded:
                self._unload(place)

    def _held(self) -> int:
        return int(getattr(self._here, "held", 0))

    def _enter(self, place: Place) -> None:
        nested = self._held() > 0
        turn = next(self._turns)
        with self._changed:
            try:
                victims = self._await_room(place, turn, nested)
            finally:
                if self._waiting.pop(turn, None) is not None:
                    self._changed.notify_all()
            place.turn = turn
            place.users += 1
            if place.is_loaded:
                return
            place.state = _State.LOADING
            for victim in victims:
                victim.state = _State.LEAVING
        try:
            with ExitStack() as stack:
                for victim in reversed(victims):
                    stack.callback(self._unload, victim)
            self._load(place)
        except BaseException:
            with self._changed:
                place.users -= 1
                self._become(place, _State.OUT)
            raise
        self._become(place, _State.IN)

    def _await_room(self, place: Place, turn: int, nested: bool) -> list[Place]:
        """Waits until the engine is loaded, or can be; who has to leave for it. Holds the lock."""
        while True:
            pause_s: float | None = None
            if place.state in (_State.LOADING, _State.LEAVING):
                self._waiting.pop(turn, None)  # not for room
            elif nested or not self._late_before(turn):
                if place.is_loaded:
                    return []
                victims, pause_s = self._room(place, turn, nested)
                if victims is not None:
                    return victims
                self._waiting.setdefault(turn, time.monotonic())
                pause_s = min(
                    pause_s or _PATIENCE_S, _PATIENCE_S
                )  # then it is this one that is late
            self._changed.wait(pause_s)

    def _late_before(self, turn: int) -> bool:
        """Whether somebody who came earlier has been waiting for room for too long."""
        now_s = time.monotonic()
        return any(t < turn and now_s - since > _PATIENCE_S for t, since in self._waiting.items())

    def _room(
        self, place: Place, turn: int, nested: bool
    ) -> tuple[list[Place] | None, float | None]:
        """Who has to leave so that an engine fits; None if that is not possible yet, and then after how many
        seconds it may be, if that is not up to others."""
        if self.budget_mb is None or not place.memory_mb:
            return [], None
        missing_mb = self.used_mb + place.memory_mb - self.budget_mb
        victims: list[Place] = []
        pause_s: float | None = None
        now_s, me = time.monotonic(), threading.get_ident()
        impatient = nested or now_s - self._waiting.get(turn, now_s) > _PATIENCE_S
        idle = [p for p in self._places if p.is_loaded and not p.users and p.memory_mb]
        for one in sorted(idle, key=lambda p: p.turn):
            if missing_mb <= 0:
                break
            stays_s = one.left_s + _LINGER_S - now_s
            if one.left_by != me and stays_s > 0 and not impatient:
                pause_s = min(stays_s, pause_s or stays_s)
                continue
            victims.append(one)
            missing_mb -= one.memory_mb
        if missing_mb <= 0:
            return victims, None
        leaving_mb = sum(victim.memory_mb for victim in victims)
        if nested or self.used_mb == leaving_mb:
            # Nothing else could leave.
            log.warning(
                "%s takes %d MB, which is more than is free of %d MB: it is loaded all the same",
                place.name, place.memory_mb, self.budget_mb,
            )  # fmt: skip
            return victims, None
        return None, pause_s

    def _load(self, place: Place) -> None:
        started_s = time.perf_counter()
        if place.memory_mb:
            # Processes of one machine load a model one after the other: the second finds its files in memory.
            locks = cache_folder() / "locks"
            locks.mkdir(parents=True, exist_ok=True)
            file = "load-" + "".join(c if c.isalnum() or c in "-." else "-" for c in place.name)
            with FileLock(locks / f"{file}.lock"):
                place.engine.__enter__()
        else:
            place.engine.__enter__()
        if self._loaded is not None:
            self._loaded(place, time.perf_counter() - started_s)

    def _unload(self, place: Place) -> None:
        try:
            place.engine.__exit__(None, None, None)
        finally:
            self._become(place, _State.OUT)

    def _become(self, place: Place, state: _State) -> None:
        with self._changed:
            place.state = state
            self._changed.notify_all()
