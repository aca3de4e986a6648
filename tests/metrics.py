"""What Prometheus makes of an answer of GET /metrics, by its own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

# All that docs/service.md promises.
PROMISED = {
    "dubbing_jobs", "dubbing_queue_tasks", "dubbing_queue_age_seconds", "dubbing_queue_running",
    "dubbing_stage_done", "dubbing_stage_seconds", "dubbing_stage_wait_seconds",
    "dubbing_task_failures", "dubbing_real_time_factor", "dubbing_workers", "dubbing_workers_paused",
    "dubbing_engine_resident", "dubbing_engine_loads", "dubbing_engine_busy_seconds",
    "dubbing_outbox_waiting",
}  # fmt: skip


def scraped(text: str) -> dict[tuple[str, ...], float]:
    """(metric, values of its labels by their names' order) -> value, of all that is promised."""
    families = list(text_string_to_metric_families(text))
    assert {family.name for family in families} == PROMISED
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
