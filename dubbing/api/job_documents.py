"""Orders, jobs and their tasks, as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from dubbing.api.documents import (
    NO_NUL,
    Address,
    EpisodeNumber,
    LanguageTag,
    Sent,
    moment,
)
from dubbing.model.service import (
    EpisodeState,
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    Priority,
    Queue,
    ReleaseOrder,
    Task,
    TaskStatus,
)
from dubbing.service.news.messages import Deliverables, PriorityWord


class Order(Sent):
    """What is to be localized, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"release": "/releases/studio/fated", "languages": ["en", "pt-BR"]}]
        }
    )

    release: Address = Field(
        description="URL or path of the release's folder, as the service's machines know it."
    )
    languages: list[LanguageTag] = Field(
        min_length=1, max_length=50, description="BCP-47; the first is the default subtitle."
    )
    episodes: list[EpisodeNumber] = Field(
        default=[], max_length=1000, description="Which episodes; none: all of them."
    )
    profile: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = Field(
        default="local", description="Which engines do the work."
    )
    deliverables: Deliverables = Field(
        default=["dub", "subtitles"], max_length=2, description="Subtitles are made with every dub."
    )
    out: Address | None = Field(
        default=None, description="Where the result goes; `localized` in the release if not given."
    )
    priority: PriorityWord = "normal"
    review: list[Gate] = Field(
        default=[], max_length=3, description="Where the job waits until people let it go on."
    )
    replace: StrictBool = Field(
        default=False,
        description="Drop languages and episodes published before and not named here.",
    )
    correlation_id: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = (
        Field(default=None, description="Given back in every message about the job.")
    )
    webhook: (
        Annotated[
            str, StringConstraints(max_length=2000, pattern=r"^https?://[A-Za-z0-9\[][^\s\x00]*$")
        ]
        | None
    ) = Field(default=None, description="A URL that gets the job's events.")

    def to_domain(self) -> ReleaseOrder:
        return ReleaseOrder(
            release=self.release,
            languages=tuple(dict.fromkeys(self.languages)),
            episodes=tuple(sorted(set(self.episodes))),
            profile=self.profile,
            dub="dub" in self.deliverables,
            out=self.out,
            priority=Priority.of(self.priority),
            review=tuple(gate for gate in Gate if gate in self.review),
            replace=self.replace,
            correlation_id=self.correlation_id,
            webhook=self.webhook,
        )

    @staticmethod
    def of(order: ReleaseOrder) -> Order:
        # Built without checks: what came in by another way than this API is shown as it is.
        return Order.model_construct(
            release=order.release,
            languages=list(order.languages),
            episodes=list(order.episodes),
            profile=order.profile,
            deliverables=["dub", "subtitles"] if order.dub else ["subtitles"],
            out=order.out,
            priority=order.priority.word,
            review=list(order.review),
            replace=order.replace,
            correlation_id=order.correlation_id,
            webhook=order.webhook,
        )


class Job(BaseModel):
    """A job as it is now."""

    id: str
    status: JobStatus
    reason: str = Field(description="Why it failed, or what of it did; empty if nothing did.")
    order: Order
    release_name: str = Field(description="The release's own name; empty before it was read.")
    revision: int = Field(description="Grows with every change of what is to be made.")
    manifest: str = Field(description="URL of the manifest of what was published; empty before.")
    manifest_sha256: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @staticmethod
    def of(job: JobState) -> Job:
        return Job.model_construct(**job_fields(job))


def job_fields(job: JobState) -> dict[str, Any]:
    return {
        "id": job.id,
        "status": job.status,
        "reason": job.reason,
        "order": Order.of(job.order),
        "release_name": job.release_name,
        "revision": job.revision,
        "manifest": job.manifest,
        "manifest_sha256": job.manifest_sha256,
        "created_at": moment(job.created_ms),
        "updated_at": moment(job.updated_ms),
        "ended_at": None if job.ended_ms is None else moment(job.ended_ms),
    }


class Waiting(BaseModel):
    """A gate at which the job waits for people."""

    gate: Gate
    episodes: list[int] = Field(description="Those that wait; none: the whole job does.")


class Progress(BaseModel):
    """How many of the job's tasks are where. More become ready as others are done."""

    ready: int
    running: int
    done: int
    failed: int


class JobInFull(Job):
    """A job, and how far it is."""

    episodes: dict[EpisodeStatus, int] = Field(description="How many episodes are in which status.")
    waits_for: list[Waiting]
    progress: Progress


class JobPage(BaseModel):
    jobs: list[Job] = Field(description="The newest first.")
    next: str | None = Field(description="Give it as `after` for the next page; null on the last.")


class Episode(BaseModel):
    number: int
    status: EpisodeStatus
    reason: str = Field(description="Why it failed; empty if it didn't.")
    ended_at: datetime | None

    @staticmethod
    def of(episode: EpisodeState) -> Episode:
        return Episode(
            number=episode.number,
            status=episode.status,
            reason=episode.reason,
            ended_at=None if episode.ended_ms is None else moment(episode.ended_ms),
        )


class Episodes(BaseModel):
    episodes: list[Episode]


class TaskDocument(BaseModel):
    """One step of the work, on its way through a queue."""

    id: int
    stage: str
    queue: Queue
    episode: int | None
    language: str | None
    status: TaskStatus
    attempts: int
    reason: str = Field(description="Of the last failure; empty if there was none.")
    started_at: datetime | None
    ended_at: datetime | None

    @staticmethod
    def of(task: Task) -> TaskDocument:
        return TaskDocument(
            id=task.id,
            stage=task.stage,
            queue=task.queue,
            episode=task.episode,
            language=task.language,
            status=task.status,
            attempts=task.attempts,
            reason=task.reason,
            started_at=None if task.started_ms is None else moment(task.started_ms),
            ended_at=None if task.ended_ms is None else moment(task.ended_ms),
        )


class TaskPage(BaseModel):
    tasks: list[TaskDocument] = Field(description="In the order in which they became ready.")
    next: int | None = Field(description="Give it as `after` for the next page; null on the last.")


class Retry(Sent):
    episodes: list[EpisodeNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="None: all that failed."
    )


class Approval(Sent):
    gate: Gate
    episodes: list[EpisodeNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="None: all that wait there."
    )


class PriorityDocument(Sent):
    priority: PriorityWord
