"""Every query of the store, on both databases: each is asked, and its answer looked at.

A function of the store that has no case here fails the suite.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

import pytest
from sqlalchemy import Connection

from dubbing.model.service import (
    EpisodeStatus,
    Finding,
    Gate,
    JobState,
    JobStatus,
    Limits,
    Priority,
    Queue,
    ReleaseOrder,
    Role,
    Task,
    TaskStatus,
)
from dubbing.store import access, jobs, outbox, tasks, workers
from dubbing.store.database import Database
from dubbing.store.tasks import NewTask

STORE: tuple[ModuleType, ...] = (access, jobs, outbox, tasks, workers)
NOW = 1_000_000
LIMITS = Limits(lease_s=10.0, attempts=2, backoff_s=1.0)
ORDER = ReleaseOrder("/releases/studio/fated", ("en", "es-419"), profile="fake")


@dataclass(frozen=True)
class Stored:
    """A transaction that is taken back afterwards, and what cases begin with."""

    connection: Connection

    def job(self, team: str = "studio", key: str | None = None, at_ms: int = NOW) -> JobState:
        return jobs.add(self.connection, team, ORDER, at_ms, idempotency_key=key)

    def tasks(self, job: JobState, *stages: str, episode: int | None = 1) -> None:
        new = [NewTask(f"{s}-{episode}", s, Queue.MEDIA, episode, None) for s in stages]
        tasks.add(self.connection, job.id, job.created_ms, Priority.NORMAL, new, NOW)

    def taken(self, job: JobState, stage: str = "probe") -> Task:
        self.tasks(job, stage)
        task = tasks.claim(self.connection, [Queue.MEDIA], "host:1:a", NOW, LIMITS)
        assert task is not None
        return task

    def of(self, job: JobState) -> list[Task]:
        return tasks.of_job(self.connection, job.id)


Case = Callable[[Stored], None]
CASES: dict[Callable[..., object], Case] = {}


def case(*asked: Callable[..., object]) -> Callable[[Case], Case]:
    def note(one: Case) -> Case:
        CASES.update(dict.fromkeys(asked, one))
        return one

    return note


@case(access.create_token, access.token_of, access.revoke_token, access.tokens_of)
def _tokens(it: Stored) -> None:
    token, secret = access.create_token(it.connection, "Mei", "studio", Role.EDITOR, "me", NOW)
    other, _ = access.create_token(it.connection, "Bo", "other", Role.VIEWER, "me", NOW + 1)
    assert access.token_of(it.connection, secret) == token
    assert access.token_of(it.connection, secret + "x") is None
    assert access.tokens_of(it.connection, "studio") == [token]
    assert access.tokens_of(it.connection, None) == [other, token]
    assert not access.revoke_token(it.connection, "other", token.id, "me", NOW)
    assert access.revoke_token(it.connection, "studio", token.id, "me", NOW)
    assert access.revoke_token(it.connection, None, token.id, "me", NOW)
    assert access.token_of(it.connection, secret) is None


@case(access.note, access.audit)
def _audit(it: Stored) -> None:
    for number in range(3):
        details = {"episodes": [number], "text": "你好\U0001f600"}
        access.note(it.connection, "studio", "Mei", "retry", f"job{number}", details, NOW + number)
    found = access.audit(it.connection, "studio")
    assert [entry.subject for entry in found] == ["job2", "job1", "job0"]
    assert found[0].details == {"episodes": [2], "text": "你好\U0001f600"}
    assert access.audit(it.connection, "studio", subject="job1") == [found[1]]
    assert access.audit(it.connection, "studio", before=found[0].id, limit=1) == [found[1]]
    assert access.audit(it.connection, "other") == []


@case(jobs.add, jobs.get, jobs.lock, jobs.by_idempotency_key, jobs.snapshot)
def _jobs(it: Stored) -> None:
    job = it.job(key="k")
    assert jobs.get(it.connection, job.id) == job
    assert jobs.lock(it.connection, job.id) == job
    assert (job.order, job.status, job.revision) == (ORDER, JobStatus.ACCEPTED, 1)
    assert jobs.get(it.connection, "0" * 32) is None
    assert jobs.lock(it.connection, "0" * 32) is None
    assert jobs.by_idempotency_key(it.connection, "studio", "k") == job
    assert jobs.by_idempotency_key(it.connection, "other", "k") is None
    assert jobs.snapshot(it.connection, job.id) is None


@case(jobs.page)
def _page(it: Stored) -> None:
    old, new = it.job(), it.job(at_ms=NOW + 1)
    others = it.job("other", at_ms=NOW + 2)
    assert jobs.page(it.connection, "studio") == [new, old]
    assert jobs.page(it.connection, None, limit=2) == [others, new]
    assert jobs.page(it.connection, "studio", status=JobStatus.RUNNING) == []
    assert jobs.page(it.connection, "studio", before=(NOW + 1, new.id)) == [old]
    assert jobs.page(it.connection, "studio", status=JobStatus.ACCEPTED, limit=1) == [new]


@case(jobs.stalled)
def _stalled(it: Stored) -> None:
    stuck, busy, waits = it.job(), it.job(), it.job()
    it.tasks(busy, "plan", episode=None)
    jobs.reach_gate(it.connection, waits.id, Gate.SCRIPT, 1, NOW)
    assert jobs.stalled(it.connection, NOW + 1) == [stuck.id]
    assert jobs.stalled(it.connection, NOW) == []
    jobs.approve_gate(it.connection, waits.id, Gate.SCRIPT, None, "Mei", NOW)
    assert set(jobs.stalled(it.connection, NOW + 1)) == {stuck.id, waits.id}


@case(jobs.at_work_on)
def _at_work_on(it: Stored) -> None:
    job = it.job()
    assert jobs.at_work_on(it.connection, ORDER.release) == job.id
    assert jobs.at_work_on(it.connection, "/releases/studio") is None
    of = (JobStatus.ACCEPTED,)
    jobs.move(it.connection, job.id, JobStatus.CANCELLED, of=of, now_ms=NOW)
    assert jobs.at_work_on(it.connection, ORDER.release) is None


@case(jobs.move, jobs.count_by_status, jobs.revise, jobs.set_order)
def _moves(it: Stored) -> None:
    job = it.job()
    of = (JobStatus.ACCEPTED, JobStatus.RUNNING)
    values = {"snapshot": "{}", "plan_key": "k"}
    assert jobs.move(it.connection, job.id, JobStatus.RUNNING, of=of, now_ms=NOW + 1, **values)
    assert not jobs.move(it.connection, job.id, JobStatus.FAILED, of=(), now_ms=NOW)
    jobs.revise(it.connection, job.id, NOW + 2, left_out=[2, 3])
    order = replace(ORDER, priority=Priority.URGENT, review=(Gate.SCRIPT,))
    jobs.set_order(it.connection, job.id, order, NOW + 3)
    found = jobs.get(it.connection, job.id)
    assert found is not None
    assert (found.order, found.revision, found.left_out) == (order, 2, (2, 3))
    assert (found.updated_ms, found.ended_ms, found.plan_key) == (NOW + 3, None, "k")
    assert jobs.snapshot(it.connection, job.id) == "{}"
    assert jobs.count_by_status(it.connection) == {JobStatus.RUNNING: 1}


@case(jobs.open_episodes, jobs.episodes, jobs.end_episode)
def _episodes(it: Stored) -> None:
    job = it.job()
    jobs.open_episodes(it.connection, job.id, [])
    jobs.open_episodes(it.connection, job.id, [2, 1])
    failed, made = EpisodeStatus.FAILED, EpisodeStatus.LOCALIZED
    assert jobs.end_episode(it.connection, job.id, 1, failed, NOW, "why")
    assert jobs.end_episode(it.connection, job.id, 2, made, NOW, duration_ms=9_000)
    assert not jobs.end_episode(it.connection, job.id, 2, failed, NOW)
    first, second = jobs.episodes(it.connection, job.id)
    assert (first.status, first.reason, second.status) == (failed, "why", made)
    jobs.open_episodes(it.connection, job.id, [1])
    assert jobs.episodes(it.connection, job.id)[0].status is EpisodeStatus.RUNNING


@case(jobs.reach_gate, jobs.approve_gate, jobs.gates)
def _gates(it: Stored) -> None:
    job = it.job()
    for _ in range(2):
        for episode in (1, 2, 3):
            jobs.reach_gate(it.connection, job.id, Gate.TRANSLATION, episode, NOW)
    approve = jobs.approve_gate
    assert approve(it.connection, job.id, Gate.TRANSLATION, [1, 9], "Mei", NOW) == 1
    assert approve(it.connection, job.id, Gate.TRANSLATION, [], "Mei", NOW) == 0
    found = jobs.gates(it.connection, job.id)
    assert found == {(Gate.TRANSLATION, 1): True, (Gate.TRANSLATION, 2): False,
                     (Gate.TRANSLATION, 3): False}  # fmt: skip
    assert approve(it.connection, job.id, Gate.TRANSLATION, None, "Mei", NOW) == 2


@case(jobs.note_message, jobs.job_of_message)
def _messages(it: Stored) -> None:
    job = it.job()
    assert jobs.job_of_message(it.connection, "/pipeline", "m") is None
    jobs.note_message(it.connection, "/pipeline", "m", job.id, NOW)
    assert jobs.job_of_message(it.connection, "/pipeline", "m") == job.id


@case(outbox.put, outbox.pending, outbox.mark_sent, outbox.postpone, outbox.note_failure,
      outbox.waiting, outbox.drop_old)  # fmt: skip
def _outbox(it: Stored) -> None:
    job = it.job()
    event = {"type": "localization.accepted", "data": {"名": "值"}}
    outbox.put(it.connection, job.id, event, None, NOW)
    outbox.put(it.connection, job.id, event, "https://a.example/hook", NOW)
    assert outbox.waiting(it.connection) == 3
    told = outbox.pending(it.connection, NOW, webhooks=False)
    (hook,) = outbox.pending(it.connection, NOW, webhooks=True)
    assert [one.event for one in told] == [event, event]
    assert (hook.webhook, hook.team, hook.attempts) == ("https://a.example/hook", "studio", 0)
    assert outbox.pending(it.connection, NOW - 1, webhooks=True) == []
    outbox.mark_sent(it.connection, told[0].id, NOW)
    outbox.postpone(it.connection, hook.id, "on its way", NOW + 10)
    assert outbox.pending(it.connection, NOW, webhooks=True) == []
    assert outbox.pending(it.connection, NOW + 10, webhooks=True)[0].attempts == 1
    outbox.note_failure(it.connection, hook.id, "500", NOW, final=False)
    assert outbox.waiting(it.connection) == 2
    outbox.note_failure(it.connection, hook.id, "410", NOW, final=True)
    assert outbox.waiting(it.connection) == 1
    assert outbox.drop_old(it.connection, NOW + 1) == 2


@case(tasks.add, tasks.of_job, tasks.count_by_status)
def _tasks(it: Stored) -> None:
    job = it.job()
    it.tasks(job, "probe", "extract")
    it.tasks(job, "probe", episode=2)
    it.tasks(job, "probe")  # there already
    assert tasks.add(it.connection, job.id, NOW, Priority.NORMAL, [], NOW) == 0
    first, second, third = it.of(job)
    assert (first.stage, second.stage, third.episode) == ("probe", "extract", 2)
    assert tasks.of_job(it.connection, job.id, episode=2) == [third]
    assert tasks.of_job(it.connection, job.id, after=first.id, limit=1) == [second]
    assert tasks.count_by_status(it.connection, job.id) == {TaskStatus.READY: 3}
    # One that is done, but whose artifact is gone, is ready once more.
    task = tasks.claim(it.connection, [Queue.MEDIA], "o:1:x", NOW, LIMITS)
    assert task is not None
    assert tasks.complete(it.connection, task, NOW)
    it.tasks(job, task.stage)
    assert tasks.count_by_status(it.connection, job.id) == {TaskStatus.READY: 3}


@case(tasks.claim, tasks.extend, tasks.complete, tasks.held_by, tasks.expired)
def _leases(it: Stored) -> None:
    job = it.job()
    assert tasks.claim(it.connection, list(Queue), "o:1:x", NOW, LIMITS) is None
    task = it.taken(job)
    assert (task.owner, task.attempts, task.started_ms) == ("host:1:a", 1, NOW)
    assert tasks.claim(it.connection, [Queue.TTS], "o:1:x", NOW, LIMITS) is None
    assert tasks.held_by(it.connection, "host:") == [task]
    assert tasks.held_by(it.connection, "host_") == tasks.held_by(it.connection, "h%") == []
    assert tasks.expired(it.connection, NOW + 10_000) == []
    assert tasks.extend(it.connection, task, NOW + 5_000, LIMITS)
    assert tasks.expired(it.connection, NOW + 10_001) == []
    (lost,) = tasks.expired(it.connection, NOW + 15_001)
    assert lost.id == task.id
    assert not tasks.extend(it.connection, replace(task, owner="host:2:b"), NOW, LIMITS)
    assert tasks.complete(it.connection, task, NOW)
    assert not tasks.complete(it.connection, task, NOW)


@case(tasks.fail, tasks.hand_back)
def _failures(it: Stored) -> None:
    job = it.job()
    task = it.taken(job)
    assert tasks.hand_back(it.connection, task, NOW, 1.0)
    assert not tasks.hand_back(it.connection, task, NOW)
    assert tasks.claim(it.connection, list(Queue), "o:1:x", NOW, LIMITS) is None
    finding = Finding("no room", "transient", final=False)
    for at_ms, after in ((NOW + 1_000, TaskStatus.READY), (NOW + 9_000, TaskStatus.FAILED)):
        again = tasks.claim(it.connection, list(Queue), "o:1:x", at_ms, LIMITS)
        assert again is not None
        assert tasks.fail(it.connection, again, finding, at_ms, LIMITS) is after
        assert tasks.fail(it.connection, again, finding, at_ms, LIMITS) is None
    assert it.of(job)[0].reason == "no room"


@case(tasks.is_publishing_elsewhere)
def _publishing(it: Stored) -> None:
    job, same = it.job(), it.job(at_ms=NOW + 1)
    first = it.taken(job, "publish")
    second = it.taken(same, "publish")
    assert not tasks.is_publishing_elsewhere(it.connection, first, ORDER)
    assert tasks.is_publishing_elsewhere(it.connection, second, ORDER)
    elsewhere = replace(ORDER, out="/releases/studio/out")
    assert not tasks.is_publishing_elsewhere(it.connection, second, elsewhere)


@case(tasks.withdraw, tasks.forget_failures)
def _withdrawn(it: Stored) -> None:
    job = it.job()
    it.tasks(job, "probe", "mux")
    it.tasks(job, "mux", episode=2)
    tasks.withdraw(it.connection, job.id, episode=1, but=["probe"])
    assert [(t.stage, t.episode) for t in it.of(job)] == [("probe", 1), ("mux", 2)]
    tasks.withdraw(it.connection, job.id)
    assert it.of(job) == []
    for wanted, left in (((), 2), ((1,), 1), (None, 0)):
        it.tasks(job, "probe")
        it.tasks(job, "probe", episode=2)
        final = Finding("broken", "rejected", final=True)
        while task := tasks.claim(it.connection, list(Queue), "o:1:x", NOW, LIMITS):
            tasks.fail(it.connection, task, final, NOW, LIMITS)
        tasks.forget_failures(it.connection, job.id, wanted)
        assert len(it.of(job)) == left
        tasks.forget_failures(it.connection, job.id)


@case(tasks.reprioritize)
def _hurried(it: Stored) -> None:
    first, second = it.job(), it.job(at_ms=NOW + 1)
    for job in (first, second):
        it.tasks(job, "probe")
        it.tasks(job, "plan", episode=None)
    tasks.reprioritize(it.connection, second.id, Priority.URGENT)
    order = []
    while task := tasks.claim(it.connection, list(Queue), "o:1:x", NOW, LIMITS):
        order.append((task.job, task.stage))
    assert order == [
        (second.id, "plan"),
        (second.id, "probe"),
        (first.id, "plan"),
        (first.id, "probe"),
    ]


@case(tasks.unsent, tasks.mark_sent, tasks.due_by_queue)
def _sent(it: Stored) -> None:
    job = it.job()
    task = it.taken(job)
    tasks.hand_back(it.connection, task, NOW)  # of which no message tells
    assert tasks.unsent(it.connection, NOW) == [(task.id, Queue.MEDIA)]
    assert tasks.unsent(it.connection, NOW - 1) == tasks.unsent(it.connection, NOW, limit=0) == []
    tasks.mark_sent(it.connection, [], NOW)
    tasks.mark_sent(it.connection, [task.id], NOW)
    assert tasks.unsent(it.connection, NOW) == []
    assert tasks.due_by_queue(it.connection, NOW, NOW + 1) == {Queue.MEDIA: 1}
    assert tasks.due_by_queue(it.connection, NOW, NOW) == {}


@case(tasks.drop_old)
def _dropped(it: Stored) -> None:
    job, active = it.job(), it.job()
    it.tasks(job, "probe")
    it.tasks(active, "probe")
    of = (JobStatus.ACCEPTED,)
    jobs.move(it.connection, job.id, JobStatus.CANCELLED, of=of, now_ms=NOW)
    assert tasks.drop_old(it.connection, NOW) == 0
    assert tasks.drop_old(it.connection, NOW + 1) == 1
    assert len(it.of(active)) == 1


@case(workers.beat, workers.seen_since, workers.leave, workers.drop_old)
def _workers(it: Stored) -> None:
    usage = {"fake": {"loads": 1, "busy_s": 0.5, "memory_mb": None}}
    for name, paused in (("a:1", ""), ("b:2", "The disk is full."), ("a:1", "The disk is full.")):
        workers.beat(it.connection, name, [Queue.MT], "1.0", paused, usage, NOW)
    first, second = workers.seen_since(it.connection, NOW)
    assert (first.name, first.queues, first.paused) == ("a:1", (Queue.MT,), "The disk is full.")
    assert first.engines == usage
    assert workers.seen_since(it.connection, NOW + 1) == []
    workers.leave(it.connection, second.name)
    assert workers.seen_since(it.connection, NOW) == [first]
    workers.drop_old(it.connection, NOW + 3_600_001)
    assert workers.seen_since(it.connection, 0) == []


def queries() -> set[Callable[..., object]]:
    """Every function of the store that is given a connection."""
    return {
        found
        for module in STORE
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__
        and not name.startswith("_")
        and "connection" in inspect.signature(found).parameters
    }


def test_every_query_of_the_store_has_a_case() -> None:
    assert {one.__qualname__ for one in queries() ^ CASES.keys()} == set()


def test_every_query_answers_alike_on_both_databases(url: str, subtests: pytest.Subtests) -> None:
    database = Database(url)
    database.upgrade()
    for one in dict.fromkeys(CASES.values()):
        with subtests.test(one.__name__), database.engine.connect() as connection:
            transaction = connection.begin()
            one(Stored(connection))
            transaction.rollback()
    database.close()
