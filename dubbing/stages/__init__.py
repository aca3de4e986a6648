"""The stages: one file each, a function from artifacts and settings to artifacts.

Every stage module has a NAME, a VERSION (raised when its output changes for the same input), a frozen
`Settings`, `run(work, settings)`, and a STAGE that declares what it is made for, what it reads and what it
leaves. The graph of a job follows from these declarations (`dubbing.planning.pipeline`), and whoever runs a
stage holds it to them. No stage knows another, nor who runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dubbing.engines.registry import Engines
from dubbing.model.job import Deliverable
from dubbing.model.service import Gate, Queue
from dubbing.store.artifacts import ArtifactStore


class Per(StrEnum):
    """What a stage is run once for."""

    SERIES = "series"
    SERIES_LANGUAGE = "series and language"
    EPISODE = "episode"
    LANGUAGE = "episode and language"  # each language that the job translates into
    TRACK = "episode and track"  # likewise, and the language of the original


class From(StrEnum):
    """Where an input comes from, seen from the stage that reads it."""

    HERE = "here"  # the same episode and language, or the episode or the series that they belong to
    RELEASE = "release"  # a file of the episode that the user gave
    BEFORE = "before"  # the same stage of the episode before
    EACH_EPISODE = "each episode"  # one an episode, in the role "script 3"
    EACH_LANGUAGE = "each language"  # one a language and track, in the role "mix es-419"


@dataclass(frozen=True, slots=True)
class Read:
    """One input: the artifact of a stage, or a file of the release. Its role is its name, unless there are
    several of it."""

    name: str  # of the stage, or `video` or `bed`
    of: From = From.HERE
    optional: bool = False  # it may be missing, or left aside


@dataclass(frozen=True, slots=True)
class Published:
    """Where a file lies in the localized release."""

    path: str  # with {name}, of the episode; {file}, by which its files are called; {tag}, of the language
    kind: str  # as the manifest calls it


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file of a stage's artifact, or several that one pattern matches."""

    file: str  # a glob; with {name}, of the episode
    kind: object = None  # the type of a JSON document
    published: Published | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage says of itself."""

    per: Per
    reads: tuple[Read, ...]
    leaves: tuple[Leaf, ...]
    deliverable: Deliverable | None = None  # what it is made for; None: whatever is asked for
    reported: bool = False  # the localized release, or its report, is put together from it
    queue: Queue = Queue.MEDIA  # the kind of work: what needs no model is `media`
    gate: Gate | None = None  # it waits until people have approved of this


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage is given to do its work with."""

    label: str  # of the episode, for messages: "ep01 (first.mp4)"
    inputs: Mapping[str, Path]  # role -> the folder of an artifact, or a source file
    out: Path  # the empty folder that becomes this stage's artifact
    engines: Engines
    store: ArtifactStore  # for what is cached by the line
    progress: Callable[[int, int], None]  # (done, total)
