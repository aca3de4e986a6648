"""A job's trace over all machines (OpenTelemetry): one span for the job's submission, one for each attempt.

Spans go where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and nowhere if it says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dubbing import __version__
from dubbing.model.service import Task

_PROPAGATOR = TraceContextTextMapPropagator()


def export_spans(service: str) -> None:
    """Sends this process's spans to the collector that the environment names, if it names one."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def submission(release: str, parent: str = "") -> Iterator[str]:
    """The span of a submission; gives its traceparent, empty where nothing is traced."""
    context = _PROPAGATOR.extract({"traceparent": parent}) if parent else None
    tracer = trace.get_tracer("dubbing")
    with tracer.start_as_current_span(
        "submit", context, SpanKind.SERVER, attributes={"dubbing.release": release}
    ):
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        yield carrier.get("traceparent", "")


@contextmanager
def attempt(task: Task, traceparent: str) -> Iterator[Span]:
    """The span of an attempt at a task, in the trace of its job."""
    context = _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
    attributes: dict[str, str | int] = {
        "dubbing.job": task.job,
        "dubbing.stage": task.stage,
        "dubbing.attempt": task.attempts,
    }
    if task.episode is not None:
        attributes["dubbing.episode"] = task.episode
    if task.language is not None:
        attributes["dubbing.language"] = task.language
    tracer = trace.get_tracer("dubbing")
    with tracer.start_as_current_span(
        task.stage, context, SpanKind.CONSUMER, attributes=attributes
    ) as span:
        yield span


def note_failure(reason: str) -> None:
    """Marks the span that is open as failed."""
    trace.get_current_span().set_status(Status(StatusCode.ERROR, reason))
