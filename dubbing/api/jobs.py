"""Jobs: submitted, looked at, and told what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import JobId, Limit
from dubbing.api.job_documents import (
    Approval,
    Episode,
    Episodes,
    Job,
    JobInFull,
    JobPage,
    Order,
    PriorityDocument,
    Progress,
    Retry,
    TaskDocument,
    TaskPage,
    Waiting,
    job_fields,
)
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON
from dubbing.formats.language_toml import load_language
from dubbing.model.service import EpisodeStatus, Gate, JobStatus, Priority, TaskStatus
from dubbing.planning.config import configs_folder, load_profile
from dubbing.service.desk import Actor, Desk

router = APIRouter(
    prefix="/v1/jobs",
    tags=["jobs"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="The same order with the same key is the same job, however often it is sent.",
    ),
]


@router.post(
    "",
    status_code=201,
    summary="Submit a job",
    responses={200: {"model": Job, "description": "The job that this key has become before"}},
)
def submit(
    order: Order,
    me: Me,
    here: Here,
    response: Response,
    idempotency_key: _Key = None,
    traceparent: Annotated[str, Header(max_length=200)] = "",
) -> Job:
    # What the order alone shows to be impossible is refused now, and not when the job is planned.
    load_profile(order.profile)
    for language in order.languages:
        load_language(configs_folder() / "languages", language)
    job, is_new = here.desk.submit(
        me,
        order.to_domain(),
        idempotency_key=idempotency_key,
        trace=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
    )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return Job.of(job)


@router.get("", summary="List the team's jobs")
def page(
    me: Me,
    here: Here,
    status: JobStatus | None = None,
    after: Annotated[
        str | None, Query(pattern=r"^[0-9a-f]{32}$", description="`next` of the page before.")
    ] = None,
    limit: Limit = 50,
) -> JobPage:
    found = here.desk.page(me, status=status, after=after, limit=limit + 1)
    shown = found[:limit]
    return JobPage.model_construct(
        jobs=[Job.of(job) for job in shown], next=shown[-1].id if len(found) > limit else None
    )


@router.get("/{job}", summary="See how far a job is")
def see(job: JobId, me: Me, here: Here) -> JobInFull:
    return in_full(here.desk, me, job)


@router.get("/{job}/episodes", summary="See where its episodes are")
def episodes(job: JobId, me: Me, here: Here) -> Episodes:
    return Episodes(episodes=[Episode.of(one) for one in here.desk.episodes(me, job)])


@router.get("/{job}/tasks", summary="See the steps of the work")
def tasks(
    job: JobId,
    me: Me,
    here: Here,
    episode: Annotated[int | None, Query(ge=1, le=9999, description="Of one episode.")] = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="`next` of the page before.")] = 0,
    limit: Limit = 100,
) -> TaskPage:
    found = here.desk.tasks(me, job, episode=episode, after=after, limit=limit + 1)
    shown = found[:limit]
    return TaskPage(
        tasks=[TaskDocument.of(task) for task in shown],
        next=shown[-1].id if len(found) > limit else None,
    )


@router.post("/{job}/pause", summary="Begin nothing more of a job")
def pause(job: JobId, me: Me, here: Here) -> Job:
    return Job.of(here.desk.pause(me, job))


@router.post("/{job}/resume", summary="Go on with a job that was paused")
def resume(job: JobId, me: Me, here: Here) -> Job:
    return Job.of(here.desk.resume(me, job))


@router.post("/{job}/cancel", summary="End a job without publishing")
def cancel(job: JobId, me: Me, here: Here) -> Job:
    return Job.of(here.desk.cancel(me, job))


@router.post("/{job}/retry", summary="Try again what failed")
def retry(job: JobId, me: Me, here: Here, body: Retry | None = None) -> Job:
    return Job.of(here.desk.retry(me, job, _numbers(body.episodes if body else None)))


@router.post("/{job}/approve", summary="Let go on what waits for people")
def approve(job: JobId, body: Approval, me: Me, here: Here) -> Job:
    return Job.of(here.desk.approve(me, job, body.gate, _numbers(body.episodes)))


@router.put("/{job}/priority", summary="Change whose work is taken first")
def prioritize(job: JobId, body: PriorityDocument, me: Me, here: Here) -> Job:
    return Job.of(here.desk.prioritize(me, job, Priority.of(body.priority)))


def in_full(desk: Desk, me: Actor, job: str) -> JobInFull:
    """A job with how far it is. Raises NotFound."""
    state = desk.job(me, job)
    numbers = [episode.status for episode in desk.episodes(me, job)]
    waiting: dict[Gate, list[int]] = {}
    for (gate, episode), approved in sorted(desk.gates(me, job).items()):
        if not approved and not state.status.ended:
            waiting.setdefault(gate, []).extend([episode] if episode else [])
    counts = desk.progress(me, job)
    return JobInFull.model_construct(
        **job_fields(state),
        episodes={status: numbers.count(status) for status in EpisodeStatus},
        waits_for=[Waiting(gate=gate, episodes=of) for gate, of in waiting.items()],
        progress=Progress(**{status.value: counts.get(status, 0) for status in TaskStatus}),
    )


def _numbers(episodes: Sequence[int] | None) -> list[int] | None:
    return None if episodes is None else sorted(set(episodes))
