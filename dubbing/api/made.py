"""What has been made of a job already, found through its plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dubbing.api.parts import Parts
from dubbing.api.problems import Missing
from dubbing.errors import Rejected
from dubbing.model.casting import as_people_say
from dubbing.model.dub import Cast
from dubbing.model.service import JobState
from dubbing.planning.graph import EpisodeNodes, LanguageNodes, Node
from dubbing.service.desk import Actor, Conflict
from dubbing.service.releases.snapshots import Snapshot
from dubbing.service.work.plans import LaidOut
from dubbing.store.artifacts import ArtifactStore, read_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Planned:
    """A job with its plan as it was last laid out."""

    job: JobState
    snapshot: Snapshot
    laid: LaidOut
    store: ArtifactStore

    def episode(self, number: int) -> EpisodeNodes:
        """Raises Missing for an episode that is not part of the job."""
        known = {e.episode.number: e for e in self.laid.plan.episodes}
        if number not in known:
            raise Missing(
                f"job {self.job.id}, episode",
                found=str(number),
                expected=f"one of {', '.join(map(str, known))}",
                remedy="Name an episode of the job.",
            )
        return known[number]

    def language(self, episode: EpisodeNodes, tag: str | None) -> LanguageNodes:
        """An episode's nodes in a language of the job (None: its first). Raises Rejected."""
        self.refuse_other_languages([tag] if tag else [])
        known = {nodes.language.tag: nodes for nodes in episode.languages}
        return known[tag or next(iter(known))]

    def refuse_other_languages(self, tags: list[str]) -> None:
        known = self.laid.plan.job.languages
        for tag in tags:
            if tag not in known:
                raise Rejected(
                    "language",
                    found=tag,
                    expected=f"one of {', '.join(known)}",
                    remedy="Name a language of the job, as the job writes it.",
                )

    def read(self, node: Node | None, file: str, kind: type[T]) -> T | None:
        """A file of an artifact, or None if that isn't made yet."""
        if node is None or node.key not in self.store:
            return None
        return read_json(self.store.path(node.key) / file, kind)

    def cast(self) -> Cast:
        """The characters heard so far, as people decided who they are."""
        for episode in reversed(self.laid.plan.episodes):
            cast = self.read(episode.stages["identify"], "cast.json", Cast)
            if cast is not None:
                return as_people_say(cast, self.snapshot.decisions.characters)
        return Cast(())

    def file(self, path: Path | None) -> Path:
        """A file of the release, by its path in the snapshot, on this machine."""
        assert path is not None  # noqa: S101 - a release always says where decisions go
        return self.laid.place.root / path


def planned(parts: Parts, me: Actor, job: str) -> Planned:
    """Raises NotFound; Conflict while a job has no plan; Rejected if it can't be laid out here."""
    state, text = parts.desk.snapshot(me, job)
    laid = parts.plans.of(state, text)
    return Planned(state, Snapshot.from_json(text), laid, parts.store)


def not_yet(job: JobState, what: str) -> Conflict:
    return Conflict(
        f"job {job.id}",
        found=f"a job whose {what} is not made yet",
        expected=f"a {what}",
        remedy="Wait until it is made: the job's tasks show how far it is.",
    )
