"""Settings of the service, from the environment: `DUBBING_DATABASE_URL` and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dubbing.engines.weights import cache_folder
from dubbing.errors import Rejected
from dubbing.model.service import Limits
from dubbing.service.news.webhooks import Webhooks
from dubbing.service.releases.roots import Roots


class ServiceSettings(BaseSettings):
    """Each may be given as an environment variable with `DUBBING_` before its name."""

    model_config = SettingsConfigDict(env_prefix="DUBBING_", frozen=True, extra="ignore")

    database_url: str = Field(
        default="", description="as SQLAlchemy writes it; a SQLite file if empty"
    )
    broker_url: str = Field(
        default="", description="amqp://...; without one, workers ask the database"
    )
    artifacts_url: str = Field(
        default="",
        description="where workers share artifacts (fsspec); this machine's store if empty",
    )
    release_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="folders or URLs that releases may lie in, split at commas: {team} in each, or else "
        "a folder for each team",
    )
    shared_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="folders or URLs in which every team may read all releases and publish over them",
    )
    scratch: Path = Field(
        default_factory=lambda: cache_folder() / "service",
        description="for what can be fetched again",
    )
    scratch_limit_gb: float = Field(
        default=50.0, gt=0, description="of shared artifacts kept on this machine"
    )
    min_free_gb: float = Field(default=1.0, ge=0, description="with less, a worker takes no work")
    upload_limit_gb: float = Field(default=4.0, gt=0, description="of a file that is uploaded")
    memory_gb: float | None = Field(
        default=None,
        gt=0,
        description="for the models of a worker; a GPU's, or without one all they ask for, if empty",
    )
    lease_s: float = Field(
        default=30.0, gt=0, description="a worker silent for so long is taken for dead"
    )
    attempts: int = Field(default=3, ge=1, description="at a stage, before its episode fails")
    backoff_s: float = Field(
        default=2.0, ge=0, description="before the second; four times as long before each next one"
    )
    stage_s: float = Field(
        default=1800.0, gt=0, description="a stage that takes longer is taken for hung"
    )
    webhook_secret: str = Field(
        default="",
        description="from which the teams' are made that sign webhooks; without one none are sent",
    )
    webhook_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="hosts that webhooks may go to, split at commas; any public one if empty",
    )

    @field_validator("release_roots", "shared_roots", "webhook_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def roots(self) -> Roots:
        """Raises Rejected where teams would not be apart."""
        return Roots.of(self.release_roots, self.shared_roots)

    @property
    def limits(self) -> Limits:
        return Limits(
            lease_s=self.lease_s,
            attempts=self.attempts,
            backoff_s=self.backoff_s,
            stage_s=self.stage_s,
        )

    @property
    def webhooks(self) -> Webhooks | None:
        return Webhooks(self.webhook_secret, self.webhook_hosts) if self.webhook_secret else None

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{cache_folder() / 'service.db'}"

    @classmethod
    def load(cls) -> ServiceSettings:
        """Raises Rejected for what can't be used."""
        try:
            settings = cls()
        except ValidationError as error:
            problem = error.errors()[0]
            name = f"DUBBING_{str(problem['loc'][0]).upper()}"
            raise Rejected(
                name,
                found=repr(problem["input"]),
                expected=problem["msg"].lower(),
                remedy="Correct it in the environment.",
            ) from None
        settings.roots  # noqa: B018 - refused now, not with the first order
        return settings
