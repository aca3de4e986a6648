"""What is to be done next: found by looking at what exists, whoever looks, and however often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from dubbing.formats.digest import sha256_of
from dubbing.model.episode import MediaInfo
from dubbing.model.service import (
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    Queue,
)
from dubbing.planning.graph import EpisodeNodes, Node
from dubbing.planning.table import NEEDED_BY_OTHERS
from dubbing.publishing.publish import parts
from dubbing.service.news import events
from dubbing.service.news.messages import FileData
from dubbing.service.work.plans import LaidOut, task_of
from dubbing.store import jobs, outbox, tasks
from dubbing.store.artifacts import ArtifactStore, read_json
from dubbing.store.tasks import NewTask

PLAN, PUBLISH = "plan", "publish"  # a job's own steps, beside the stages


@dataclass(frozen=True, slots=True)
class Localized:
    """An episode of which all is made."""

    files: tuple[FileData, ...]
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Moves:
    """What follows from what exists."""

    tasks: list[NewTask] = field(default_factory=list)
    gates: list[tuple[Gate, int]] = field(default_factory=list)  # reached, and not approved
    localized: dict[int, Localized] = field(default_factory=dict)  # by episode


def first_look(
    laid: LaidOut, store: ArtifactStore, approved: Mapping[tuple[Gate, int], bool], job: JobState
) -> Moves:
    """What is to be done of all that is missing."""
    missing: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if task_of(node) in missing or node.key in store:
            return
        missing[task_of(node)] = node
        for given in node.inputs.values():
            if isinstance(given, Node):
                visit(given)

    for target in laid.plan.targets():
        visit(target)
    return _moves(store, approved, job, missing.values(), laid.plan.episodes)


def after(
    laid: LaidOut,
    store: ArtifactStore,
    approved: Mapping[tuple[Gate, int], bool],
    job: JobState,
    done: Node,
) -> Moves:
    """What one more artifact makes possible."""
    followers = laid.followers[task_of(done)]
    touched = {node.episode for node in followers} | {done.episode}
    ended = [e for e in laid.plan.episodes if e.episode.number in touched]
    return _moves(store, approved, job, followers, ended)


def apply(connection: Connection, job: JobState, moves: Moves, manifest: str, now_ms: int) -> None:
    """Writes what follows, with the news that it is. `job` is locked by the transaction."""
    ended = {
        e.number for e in jobs.episodes(connection, job.id) if e.status is EpisodeStatus.FAILED
    }
    wanted = [t for t in moves.tasks if t.episode not in ended or t.stage in NEEDED_BY_OTHERS]
    tasks.add(connection, job.id, job.created_ms, job.order.priority, wanted, now_ms)
    for gate, episode in moves.gates:
        jobs.reach_gate(connection, job.id, gate, episode, now_ms)
    for number, made in moves.localized.items():
        status = EpisodeStatus.LOCALIZED
        if jobs.end_episode(
            connection, job.id, number, status, now_ms, duration_ms=made.duration_ms
        ):
            event = events.episode_completed(job, number, made.files, manifest, now_ms)
            outbox.put(connection, job.id, event, job.order.webhook, now_ms)
    end_if_done(connection, job, now_ms)


def end_if_done(connection: Connection, job: JobState, now_ms: int) -> None:
    """Sends a job whose episodes have all ended to be published, or ends it where all have failed."""
    episodes = jobs.episodes(connection, job.id)
    if not episodes or any(e.status is EpisodeStatus.RUNNING for e in episodes):
        return
    if all(e.status is EpisodeStatus.FAILED for e in episodes):
        end_failed(connection, job, "No episode could be localized.", now_ms)
        return
    if Gate.RELEASE in job.order.review:
        jobs.reach_gate(connection, job.id, Gate.RELEASE, 0, now_ms)
        if not jobs.gates(connection, job.id)[Gate.RELEASE, 0]:
            return
    publish = NewTask(f"{PUBLISH}-{job.revision}", PUBLISH, Queue.MEDIA, None, None)
    tasks.add(connection, job.id, job.created_ms, job.order.priority, [publish], now_ms)


def end_failed(connection: Connection, job: JobState, reason: str, now_ms: int) -> None:
    """Ends a job of which nothing is published."""
    active = (JobStatus.ACCEPTED, JobStatus.RUNNING, JobStatus.PAUSED)
    if jobs.move(connection, job.id, JobStatus.FAILED, of=active, now_ms=now_ms, reason=reason):
        tasks.withdraw(connection, job.id)
        state = jobs.get(connection, job.id) or job
        event = events.failed(state, jobs.episodes(connection, job.id), now_ms)
        outbox.put(connection, job.id, event, job.order.webhook, now_ms)


def _moves(
    store: ArtifactStore,
    approved: Mapping[tuple[Gate, int], bool],
    job: JobState,
    candidates: Iterable[Node],
    ended: Collection[EpisodeNodes],
) -> Moves:
    moves = Moves()
    for node in candidates:
        if node.key in store or not _inputs_exist(node, store):
            continue
        gate = node.says.gate
        if (
            gate is not None
            and gate in job.order.review
            and not approved.get((gate, node.episode), False)
        ):
            moves.gates.append((gate, node.episode))
        else:
            moves.tasks.append(
                NewTask(task_of(node), node.stage, node.says.queue, node.episode, node.language)
            )
    for episode in ended:
        if all(node.key in store for node in episode.targets()):
            media = read_json(store.path(episode.stages["probe"].key) / "media.json", MediaInfo)
            files = tuple(_files(store, episode))
            moves.localized[episode.episode.number] = Localized(files, media.duration_ms)
    return moves


def _inputs_exist(node: Node, store: ArtifactStore) -> bool:
    return all(given.key in store for given in node.inputs.values() if isinstance(given, Node))


def _files(store: ArtifactStore, episode: EpisodeNodes) -> Iterable[FileData]:
    for part in parts(episode):
        path = store.path(part.node.key) / part.file
        yield FileData.model_validate(
            {
                "kind": part.kind,
                "language": part.language,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
            }
        )
