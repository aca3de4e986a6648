"""What can be seen of the service: metrics, and a job's trace."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from series import make_series
from service import ME, Service, service

from dubbing.api.metrics import metrics_router
from dubbing.model.service import Queue
from dubbing.store import workers
from dubbing.store.database import now_ms


@pytest.fixture(scope="module")
def exported() -> InMemorySpanExporter:
    """The spans of this process; the provider can be set only once in it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def here(tmp_path: Path, make_video: Callable[..., Path]) -> Iterator[Service]:
    make_series(tmp_path / "fated", make_video)
    with service(tmp_path) as one:
        yield one


def scraped(here: Service) -> dict[tuple[str, ...], float]:
    """(name, values of the labels by their names) -> value, as Prometheus reads them."""
    app = FastAPI()
    app.include_router(metrics_router(here.database))
    answer = TestClient(app).get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_say_what_waits_what_was_done_and_what_failed(here: Service) -> None:
    job = here.submit(here.scratch.parent / "fated")
    here.work(most=2)
    with here.database.transaction() as connection:
        workers.beat(
            connection, "one", [Queue.TTS], "0.1.0", "", {"kokoro": {"busy_s": 2.5}}, now_ms()
        )
    found = scraped(here)
    assert found["dubbing_jobs", "running"] == 1
    assert found["dubbing_queue_tasks", "media"] >= 1
    assert found["dubbing_queue_age_seconds", "media"] >= 0
    assert found["dubbing_workers", "tts"] == 1
    assert found["dubbing_workers", "asr"] == 0
    assert found["dubbing_engine_busy_seconds", "kokoro"] == 2.5
    here.work()
    found = scraped(here)
    assert found["dubbing_jobs", "completed"] == 1
    assert found["dubbing_stage_done", "mix"] == 2
    assert found["dubbing_queue_tasks", "media"] == 0
    assert 0 < found["dubbing_real_time_factor",] < 100
    (here.scratch.parent / "broken").mkdir()
    here.submit(here.scratch.parent / "broken")
    here.work()
    assert scraped(here)["dubbing_task_failures", "yes", "rejected"] == 1
    assert here.job(job).status == "completed"


def test_all_of_a_job_is_one_trace_whoever_did_it(
    here: Service, exported: InMemorySpanExporter
) -> None:
    exported.clear()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    order = here.order(here.scratch.parent / "fated", "en")
    here.desk.submit(ME, order, trace=parent)
    while here.work(most=1):  # each task by another executor
        pass
    spans = exported.get_finished_spans()
    assert {format(span.context.trace_id, "032x") for span in spans} == {parent.split("-")[1]}
    assert {"submit", "plan", "transcribe", "translate", "mux", "publish"} <= {
        span.name for span in spans
    }
    stages = {span.name: span for span in spans}
    assert stages["translate"].attributes is not None
    assert stages["translate"].attributes["dubbing.language"] == "en"
    shutil.rmtree(here.store.root)
