"""Lays out the graph of a job: follows what each stage says that it reads, at each place it is made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.errors import Defect
from dubbing.model.episode import Episode, Release
from dubbing.model.job import Decisions, Deliverable, Job, Profile
from dubbing.model.language import Language
from dubbing.model.series import Market
from dubbing.planning.asked import Asked
from dubbing.planning.graph import EpisodeNodes, LanguageNodes, Node, Nodes, Plan, Source
from dubbing.planning.table import TABLE, Row, Task, needed_by_others
from dubbing.stages import From, Per, Read, Work
from dubbing.store.artifacts import key_of
from voices import VoiceBank


@dataclass(frozen=True, slots=True)
class Planner:
    """Lays out a job. It reads what people decided, and loads no weights.

    Raises Rejected for what can't be done at all: a language that no engine covers, a voice that
    doesn't exist.
    """

    engines: Engines
    voices: VoiceBank
    languages: Mapping[str, Language]  # of the job, and the source language
    decisions: Decisions
    market_of: Callable[[str], Market]  # of a BCP-47 tag
    digest_of: Callable[[Path], str]  # the SHA-256 of a source file
    table: tuple[Row, ...] = TABLE

    @staticmethod
    def engines_named(profile: Profile) -> list[tuple[Port, str]]:
        """All that a profile names, used by a job or not."""
        return [
            (Port.SEPARATOR, profile.separator),
            (Port.DIARIZER, profile.diarizer),
            (Port.TRANSCRIBER, profile.transcriber),
            *((Port.TRANSLATOR, name) for name in profile.translators),
            *((Port.SYNTHESIZER, name) for name in profile.synthesizers),
        ]

    def plan(self, release: Release, job: Job) -> Plan:
        heard = tuple(
            episode
            for episode in release.episodes
            if episode.number <= max(job.episodes) and episode.number not in job.left_out
        )
        asked = Asked(
            release=release,
            job=job,
            engines=self.engines,
            bank=self.voices,
            languages=self.languages,
            decisions=self.decisions,
            market_of=self.market_of,
            # Names and memory are those of the job's episodes and of all that were published before.
            scripts={
                _role("script", number): number
                for number in (episode.number for episode in heard)
                if number in job.episodes or number in self.decisions.published
            },
        )
        layout = _Layout(asked, heard, self.digest_of)
        others = needed_by_others(self.table)
        for row in self.table:
            layout.lay(row, for_others=row.module.NAME in others)
        episodes = tuple(self._episode(layout, e) for e in heard if e.number in job.episodes)
        given = {}
        if Deliverable.DUB in job.deliverables:
            given = {tag: asked.voicing_of(tag).given() for tag in job.languages}
        key = key_of(
            "release",
            2,
            release=release.name,
            title=release.title,
            languages=job.languages,
            artifacts=[node.key for laid in episodes for node in laid.targets()],
            engines=layout.engines_used(),
            characters=self.decisions.characters,
        )
        return Plan(
            release=release,
            job=job,
            source_language=asked.source,
            series=layout.at(None, None),
            episodes=episodes,
            engines=layout.engines_used(),
            characters=self.decisions.characters,
            given=given,
            key=key,
        )

    def _episode(self, layout: _Layout, episode: Episode) -> EpisodeNodes:
        def in_language(language: Language) -> LanguageNodes:
            return LanguageNodes(language, layout.at(episode.number, language.tag))

        job = layout.asked.job
        return EpisodeNodes(
            episode=episode,
            stages=layout.at(episode.number, None),
            source=in_language(layout.asked.source),
            languages=tuple(in_language(self.languages[tag]) for tag in job.languages),
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of the graph that a stage may be made for."""

    episode: int | None  # None: the whole series
    language: str | None  # None: whatever the language


