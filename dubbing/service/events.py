"""What the service tells the pipeline: CloudEvents 1.0 in JSON, described in `configs/schemas/`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from dubbing.model.service import EpisodeState, EpisodeStatus, JobState

SOURCE = "dubbing"
SCHEMA_VERSION = 1

ACCEPTED = "localization.accepted"
EPISODE_COMPLETED = "localization.episode.completed"
COMPLETED = "localization.completed"
FAILED = "localization.failed"


class File(msgspec.Struct, frozen=True):
    """A file of a localized release."""

    kind: str  # video, audio, subtitles
    language: str | None
    sha256: str
    bytes: int


class FailedEpisode(msgspec.Struct, frozen=True):
    number: int
    reason: str


def accepted(job: JobState, now_ms: int) -> dict[str, Any]:
    return _event(job, ACCEPTED, "", now_ms, {"languages": job.order.languages})


def episode_completed(
    job: JobState, episode: int, files: Sequence[File], manifest: str, now_ms: int
) -> dict[str, Any]:
    """An episode is made; its files are in the release as soon as the release's manifest names them."""
    data = {"episode": episode, "files": files, "manifest": manifest}
    return _event(job, EPISODE_COMPLETED, f"{job.revision}-{episode}", now_ms, data)


def completed(job: JobState, episodes: Sequence[EpisodeState], now_ms: int) -> dict[str, Any]:
    data = {
        "status": job.status,
        "manifest": job.manifest,
        "manifest_sha256": job.manifest_sha256,
        "episodes": [e.number for e in episodes if e.status is EpisodeStatus.LOCALIZED],
        "failed_episodes": _failed(episodes),
    }
    return _event(job, COMPLETED, str(job.revision), now_ms, data)


def failed(job: JobState, episodes: Sequence[EpisodeState], now_ms: int) -> dict[str, Any]:
    data = {
        "status": job.status,
        "reason": job.reason,
        "failed_episodes": _failed(episodes),
    }
    return _event(job, FAILED, str(job.revision), now_ms, data)


def _failed(episodes: Sequence[EpisodeState]) -> list[FailedEpisode]:
    return [FailedEpisode(e.number, e.reason) for e in episodes if e.status is EpisodeStatus.FAILED]


def _event(
    job: JobState, kind: str, part: str, now_ms: int, data: dict[str, Any]
) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        # The same for the same news, so that who is told twice can tell.
        "id": "-".join(filter(None, (job.id, kind.removeprefix("localization."), part))),
        "source": SOURCE,
        "type": kind,
        "subject": job.id,
        "time": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"urn:dubbing:schema:{kind}:{SCHEMA_VERSION}",
        "data": {
            "job": job.id,
            "correlation_id": job.order.correlation_id,
            "release": job.order.release,
            **data,
        },
    }
    built: dict[str, Any] = msgspec.to_builtins(event)
    return built
