"""What the service tells the pipeline of a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dubbing.model.service import EpisodeState, EpisodeStatus, JobState
from dubbing.service.news import messages
from dubbing.service.news.messages import FailedEpisode, FileData

SOURCE = "dubbing"

Event = dict[str, Any]  # JSON, as it goes to the outbox


def accepted(job: JobState, now_ms: int) -> Event:
    return _event(job, messages.Accepted, "", now_ms, languages=list(job.order.languages))


def episode_completed(
    job: JobState, episode: int, files: Sequence[FileData], manifest: str, now_ms: int
) -> Event:
    """An episode is made; its files are in the release as soon as the release's manifest names them."""
    part = f"{job.revision}-{episode}"
    return _event(
        job,
        messages.EpisodeCompleted,
        part,
        now_ms,
        episode=episode,
        files=list(files),
        manifest=manifest,
    )


def completed(job: JobState, episodes: Sequence[EpisodeState], now_ms: int) -> Event:
    return _event(
        job,
        messages.Completed,
        str(job.revision),
        now_ms,
        status=job.status,
        manifest=job.manifest,
        manifest_sha256=job.manifest_sha256,
        episodes=[e.number for e in episodes if e.status is EpisodeStatus.LOCALIZED],
        failed_episodes=_failed(episodes),
    )


def failed(job: JobState, episodes: Sequence[EpisodeState], now_ms: int) -> Event:
    return _event(
        job,
        messages.Failed,
        str(job.revision),
        now_ms,
        status=job.status,
        reason=job.reason,
        failed_episodes=_failed(episodes),
    )


def _failed(episodes: Sequence[EpisodeState]) -> list[FailedEpisode]:
    return [
        FailedEpisode(number=e.number, reason=e.reason)
        for e in episodes
        if e.status is EpisodeStatus.FAILED
    ]


def _event(
    job: JobState,
    kind: type[
        messages.Accepted | messages.EpisodeCompleted | messages.Completed | messages.Failed
    ],
    part: str,
    now_ms: int,
    **data: object,
) -> Event:
    name = kind.model_fields["type"].default
    event = kind.model_validate(
        {
            # The same for the same news, so that who is told twice can tell.
            "id": "-".join(filter(None, (job.id, name.removeprefix("localization."), part))),
            "source": SOURCE,
            "subject": job.id,
            "time": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
            "dataschema": f"urn:dubbing:schema:{name}:{messages.VERSION}",
            "data": {
                "job": job.id,
                "correlation_id": job.order.correlation_id,
                "release": job.order.release,
                **data,
            },
        }
    )
    return event.model_dump(mode="json")
