"""What is sent and what is answered, as OpenAPI shows it: what all have in common, access, uploads, health."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from dubbing.model.service import Role
from dubbing.store.access import AuditEntry, Token

# No database takes a NUL character in a text, and no file system takes one in a name.
NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Address = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NO_NUL)]
LanguageTag = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
]
EpisodeNumber = Annotated[StrictInt, Field(ge=1, le=9999)]

JobId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{32}$", description="The job.", examples=["5f0c" * 8])
]
InEpisode = Annotated[int, Path(ge=1, le=9999, description="The number of the episode.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


class Sent(BaseModel):
    """What is sent to us: a field that we don't know is an error."""

    model_config = ConfigDict(extra="forbid")


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


class NewToken(Sent):
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


class WebhookSecret(BaseModel):
    secret: str = Field(
        description="Checks the signatures of your team's webhooks (Standard Webhooks).",
        examples=["whsec_..."],
    )


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


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
