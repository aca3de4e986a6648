"""What Prometheus is told: of the whole service, from the database, whichever process is asked."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Select, func, select

from dubbing.model.service import EpisodeStatus, JobStatus, Queue, TaskStatus
from dubbing.store import jobs, outbox, workers
from dubbing.store.database import Database, now_ms
from dubbing.store.tables import EpisodeRow, TaskRow

_T = TaskRow
_WINDOW_MS = 3_600_000  # of what is measured, rather than counted
_ALIVE_MS = 30_000  # since a worker's last sign of life


class ServiceMetrics(Collector):
    """Measured anew at each scrape. Times are in seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        return []  # nothing is measured before the first scrape

    def collect(self) -> Iterator[Metric]:
        now = now_ms()
        with self._database.transaction() as connection:
            yield _jobs(connection)
            yield from _queues(connection, now)
            yield from _stages(connection, now)
            yield _failures(connection)
            yield _real_time_factor(connection, now)
            yield from _workers(connection, now)
            yield GaugeMetricFamily(
                "dubbing_outbox_waiting", "Events that are not told yet", outbox.waiting(connection)
            )


def _jobs(connection: Connection) -> Metric:
    metric = GaugeMetricFamily("dubbing_jobs", "Jobs by status", labels=["status"])
    counts = jobs.count_by_status(connection)
    for status in JobStatus:
        metric.add_metric([status], counts.get(status, 0))
    return metric


def _queues(connection: Connection, now: int) -> Iterator[Metric]:
    ready = GaugeMetricFamily(
        "dubbing_queue_tasks", "Tasks that wait for a worker", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "dubbing_queue_age_seconds", "How long the oldest of them has waited", labels=["queue"]
    )
    running = GaugeMetricFamily(
        "dubbing_queue_running", "Tasks that a worker is at", labels=["queue"]
    )
    waiting = {
        queue: (count, oldest)
        for queue, count, oldest in connection.execute(
            select(_T.queue, func.count(), func.min(_T.ready_ms))
            .where(_T.status == TaskStatus.READY, _T.ready_ms <= now)
            .group_by(_T.queue)
        )
    }
    at_work = _counts(
        connection,
        select(_T.queue, func.count()).where(_T.status == TaskStatus.RUNNING).group_by(_T.queue),
    )
    for queue in Queue:
        count, oldest = waiting.get(queue, (0, now))
        ready.add_metric([queue], count)
        age.add_metric([queue], (now - oldest) / 1000)
        running.add_metric([queue], at_work.get(queue, 0))
    yield from (ready, age, running)


def _counts(connection: Connection, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _stages(connection: Connection, now: int) -> Iterator[Metric]:
    count = GaugeMetricFamily("dubbing_stage_done", "Tasks done in the last hour", labels=["stage"])
    seconds = GaugeMetricFamily(
        "dubbing_stage_seconds", "How long they took on average", labels=["stage"]
    )
    waited = GaugeMetricFamily(
        "dubbing_stage_wait_seconds", "How long they had waited on average", labels=["stage"]
    )
    rows = connection.execute(
        select(
            _T.stage,
            func.count(),
            func.avg(_T.ended_ms - _T.started_ms),
            func.avg(_T.started_ms - _T.ready_ms),
        )
        .where(_T.status == TaskStatus.DONE, _T.ended_ms > now - _WINDOW_MS)
        .group_by(_T.stage)
    )
    for stage, number, took_ms, waited_ms in rows:
        count.add_metric([stage], number)
        seconds.add_metric([stage], float(took_ms or 0) / 1000)
        waited.add_metric([stage], float(waited_ms or 0) / 1000)
    yield from (count, seconds, waited)


def _failures(connection: Connection) -> Metric:
    metric = GaugeMetricFamily(
        "dubbing_task_failures",
        "Tasks kept in the database that failed, for good or once, by the kind of the last failure",
        labels=["kind", "final"],
    )
    # Grouped by columns alone: PostgreSQL takes two expressions with a bound value for two different ones.
    rows = connection.execute(
        select(_T.kind, _T.status, func.count())
        .where(_T.kind != "")
        .group_by(_T.kind, _T.status)
        .order_by(_T.kind)
    )
    counts: dict[tuple[str, str], int] = {}
    for kind, status, count in rows:
        final = "yes" if status == TaskStatus.FAILED else "no"
        counts[kind, final] = counts.get((kind, final), 0) + count
    for labels, count in counts.items():
        metric.add_metric(labels, count)
    return metric


def _real_time_factor(connection: Connection, now: int) -> Metric:
    """Seconds of work for a second of episode, over all its languages."""
    metric = GaugeMetricFamily(
        "dubbing_real_time_factor", "Seconds of work a second of episode localized in the last hour"
    )
    ended = (
        select(EpisodeRow.job, EpisodeRow.number, EpisodeRow.duration_ms)
        .where(EpisodeRow.status == EpisodeStatus.LOCALIZED, EpisodeRow.ended_ms > now - _WINDOW_MS)
        .subquery()
    )
    played_ms = connection.execute(select(func.sum(ended.c.duration_ms))).scalar()
    worked_ms = connection.execute(
        select(func.sum(_T.ended_ms - _T.started_ms)).join(
            ended, (_T.job == ended.c.job) & (_T.episode == ended.c.number)
        )
    ).scalar()
    if played_ms:
        metric.add_metric([], float(worked_ms or 0) / float(played_ms))
    return metric


def _workers(connection: Connection, now: int) -> Iterator[Metric]:
    count = GaugeMetricFamily("dubbing_workers", "Workers that take a queue", labels=["queue"])
    paused = GaugeMetricFamily("dubbing_workers_paused", "Workers that take nothing for now")
    resident = GaugeMetricFamily(
        "dubbing_engine_resident", "Processes that have an engine loaded", labels=["engine"]
    )
    loads = GaugeMetricFamily(
        "dubbing_engine_loads",
        "How often engines were loaded in the processes that are alive",
        labels=["engine"],
    )
    busy = GaugeMetricFamily(
        "dubbing_engine_busy_seconds",
        "How long engines were at work in the processes that are alive",
        labels=["engine"],
    )
    alive = workers.seen_since(connection, now - _ALIVE_MS)
    for queue in Queue:
        count.add_metric([queue], sum(queue in worker.queues for worker in alive))
    paused.add_metric([], sum(bool(worker.paused) for worker in alive))
    for engine in sorted({engine for worker in alive for engine in worker.engines}):
        those = [worker.engines[engine] for worker in alive if engine in worker.engines]
        resident.add_metric([engine], sum(one.get("memory_mb", 0) is not None for one in those))
        loads.add_metric([engine], sum(int(one.get("loads", 1)) for one in those))
        busy.add_metric([engine], sum(float(one["busy_s"]) for one in those))
    yield from (count, paused, resident, loads, busy)
