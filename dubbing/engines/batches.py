"""Work on a device in batches as large as its memory allows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from dubbing.engines import devices

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


class Batches:
    """Batches of items that are as long as each other, so that none is padded for another's sake and each
    becomes what it would become alone. A batch that does not fit is halved, and what fits is remembered for
    the next call: memory runs out once, not each time."""

    def __init__(self, size: int, is_full: Callable[[Exception], bool] = devices.is_full) -> None:
        """`size` items at once at first. `is_full` tells of an error whether memory ran out."""
        self.size = size
        self._is_full = is_full
        self._lock = threading.Lock()  # a device does one batch at a time

    def run(
        self,
        items: Sequence[_Item],
        length: Callable[[_Item], int],
        make: Callable[[list[_Item]], Sequence[_Made]],
        clear: Callable[[], None] = lambda: None,
    ) -> list[_Made]:
        """What `make` makes of each item, in the order of the items. `clear` frees what a failed batch held.

        Raises what `make` raises for lack of memory if even a single item does not fit.
        """
        made: dict[int, _Made] = {}
        # Lengths too: what counts tokens may not be asked by two at once, nor while it is told a language.
        with self._lock:
            lengths = [length(item) for item in items]
            order = sorted(range(len(items)), key=lambda i: lengths[i], reverse=True)
            while order:
                batch = [i for i in order[: self.size] if lengths[i] == lengths[order[0]]]
                try:
                    results = make([items[i] for i in batch])
                except Exception as error:
                    if len(batch) == 1 or not self._is_full(error):
                        raise
                    self.size = len(batch) // 2
                else:
                    made.update(zip(batch, results, strict=True))
                    order = order[len(batch) :]
                    continue
                # Not in the handler: there the failed batch is still held by its trace.
                clear()
        return [made[i] for i in range(len(items))]


class Together(Generic[_Item, _Made]):
    """Makes one call of those that threads make at the same time: whoever comes while the device is at work is
    taken along by the next call, with all others that came meanwhile."""

    def __init__(self, make: Callable[[list[_Item]], Sequence[_Made]]) -> None:
        self._make = make
        self._waiting: deque[tuple[_Item, Future[_Made]]] = deque()
        self._turn = threading.Lock()

    def run(self, items: Sequence[_Item]) -> list[_Made]:
        """What is made of each item, in their order. Raises what `make` raises, as do all that were taken along."""
        mine: list[tuple[_Item, Future[_Made]]] = [(item, Future()) for item in items]
        self._waiting.extend(mine)
        with self._turn:
            # By now another thread may have had them made. Those that wait here were there when it began.
            if not all(made.done() for _, made in mine):
                self._make_all_that_wait()
        return [made.result() for _, made in mine]

    def _make_all_that_wait(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            results = list(zip(taken, self._make([item for item, _ in taken]), strict=True))
        except BaseException as error:  # noqa: BLE001  it is raised by all who asked
            for _, made in taken:
                made.set_exception(error)
        else:
            for (_, made), result in results:
                made.set_result(result)
