"""What a terminal shows while work is done: what is under way, one bar for all of it, and the time left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dubbing.planning.graph import Node

# What surrounds the rows of work under way: "and 3 more", the bar, the figures, and the cursor's row.
_OTHER_ROWS = 4
_REFRESHES_PER_S = 4
# The part of the work after which the time left is told by how fast it went so far alone.
_TRUSTED = 0.1
# Before it, without a forecast, nothing is said of the time left.
_TOO_EARLY = 0.02
_LEAST_S = 0.01  # of a node: each counts for something


@dataclass(slots=True)
class _UnderWay:
    node: Node
    since_s: float
    done: int = 0
    total: int = 0

    @property
    def part(self) -> float:
        return self.done / self.total if self.total else 0.0


class RunProgress:
    """Watches a run. On a terminal it fits the terminal's rows, however many episodes there are: what is
    finished leaves. Elsewhere it writes one plain line for each node that is finished, or has failed.

    What is expected of the run is the first word on the time left; later the speed so far is. Until it is
    known what to expect, every node counts the same.
    """

    def __init__(
        self,
        console: Console,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._forecast_s: float | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._began_s = clock()
        self._planned: dict[
            str, float
        ] = {}  # key -> its weight: the seconds expected, once there are any
        self._of_episode: dict[int, set[str]] = {}  # what an episode still waits for
        self._under_way: dict[str, _UnderWay] = {}
        self._finished: set[str] = set()
        self._failed = 0
        self._live = Live(
            get_renderable=self.rows,
            console=console,
            refresh_per_second=_REFRESHES_PER_S,
            transient=True,
            auto_refresh=console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._began_s = self._clock()
        if self._console.is_terminal:
            self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def planned(self, missing: Sequence[Node]) -> None:
        with self._lock:
            for node in missing:
                if node.key not in self._planned:
                    self._planned[node.key] = 1.0
                    self._of_episode.setdefault(node.episode, set()).add(node.key)

    def expected(self, node_s: Mapping[str, float], total_s: float) -> None:
        with self._lock:
            self._forecast_s = total_s
            for key in self._planned:
                self._planned[key] = max(_LEAST_S, node_s.get(key, 0.0))

    def started(self, node: Node) -> None:
        with self._lock:
            self._under_way[node.key] = _UnderWay(node, self._clock())

    def progressed(self, node: Node, done: int, total: int) -> None:
        with self._lock:
            if node.key in self._under_way:
                one = self._under_way[node.key]
                one.done, one.total = done, total

    def finished(self, node: Node, seconds: float) -> None:
        with self._lock:
            self._under_way.pop(node.key, None)
            self._finished.add(node.key)
            self._of_episode.get(node.episode, set()).discard(node.key)
            of_all = f"{len(self._finished)} of {len(self._planned)}"
        if not self._console.is_terminal:
            self._say(f"{named(node)}: {seconds:.1f} s ({of_all})")

    def failed(self, node: Node, error: BaseException) -> None:
        with self._lock:
            self._under_way.pop(node.key, None)
            self._failed += 1
        self._say(f"[red]{escape(named(node))}: failed[/red] {escape(_first_line(error))}")

    def time_left_s(self) -> float | None:
        """None where it is too early to say."""
        with self._lock:
            part, elapsed_s = self._part(), self._clock() - self._began_s
        if part < _TOO_EARLY and self._forecast_s is None:
            return None
        trust = min(1.0, part / _TRUSTED) if self._forecast_s is not None else 1.0
        so_far_s = elapsed_s / part * trust if trust else 0.0
        return (1 - part) * (so_far_s + (self._forecast_s or 0.0) * (1 - trust))

    def _part(self) -> float:
        """How much of the work is done, 0 to 1."""
        under_way = sum(
            one.part * self._planned.get(key, 0.0) for key, one in self._under_way.items()
        )
        finished = sum(self._planned.get(key, 0.0) for key in self._finished)
        whole = sum(self._planned.values())
        return min(1.0, (finished + under_way) / whole) if whole else 0.0

    def _say(self, text: str) -> None:
        # Not wrapped: what reads a pipe takes a line for an event.
        self._console.print(text, soft_wrap=True)

    def rows(self) -> RenderableType:
        """What the terminal shows now: at most as many rows as it has."""
        left_s = self.time_left_s()
        with self._lock:
            now_s = self._clock()
            under_way = sorted(self._under_way.values(), key=lambda one: one.since_s)
            part = self._part()
            steps = f"{len(self._finished)} of {len(self._planned)} steps"
            whole = sum(1 for waits in self._of_episode.values() if not waits)
            episodes = f"{whole} of {len(self._of_episode)} episodes"
            failed = f", {self._failed} failed" if self._failed else ""
        room = max(1, self._console.size.height - _OTHER_ROWS)
        shown = Table.grid(padding=(0, 1))
        shown.add_column(no_wrap=True)
        shown.add_column(width=20)
        shown.add_column(no_wrap=True, justify="right")
        for one in under_way[:room]:
            bar = ProgressBar(total=1.0, completed=one.part, width=20, pulse=not one.total)
            shown.add_row(named(one.node), bar, duration(now_s - one.since_s))
        rest = len(under_way) - room
        left = "" if left_s is None else f", about {duration(left_s)} left"
        elapsed = duration(now_s - self._began_s)
        whole_bar = Table.grid()  # which ends its row, as a bar alone does not
        whole_bar.add_row(
            ProgressBar(total=1.0, completed=part, width=min(60, self._console.size.width))
        )
        return Group(
            shown,
            *([Text(f"and {rest} more under way")] if rest > 0 else []),
            whole_bar,
            Text(
                f"{elapsed}{left}: {steps}, {episodes}{failed}", no_wrap=True, overflow="ellipsis"
            ),
        )


def named(node: Node) -> str:
    """`ep03 translate en`"""
    return " ".join(filter(None, (f"ep{node.episode:02d}", node.stage, node.language)))


def duration(seconds: float) -> str:
    """`0:07`, `12:00`, `3:20:00`"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
