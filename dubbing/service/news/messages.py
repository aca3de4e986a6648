"""The pipeline's messages, in and out: CloudEvents 1.0 in JSON.

`configs/schemas/` holds their JSON Schemas, made from these types by `tests/make_schemas.py`. A change
that a reader of version 1 would not understand is version 2, in a schema of its own.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from dubbing.model.service import Gate, Priority, ReleaseOrder

VERSION = 1
EXCHANGE = "localization"  # a topic exchange; routing keys are the events' types

Tag = Annotated[str, Field(min_length=2, max_length=35, examples=["es-419"])]
Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["s3://releases/studio/fated"])]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Episode = Annotated[int, Field(ge=1, le=9999)]
PriorityWord = Literal["back-catalogue", "normal", "urgent"]


def _with_subtitles(deliverables: list[str]) -> list[str]:
    if "subtitles" not in deliverables:
        raise ValueError("expected subtitles, or dub and subtitles: they are made with every dub")
    return deliverables


Deliverables = Annotated[list[Literal["dub", "subtitles"]], AfterValidator(_with_subtitles)]


class _Data(BaseModel):
    # A misspelt field must not be taken for one left out.
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Event(BaseModel):
    # Extension attributes are part of CloudEvents.
    model_config = ConfigDict(extra="allow", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=200, description="unique for its source")
    source: str = Field(min_length=1, max_length=400, examples=["/pipeline/releases"])
    subject: str | None = Field(default=None, max_length=200)
    time: str | None = Field(default=None, max_length=64)
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = Field(default=None, max_length=200)

    @field_validator("dataschema")
    @classmethod
    def _of_this_version(cls, value: str | None) -> str | None:
        if value is not None and not value.endswith(f":{VERSION}"):
            raise ValueError(
                f"expected a schema of version {VERSION}, whose URN ends in :{VERSION}"
            )
        return value


class ReleaseReadyData(_Data):
    """A release to be localized."""

    release: Url
    team: str = Field(min_length=1, max_length=64, description="whose release it is")
    languages: list[Tag] = Field(min_length=1, max_length=64)
    episodes: list[Episode] = Field(default=[], max_length=1000, description="none: all")
    profile: str = Field(default="local", max_length=64)
    deliverables: Deliverables = ["dub", "subtitles"]
    priority: PriorityWord = "normal"
    review: list[Gate] = Field(default=[], max_length=3)
    out: Url | None = Field(default=None, description="none: `localized` in the release")
    replace: bool = Field(default=False, description="what was published before may be dropped")
    correlation_id: str | None = Field(default=None, max_length=200)

    def order(self) -> ReleaseOrder:
        """The order that it is."""
        return ReleaseOrder(
            release=self.release,
            languages=tuple(self.languages),
            episodes=tuple(sorted(set(self.episodes))),
            profile=self.profile,
            dub="dub" in self.deliverables,
            out=self.out,
            priority=Priority.of(self.priority),
            review=tuple(self.review),
            replace=self.replace,
            correlation_id=self.correlation_id,
        )


class ReleaseReady(_Event):
    """In: localize a release. The same message twice (by source and id) is one job."""

    type: Literal["release.ready"] = "release.ready"
    data: ReleaseReadyData


class CancelData(_Data):
    team: str = Field(min_length=1, max_length=64)
    job: str = Field(min_length=1, max_length=64)


class Cancel(_Event):
    """In: end a job without publishing."""

    type: Literal["localization.cancel"] = "localization.cancel"
    data: CancelData


class _JobData(_Data):
    job: str
    correlation_id: str | None
    release: Url


class AcceptedData(_JobData):
    languages: list[Tag]


class Accepted(_Event):
    """Out: a job was made of an order."""

    type: Literal["localization.accepted"] = "localization.accepted"
    data: AcceptedData


class FileData(_Data):
    """A file as it will be published."""

    kind: Literal["video", "audio", "subtitles"]
    language: Tag | None
    sha256: Sha256
    bytes: int


class EpisodeCompletedData(_JobData):
    episode: Episode
    files: list[FileData]
    manifest: Url = Field(
        description="where the release's manifest will be once all episodes ended"
    )


class EpisodeCompleted(_Event):
    """Out: an episode is localized. It is published with its release."""

    type: Literal["localization.episode.completed"] = "localization.episode.completed"
    data: EpisodeCompletedData


class FailedEpisode(_Data):
    number: Episode
    reason: str


class CompletedData(_JobData):
    status: Literal["completed", "incomplete"]
    manifest: Url
    manifest_sha256: Sha256
    episodes: list[Episode]
    failed_episodes: list[FailedEpisode]


class Completed(_Event):
    """Out: the localized release is published, without the episodes that failed."""

    type: Literal["localization.completed"] = "localization.completed"
    data: CompletedData


class FailedData(_JobData):
    status: Literal["failed"]
    reason: str
    failed_episodes: list[FailedEpisode]


class Failed(_Event):
    """Out: nothing was published, and nothing will be unless somebody acts."""

    type: Literal["localization.failed"] = "localization.failed"
    data: FailedData


INCOMING = (ReleaseReady, Cancel)
OUTGOING = (Accepted, EpisodeCompleted, Completed, Failed)
