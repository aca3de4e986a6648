"""What is sent and what is answered, as OpenAPI shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from dubbing.model.dub import FitKind
from dubbing.model.service import (
    EpisodeState,
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    Priority,
    Queue,
    ReleaseOrder,
    Role,
    Task,
    TaskStatus,
)
from dubbing.store.access import AuditEntry, Token

# No database takes a NUL character in a text, and no file system takes one in a name.
_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Address = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=_NO_NUL)]
LanguageTag = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
]
EpisodeNumber = Annotated[StrictInt, Field(ge=1, le=9999)]

JobId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{32}$", description="The job.", examples=["5f0c" * 8])
]
InEpisode = Annotated[int, Path(ge=1, le=9999, description="The number of the episode.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


class PriorityName(StrEnum):
    """Whose work is taken first."""

    BACK_CATALOGUE = "back_catalogue"
    NORMAL = "normal"
    URGENT = "urgent"

    @property
    def value_of(self) -> Priority:
        return Priority[self.name]


class _Sent(BaseModel):
    """What is sent to us: a field that we don't know is an error."""

    model_config = ConfigDict(extra="forbid")


class Order(_Sent):
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
    dub: StrictBool = Field(default=True, description="False: subtitles alone.")
    out: Address | None = Field(
        default=None, description="Where the result goes; `localized` in the release if not given."
    )
    priority: PriorityName = PriorityName.NORMAL
    review: list[Gate] = Field(
        default=[], max_length=3, description="Where the job waits until people let it go on."
    )
    replace: StrictBool = Field(
        default=False,
        description="Drop languages and episodes published before and not named here.",
    )
    correlation_id: Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)] | None = (
        Field(default=None, description="Given back in every message about the job.")
    )
    webhook: (
        Annotated[
            str, StringConstraints(max_length=2000, pattern=r"^https?://[A-Za-z0-9\[][^\s\x00]*$")
        ]
        | None
    ) = Field(default=None, description="A URL that is told how the job goes on.")

    def to_domain(self) -> ReleaseOrder:
        return ReleaseOrder(
            release=self.release,
            languages=tuple(dict.fromkeys(self.languages)),
            episodes=tuple(sorted(set(self.episodes))),
            profile=self.profile,
            dub=self.dub,
            out=self.out,
            priority=self.priority.value_of,
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
            dub=order.dub,
            out=order.out,
            priority=PriorityName[order.priority.name],
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


class Retry(_Sent):
    episodes: list[EpisodeNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="None: all that failed."
    )


class Approval(_Sent):
    gate: Gate
    episodes: list[EpisodeNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="None: all that wait there."
    )


class PriorityDocument(_Sent):
    priority: PriorityName


class LineDocument(BaseModel):
    """One line of an episode. What is not made yet is null."""

    number: int
    start_ms: int
    end_ms: int
    speaker: str = Field(examples=["s1"])
    character: str | None = Field(examples=["c1"])
    label: str | None = Field(description="What people call the character.", examples=["Shen Qing"])
    source: str = Field(examples=["你怎么来了"])
    confidence: float = Field(description="Of the transcriber, 0 to 1; 1 where people wrote it.")
    text: str | None = Field(description="The translation.", examples=["Why are you here?"])
    translated_by: list[str]
    notes: list[str]
    voice: str | None
    spoken_text: str | None = Field(description="The translation, or its shorter form.")
    fit: FitKind | None = Field(
        description="How the take was made to fit; `flagged`: listen to it."
    )
    tempo: float | None = Field(description="How much faster than natural it is heard.")
    overrun_ms: int | None
    stand_in: bool | None = Field(description="A last-resort engine speaks it: do not publish it.")


class Made(BaseModel):
    """What there is of an episode in a language already."""

    transcript: bool
    translation: bool
    dub: bool


class Lines(BaseModel):
    episode: int
    source_language: str
    language: str
    made: Made
    lines: list[LineDocument]


class Correction(_Sent):
    """A person's word on a line. What is not given is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"translations": {"en": "I didn't come back for you."}}],
            "minProperties": 1,
        }
    )

    source: Text | None = Field(
        default=None, description="What is really said; empty takes the line out."
    )
    speaker: Annotated[str, StringConstraints(pattern=r"^s[0-9]{1,3}$")] | None = Field(
        default=None, description="Who really says it."
    )
    translations: dict[LanguageTag, Text] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _says_something(self) -> Correction:
        if self.source is None and self.speaker is None and not self.translations:
            raise ValueError("a source, a speaker or a translation")
        return self


class VoiceDocument(BaseModel):
    name: str
    gender: str
    description: str
    licence: str


class VoiceOf(BaseModel):
    voice: str
    decided: bool = Field(description="By a person, not by the machine.")


class CharacterDocument(BaseModel):
    character: str = Field(examples=["c1"])
    name: str = Field(description="What people call it; empty if nobody has named it.")
    episodes: list[int] = Field(description="Where it appears, of the episodes heard so far.")
    pitch_hz: float = Field(description="Of its own voice; 0 if it is not known.")
    voices: dict[str, VoiceOf] = Field(description="language -> who speaks it")


class CastDocument(BaseModel):
    characters: list[CharacterDocument]
    choices: dict[str, list[VoiceDocument]] = Field(description="language -> voices to choose from")


class Decision(_Sent):
    name: (
        Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None
    ) = Field(default=None, description="What reports call the character.")
    voices: dict[LanguageTag, Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]] = (
        Field(default={}, max_length=50, description="language -> voice")
    )


class CastDecisions(_Sent):
    """Names and voices of characters. What is not given is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"characters": {"c1": {"name": "Shen Qing", "voices": {"en": "kumo"}}}}]
        }
    )

    characters: dict[Annotated[str, StringConstraints(pattern=r"^c[0-9]{1,4}$")], Decision] = Field(
        min_length=1, max_length=500
    )


