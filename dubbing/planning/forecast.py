"""About how long a run will take: from how fast stages were on this machine, or from what is typical.

A speed is seconds of work per second of episode: what a stage does grows with the episode's length. Pure.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dubbing.engines.ports import Port
from dubbing.model.job import Profile
from dubbing.planning.graph import Node, Plan
from dubbing.stages import Per

_PORTS = {
    "separate": Port.SEPARATOR,
    "diarize": Port.DIARIZER,
    "transcribe": Port.TRANSCRIBER,
    "translate": Port.TRANSLATOR,
    "synthesize": Port.SYNTHESIZER,
}
# Of stages without an engine, and of engines: measured while `make demo` ran on two cores that had other work
# too; those for GPUs in `tests/benchmarks/bench_gpu.py`, on an H100, or as their makers say.
_TYPICAL = {
    "probe": 0.02, "extract": 0.01, "script": 0.01, "identify": 0.002, "names": 0.01, "memory": 0.002,
    "caption": 0.003, "cast": 0.002, "reference": 0.02, "mix": 0.3, "mux": 0.03,
    "none": 0.005, "dvector": 0.1, "faster-whisper:base": 0.9, "llama:qwen2.5-coder-1.5b": 1.6,
    "bergamot:base": 0.3, "kokoro:82m": 2.0, "espeak-ng": 0.1, "fake": 0.01,
    "faster-whisper:large-v3": 0.026, "faster-whisper:turbo": 0.01, "demucs:htdemucs": 0.012,
    "pyannote:community-1": 0.022, "nllb:600m": 0.05, "xtts:v2": 0.36, "mms:tts": 0.014,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long nodes are expected to take. It is an estimate, and people are to be told so."""

    node_s: Mapping[str, float]  # by the node's key; those of unknown speed as nothing
    total_s: float  # on so many threads as there are, each node as soon as it can be made
    measured: bool  # whether all of it is from runs on this machine
    unknown: tuple[str, ...]  # of whose speed nothing is known: `translate (madlad:3b)`


def speed_key(node: Node, profile: Profile) -> str:
    """What a measured speed holds for: a stage, its language, and the engines that it may choose from."""
    named = {
        Port.SEPARATOR: (profile.separator,),
        Port.DIARIZER: (profile.diarizer,),
        Port.TRANSCRIBER: (profile.transcriber,),
        Port.TRANSLATOR: profile.translators,
        Port.SYNTHESIZER: profile.synthesizers,
    }
    port = _PORTS.get(node.stage)
    return " ".join((node.stage, node.language or "-", *(named[port] if port else ())))


def length_s(node: Node, lengths_s: Mapping[int, float]) -> float:
    """How much of the series a node is about. `lengths_s`: of episodes, by number."""
    if node.says.per in (Per.SERIES, Per.SERIES_LANGUAGE):
        return sum(lengths_s.values())
    return lengths_s.get(node.episode, 0.0)


def forecast(
    plan: Plan,
    missing: Iterable[Node],
    lengths_s: Mapping[int, float],
    speeds: Mapping[str, float],
    workers: int,
) -> Forecast:
    """`speeds`: by `speed_key`, as measured on this machine."""
    nodes = list(missing)
    node_s: dict[str, float] = {}
    measured, unknown = True, dict[str, None]()
    for node in nodes:
        speed = speeds.get(speed_key(node, plan.job.profile))
        if speed is None:
            measured = False
            speed, lacking = _typical(node, plan)
            unknown |= dict.fromkeys(lacking)
        node_s[node.key] = speed * length_s(node, lengths_s)
    return Forecast(node_s, makespan(nodes, node_s, workers), measured, tuple(unknown))


def _typical(node: Node, plan: Plan) -> tuple[float, list[str]]:
    """The speed of the slowest engine that the stage may use, and what is not known."""
    port = _PORTS.get(node.stage)
    if port is None:
        known = _TYPICAL.get(node.stage)
        return known or 0.0, [] if known is not None else [node.stage]
    names = [engine.name for engine in plan.engines if engine.port is port]
    lacking = [f"{node.stage} ({name})" for name in names if name not in _TYPICAL]
    return max((_TYPICAL.get(name, 0.0) for name in names), default=0.0), lacking


def makespan(nodes: Iterable[Node], node_s: Mapping[str, float], workers: int) -> float:
    """Seconds until all are made, if each begins as soon as its inputs are there and a worker is free."""
    by_key = {node.key: node for node in nodes}
    waits = {
        key: {given.key for given in node.inputs.values()} & by_key.keys()
        for key, node in by_key.items()
    }
    needed_by: dict[str, list[str]] = {}
    for key, needed in waits.items():
        for one in needed:
            needed_by.setdefault(one, []).append(key)
    ready = [key for key, needed in waits.items() if not needed]
    running: list[tuple[float, str]] = []
    now_s = 0.0
    while ready or running:
        while ready and len(running) < workers:
            key = ready.pop(0)
            heapq.heappush(running, (now_s + node_s[key], key))
        now_s, done = heapq.heappop(running)
        for key in needed_by.get(done, ()):
            waits[key].discard(done)
            if not waits[key]:
                ready.append(key)
    return now_s
