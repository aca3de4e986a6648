"""Plans of the service's jobs, laid out where they are needed and remembered for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dubbing.engines.registry import Engines
from dubbing.formats.decisions import read_decisions
from dubbing.model.service import JobState, ReleaseOrder
from dubbing.planning import orders
from dubbing.planning.graph import Node, Plan, Source
from dubbing.planning.orders import Wishes
from dubbing.service.releases.places import Place
from dubbing.service.releases.snapshots import Snapshot, sources, unrooted
from dubbing.store.artifacts import ArtifactStore

_REMEMBERED = 8


def task_of(node: Node) -> str:
    """The name of a node's task. Episodes with the same content share artifacts, but each has tasks of its
    own, so that each ends, or fails, on its own."""
    return f"{node.key}.{node.episode}.{node.language or ''}"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A plan, and where each of its nodes leads."""

    plan: Plan
    place: Place
    nodes: Mapping[str, Node]  # by the name of their task, inputs before what is made from them
    followers: Mapping[str, tuple[Node, ...]]  # likewise -> the nodes made from it

    @staticmethod
    def of(plan: Plan, place: Place) -> LaidOut:
        nodes: dict[str, Node] = {}
        for target in plan.targets():
            for node in _with_inputs(target, nodes):
                nodes[task_of(node)] = node
        followers: dict[str, list[Node]] = {name: [] for name in nodes}
        for node in nodes.values():
            for given in node.inputs.values():
                if isinstance(given, Node):
                    followers[task_of(given)].append(node)
        return LaidOut(plan, place, nodes, {name: tuple(them) for name, them in followers.items()})

    def fetch(self, source: Source) -> Path:
        """A source file on this machine."""
        return self.place.fetch(source.path, source.key)


class Plans:
    """Lays out plans from snapshots. One for each process; threads may share it."""

    def __init__(self, engines: Engines, scratch: Path) -> None:
        self._engines = engines
        self._scratch = scratch
        self._known: OrderedDict[tuple[object, ...], LaidOut] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, job: JobState, store: ArtifactStore) -> Snapshot:
        """The release as it is now. Raises Rejected for what can't be localized as ordered."""
        place = self.place(job.order)
        release = place.read()
        wished = orders.job_of(release, wishes(job.order), frozenset(job.left_out))
        published = self.out(job.order).published()
        last = max(wished.episodes, default=0)
        needed = [
            path
            for path in sources(release)
            if any(path in (e.video, e.bed) and e.number <= last for e in release.episodes)
        ]
        return Snapshot(
            release=unrooted(release),
            decisions=replace(
                read_decisions(release.cast_file, release.corrections_file),
                given=published.cast if published else {},
                published=published.job.episodes if published else (),
            ),
            digests={
                path.relative_to(release.root).as_posix(): place.digest(path, store)
                for path in needed
            },
        )

    def of(self, job: JobState, snapshot: str, episodes: tuple[int, ...] | None = None) -> LaidOut:
        """The plan of a job, or of some of its episodes. Raises Rejected."""
        # A job that is to be planned anew has a new revision before it has a new snapshot.
        key = (job.id, job.revision, snapshot, episodes)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        laid = self._lay_out(job, Snapshot.from_json(snapshot), episodes)
        with self._lock:
            self._known[key] = laid
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return laid

    def place(self, order: ReleaseOrder) -> Place:
        """Where a job's release lies. Raises Rejected if a link leads elsewhere by now."""
        return self._at(order.release)

    def out(self, order: ReleaseOrder) -> Place:
        """Where a job's localized release goes. Raises Rejected if a link leads elsewhere by now."""
        return self._at(order.out or f"{order.release.rstrip('/')}/localized")

    def _at(self, url: str) -> Place:
        place = Place(url, self._scratch)
        place.refuse_link()
        return place

    def _lay_out(
        self, job: JobState, snapshot: Snapshot, episodes: tuple[int, ...] | None
    ) -> LaidOut:
        place = self.place(job.order)
        root = place.root
        release = snapshot.rooted(root)
        wished = wishes(job.order, episodes)
        planned = orders.job_of(release, wished, frozenset(job.left_out))
        plan = orders.plan_of(
            release, planned, snapshot.decisions, self._engines, partial(snapshot.digest, root)
        )
        return LaidOut.of(plan, place)


def wishes(order: ReleaseOrder, episodes: tuple[int, ...] | None = None) -> Wishes:
    """What an order asks of its release, or of some of its episodes."""
    asked = order.episodes if episodes is None else episodes
    return Wishes(order.languages, asked, order.profile, order.dub)


def _with_inputs(node: Node, known: Mapping[str, Node]) -> Iterator[Node]:
    """A node and all it is made from that isn't known yet, inputs first."""
    if task_of(node) in known:
        return
    for given in node.inputs.values():
        if isinstance(given, Node):
            yield from _with_inputs(given, known)
    yield node
