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
from dubbing.stages import Work


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the user gave."""

    path: Path
    key: str  # the digest of its content


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One artifact of a job: made, or still to be made, by one stage."""

    stage: str
    episode: int
    language: str | None  # None: of the episode, whatever the language
    label: str  # of the episode, for messages
    key: str
    work: str  # the hash of what is done to the inputs: stage, version, settings, engines
    inputs: Mapping[str, Node | Source]
    run: Callable[[Work], None]


@dataclass(frozen=True, slots=True)
class LanguageNodes:
    """What one episode becomes in one language."""

    language: Language
    translate: Node
    caption: Node | None
    cast: Node | None
    synthesize: Node | None
    mix: Node | None

    def targets(self) -> Iterator[Node]:
        yield self.translate
        for node in (self.caption, self.cast, self.synthesize, self.mix):
            if node is not None:
                yield node


@dataclass(frozen=True, slots=True)
class EpisodeNodes:
    """What one episode becomes."""

    episode: Episode
    probe: Node
    separate: Node
    diarize: Node
    script: Node
    identify: Node
    names: Node  # of the whole series
    caption: Node | None  # in the source language
    languages: tuple[LanguageNodes, ...]
    mux: Node

    def targets(self) -> Iterator[Node]:
        """What the localized release is put together from."""
        yield from (self.probe, self.separate, self.script, self.identify)
        if self.caption is not None:
            yield self.caption
        for nodes in self.languages:
            yield from nodes.targets()
        yield self.mux


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a job's work, and the key of what comes of it."""

    release: Release
    job: Job
    source_language: Language
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
        return [node for episode in self.episodes for node in episode.targets()]
