"""Remembers how fast stages were on this machine, for a forecast of the next run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from dubbing.planning.forecast import length_s, speed_key
from dubbing.planning.graph import Node, Plan
from dubbing.store.artifacts import read_json, write_json

_KEPT = 16  # measurements of a kind


def read_speeds(file: Path) -> dict[str, float]:
    """Seconds of work per second of episode, by kind of work; nothing where the file can't be read.

    The mean of the slower half of what was measured: where single lines were made before, a stage seems
    faster than it is.
    """
    return {key: _slower_half(found) for key, found in _read(file).items() if found}


def remember_speeds(
    file: Path, plan: Plan, lengths_s: Mapping[int, float], worked: Iterable[tuple[Node, float]]
) -> None:
    """Adds what was measured in a run. `worked`: each node that had work to do, and its seconds."""
    measured = _read(file)
    for node, seconds in worked:
        length = length_s(node, lengths_s)
        if length > 0:
            kept = measured.setdefault(speed_key(node, plan.job.profile), [])
            kept.append(round(seconds / length, 5))
            del kept[:-_KEPT]
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another run may read it now.
    with tempfile.TemporaryDirectory(prefix=".speeds-", dir=file.parent) as folder:
        write_json(Path(folder) / file.name, measured)
        (Path(folder) / file.name).replace(file)


def _read(file: Path) -> dict[str, list[float]]:
    try:
        return read_json(file, dict[str, list[float]])
    except (OSError, msgspec.DecodeError):
        return {}  # it is only ever a help


def _slower_half(found: list[float]) -> float:
    slower = sorted(found)[len(found) // 2 :]
    return sum(slower) / len(slower)
