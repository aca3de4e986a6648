"""The graph of a job: every artifact it takes, and what each is made from.

Keys depend on keys, not on contents, so the whole graph is known before any work is done: what exists
already is found by looking, and what is missing can be made by anyone, in any order that its inputs
allow. Where a node's inputs have other keys than before and the same content, whoever makes it finds that
out, and takes what was made before (`dubbing.making.runner.make`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dubbing.engines.ports import EngineInfo
from dubbing.model.episode import Episode, Release
from dubbing.model.job import CharacterDecision, GivenVoices, Job
from dubbing.model.language import Language
from dubbing.stages import Stage, Work


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the user gave."""

    path: Path
    key: str  # the digest of its content


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One artifact of a job: made, or still to be made, by one stage."""

    stage: str
    says: Stage  # what the stage says of itself
    episode: int
    language: str | None  # None: of the episode, whatever the language
    name: str  # of the episode, as files are called by it
    label: str  # likewise, for messages
    key: str
    work: str  # the hash of what is done to the inputs: stage, version, settings, engines
    inputs: Mapping[str, Node | Source]
    run: Callable[[Work], None]


Nodes = Mapping[
    str, Node
]  # what is made at one place of the graph: stage -> its node, if there is one


def reported(nodes: Nodes) -> Iterator[Node]:
    """What the localized release, or its report, is put together from."""
    return (node for node in nodes.values() if node.says.reported)


@dataclass(frozen=True, slots=True)
class LanguageNodes:
    """What one episode becomes in one language."""

    language: Language
    stages: Nodes


@dataclass(frozen=True, slots=True)
class EpisodeNodes:
    """What one episode becomes."""

    episode: Episode
    stages: Nodes  # of the episode, whatever the language
    source: LanguageNodes  # in the language of the original
    languages: tuple[LanguageNodes, ...]  # in those of the job

    @property
    def tracks(self) -> tuple[LanguageNodes, ...]:
        """Every language in which something of the episode is published, the original's first."""
        return (self.source, *self.languages)

    def targets(self) -> Iterator[Node]:
        yield from reported(self.stages)
        for track in self.tracks:
            yield from reported(track.stages)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a job's work, and the key of what comes of it."""

    release: Release
    job: Job
    source_language: Language
    series: Nodes  # what is made once for the series, whatever the language
    episodes: tuple[EpisodeNodes, ...]
    engines: tuple[EngineInfo, ...]  # those that the job uses
    characters: Mapping[str, CharacterDecision]  # what people decided of them
    given: Mapping[str, GivenVoices]  # language -> voices that were given before, and from what
    key: str

    @property
    def labels(self) -> dict[str, str]:
        """What people call characters, where they have said so."""
        return {name: said.name for name, said in self.characters.items() if said.name}

    def targets(self) -> list[Node]:
        return [
            *reported(self.series),
            *(node for episode in self.episodes for node in episode.targets()),
        ]