class TermDocument(_Sent):
    source: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
    language: LanguageTag
    target: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
    note: Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)] = ""


class Glossary(BaseModel):
    terms: list[TermDocument]


class NewGlossary(_Sent):
    """A glossary that takes the place of the one there is: as rows, or as the text of a CSV file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"terms": [{"source": "沈清", "language": "en", "target": "Shen Qing"}]}]
        }
    )

    terms: list[TermDocument] | None = Field(default=None, max_length=10_000)
    csv: Annotated[str, StringConstraints(max_length=2_000_000, pattern=_NO_NUL)] | None = Field(
        default=None, description="With the header source,language,target,note."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> NewGlossary:
        if (self.terms is None) == (self.csv is None):
            raise ValueError("either terms or csv")
        return self


class UploadedFile(BaseModel):
    name: str
    bytes: int


class Upload(BaseModel):
    """What has arrived of a release."""

    release: str = Field(description="To be given in an order, once it is complete.")
    complete: bool = Field(description="release.json is there, and all that it names.")
    problem: str = Field(description="What keeps it from being complete; empty if nothing does.")
    files: list[UploadedFile]


class Identity(BaseModel):
    """Whom a token stands for."""

    token: str
    name: str
    team: str
    role: Role


class NewToken(_Sent):
    name: Name = Field(description="Who will hold it.", examples=["Mei, subtitles"])
    role: Role = Role.VIEWER


class TokenDocument(BaseModel):
    id: str
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None

    @staticmethod
    def of(token: Token) -> TokenDocument:
        return TokenDocument(
            id=token.id,
            name=token.name,
            role=token.role,
            created_at=moment(token.created_ms),
            revoked_at=None if token.revoked_ms is None else moment(token.revoked_ms),
        )


class CreatedToken(TokenDocument):
    secret: str = Field(description="Shown this once; only its hash is kept.", examples=["dub_..."])


class Tokens(BaseModel):
    tokens: list[TokenDocument] = Field(description="The newest first, revoked ones too.")


class AuditDocument(BaseModel):
    id: int
    at: datetime
    actor: str
    action: str = Field(examples=["submit"])
    subject: str = Field(description="The id of a job or of a token, or a release.")
    details: dict[str, Any]

    @staticmethod
    def of(entry: AuditEntry) -> AuditDocument:
        return AuditDocument(
            id=entry.id,
            at=moment(entry.at_ms),
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            details=dict(entry.details),
        )


class AuditPage(BaseModel):
    entries: list[AuditDocument] = Field(description="The newest first.")
    next: int | None = Field(description="Give it as `after` for the next page; null on the last.")


class QueueHealth(BaseModel):
    workers: int = Field(description="Heard of within the last minute, and taking work.")
    paused: int = Field(description="Heard of, but taking no work just now.")


class Health(BaseModel):
    """Whether a job that is submitted now would be done."""

    healthy: bool
    problems: list[str] = Field(
        description="What keeps jobs from being done; empty if nothing does."
    )
    version: str
    schema_revision: str | None = Field(description="Of the database; null if it has no tables.")
    queues: dict[Queue, QueueHealth]


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
