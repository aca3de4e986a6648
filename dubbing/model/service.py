"""What the service keeps of a job: its order, its state, and its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Queue(StrEnum):
    """Kinds of work. A worker takes those that it has the engines for."""

    MEDIA = "media"
    ASR = "asr"
    MT = "mt"
    TTS = "tts"


class Priority(IntEnum):
    """Whose work is taken first."""

    BACK_CATALOGUE = 0
    NORMAL = 5
    URGENT = 9

    @property
    def word(self) -> str:
        """As orders name it."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def of(cls, word: str) -> Priority:
        """Raises KeyError for a word that names none."""
        return cls[word.upper().replace("-", "_")]


class Gate(StrEnum):
    """Where a job may wait for people."""

    SCRIPT = "script"  # before a transcript is translated
    TRANSLATION = "translation"  # before a translation is spoken
    RELEASE = "release"  # before the release is published


class Role(StrEnum):
    """What a token lets its holder do in its team. Each may do what those before it may."""

    VIEWER = "viewer"  # see
    EDITOR = "editor"  # submit, correct, approve, upload
    ADMIN = "admin"  # give out tokens, read the audit log

    def may(self, needed: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


class JobStatus(StrEnum):
    """Where a job is. It moves down this list, or back to `running` when people ask for more."""

    ACCEPTED = "accepted"  # the release has not been looked at yet
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"  # published
    INCOMPLETE = "incomplete"  # published without the episodes that failed
    FAILED = "failed"  # nothing was published
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in (JobStatus.ACCEPTED, JobStatus.RUNNING, JobStatus.PAUSED)


class EpisodeStatus(StrEnum):
    RUNNING = "running"
    LOCALIZED = "localized"  # all of it is made; it is published with the release
    FAILED = "failed"


class TaskStatus(StrEnum):
    READY = "ready"  # all it is made from exists
    RUNNING = "running"  # some worker holds its lease
    DONE = "done"
    FAILED = "failed"  # for good


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """What is asked of the service."""

    release: str  # URL or path of the release's folder, as its storage knows it
    languages: tuple[str, ...]  # BCP-47
    episodes: tuple[int, ...] = ()  # none: all
    profile: str = "local"
    dub: bool = True
    out: str | None = None  # None: `localized` in the release
    priority: Priority = Priority.NORMAL
    review: tuple[Gate, ...] = ()
    replace: bool = False  # languages and episodes published before may be dropped
    correlation_id: str | None = None  # given back in every message about the job
    webhook: str | None = None  # a URL that is told what the pipeline's queue is told


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as it is now."""

    id: str
    team: str
    order: ReleaseOrder
    status: JobStatus
    revision: int  # grows with every change of what is to be made
    left_out: tuple[int, ...]  # episodes that failed before it was known who speaks in them
    created_ms: int  # Unix time, here and below
    updated_ms: int
    ended_ms: int | None = None
    reason: str = ""  # why it failed
    release_name: str = ""
    planned_by: str = ""  # the version of this software that laid out the plan
    plan_key: str = ""
    manifest: str = ""  # URL of what was published
    manifest_sha256: str = ""
    trace: str = ""  # W3C traceparent of the submission


@dataclass(frozen=True, slots=True)
class EpisodeState:
    number: int
    status: EpisodeStatus
    reason: str = ""
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One node of a job's plan, or one of the job's own steps, on its way through a queue."""

    id: int
    job: str
    key: str  # unique in its job: a node's name, or that of a step and its revision
    stage: str
    queue: Queue
    episode: int | None
    language: str | None
    status: TaskStatus
    priority: Priority
    attempts: int  # begun, this one included; those that were handed back don't count
    owner: str = ""  # who holds the lease
    lease_until_ms: int | None = None
    ready_ms: int = 0  # not taken before; moves with each wait before another attempt
    created_ms: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a task did not end well, and what is to be done about it."""

    reason: str  # for people, whole sentences
    kind: str  # for counting: rejected, transient, defect, lost
    final: bool  # trying again can't help


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the service waits, and how often it tries. Seconds."""

    lease_s: float = 30.0  # a worker that is silent for so long is taken for dead
    attempts: int = 3
    backoff_s: float = 2.0  # before the second attempt; four times as long before each next one
    stage_s: float = 1800.0  # a stage that takes longer is taken for hung
    keep_tasks_s: float = 7 * 86400.0  # the tasks of a job that ended
