"""The stages: one file each, a function from artifacts and settings to artifacts.

Every stage module has a NAME, a VERSION (raised when its output changes for the same input), a frozen
`Settings`, and `run(work, settings)`. Together with the keys of what it read, they make its artifact's
key. No stage knows another, nor who runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dubbing.engines.registry import Engines
from dubbing.store.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage is given to do its work with."""

    label: str  # of the episode, for messages: "ep01 (first.mp4)"
    inputs: Mapping[str, Path]  # role -> the folder of an artifact, or a source file
    out: Path  # the empty folder that becomes this stage's artifact
    engines: Engines
    store: ArtifactStore  # for what is cached by the line
    progress: Callable[[int, int], None]  # (done, total)