@dataclass(slots=True)
class _Layout:
    """The nodes that are laid already."""

    asked: Asked
    heard: tuple[Episode, ...]  # of the job, and those before them
    digest_of: Callable[[Path], str]
    nodes: dict[_Place, dict[str, Node]] = field(default_factory=dict)
    per: dict[str, Per] = field(default_factory=dict)  # of the stages laid so far
    engines: set[EngineInfo] = field(default_factory=set)

    def lay(self, row: Row, *, for_others: bool) -> None:
        """Lays a stage at each place that it is made for; `for_others`: in episodes too that are not the job's."""
        self.per[row.module.NAME] = row.module.STAGE.per
        module, says = row.module, row.module.STAGE
        if says.deliverable not in (None, *self.asked.job.deliverables):
            return
        for asked in self._places(says.per, for_others=for_others):
            task = row.task(asked)
            if task is not None:
                place = _place(asked)
                self.nodes.setdefault(place, {})[module.NAME] = self._node(row, asked, task)
                self.engines.update(task.engines)

    def at(self, episode: int | None, language: str | None) -> Nodes:
        """What is made at a place, in the order of the table."""
        return self.nodes.get(_Place(episode, language), {})

    def engines_used(self) -> tuple[EngineInfo, ...]:
        order = list(Port)
        return tuple(sorted(self.engines, key=lambda info: (order.index(info.port), info.name)))

    def _places(self, per: Per, *, for_others: bool) -> Iterator[Asked]:
        job, languages = self.asked.job, self.asked.languages
        tracks: list[Language | None] = [None]
        if per in (Per.SERIES_LANGUAGE, Per.LANGUAGE, Per.TRACK):
            tracks = [languages[tag] for tag in job.languages]
        if per is Per.TRACK:
            tracks.insert(0, self.asked.source)
        episodes: list[Episode | None] = [None]
        if per not in (Per.SERIES, Per.SERIES_LANGUAGE):
            episodes = [e for e in self.heard if for_others or e.number in job.episodes]
        for episode in episodes:
            for track in tracks:
                yield replace(self.asked, place=episode, track=track)

    def _node(self, row: Row, asked: Asked, task: Task) -> Node:
        module = row.module
        inputs = {
            role: given
            for read in module.STAGE.reads
            for role, given in self._inputs(read, asked)
            if role not in task.aside
        }
        used = [(engine.name, engine.revision) for engine in task.engines]
        work_key = key_of(module.NAME, module.VERSION, settings=task.settings, engines=used)
        # What is made of the whole series is work of its first episode.
        first = next(e for e in self.heard if e.number in self.asked.scripts.values())
        episode = asked.place or first
        language = asked.track.tag if asked.track and asked.track != asked.source else None

        def run(work: Work) -> None:
            module.run(work, task.settings)

        return Node(
            stage=module.NAME,
            says=module.STAGE,
            episode=episode.number,
            language=language,
            name=episode.name,
            label=f"{episode.name} ({episode.video.name})",
            key=key_of("node", 1, work=work_key, inputs={r: g.key for r, g in inputs.items()}),
            work=work_key,
            inputs=inputs,
            run=run,
        )

    def _inputs(self, read: Read, asked: Asked) -> Iterator[tuple[str, Node | Source]]:
        """What a stage reads at a place, by role. Where an input is missing that it can't do without, the table
        is wrong."""
        found: dict[str, Node | Source | None] = {}
        match read.of:
            case From.RELEASE:
                found[read.name] = self._source(read, asked.episode)
            case From.BEFORE:
                before = self.heard.index(asked.episode) - 1
                if before >= 0:
                    number = self.heard[before].number
                    found[read.name] = self._find(read.name, number, None)
            case From.EACH_EPISODE:
                for number in asked.scripts.values():
                    found[_role(read.name, number)] = self._find(read.name, number, None)
            case From.EACH_LANGUAGE:
                for tag in (*asked.job.languages, asked.source.tag):
                    node = self._find(read.name, asked.episode.number, tag)
                    found[_role(read.name, tag)] = node
            case From.HERE:
                found[read.name] = self._here(read.name, asked)
        for role, given in found.items():
            if given is not None:
                yield role, given
            elif not read.optional:
                raise Defect(f"the graph has no {role} for {_place(asked)}")

    def _here(self, name: str, asked: Asked) -> Node | None:
        """A stage's node at a place, or the one of the episode or the series that it belongs to."""
        per, place = self.per.get(name), _place(asked)
        episode = None if per in (Per.SERIES, Per.SERIES_LANGUAGE) else place.episode
        language = None if per in (Per.SERIES, Per.EPISODE) else place.language
        return self._find(name, episode, language)

    def _find(self, name: str, episode: int | None, language: str | None) -> Node | None:
        return self.at(episode, language).get(name)

    def _source(self, read: Read, episode: Episode) -> Source | None:
        path = {"video": episode.video, "bed": episode.bed}[read.name]
        return Source(path, self.digest_of(path)) if path else None


def _place(asked: Asked) -> _Place:
    return _Place(
        asked.place.number if asked.place else None, asked.track.tag if asked.track else None
    )


def _role(name: str, which: object) -> str:
    """The role of one of several inputs of a stage."""
    return f"{name} {which}"
