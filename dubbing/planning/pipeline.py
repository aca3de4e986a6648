"""The way of an episode: which stage reads what of which other, and with which settings and engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.registry import Engines
from dubbing.media.container import Label
from dubbing.model.episode import Episode, Release
from dubbing.model.job import Decisions, Deliverable, Job, LineCorrection, Profile, of_script
from dubbing.model.language import Language
from dubbing.model.series import Market
from dubbing.planning.graph import EpisodeNodes, LanguageNodes, Node, Plan, Source
from dubbing.planning.voicing import LanguageVoicing, people_of
from dubbing.planning.wording import LanguageWording
from dubbing.stages import (
    Work,
    caption,
    cast,
    diarize,
    extract,
    identify,
    memory,
    mix,
    mux,
    names,
    probe,
    reference,
    script,
    separate,
    synthesize,
    transcribe,
    translate,
)
from dubbing.store.artifacts import key_of
from voices import VoiceBank


class Stage(Protocol):
    """What every module of `dubbing.stages` offers."""

    NAME: str
    VERSION: int

    def run(self, work: Work, settings: Any) -> None: ...


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
        used = self._engines_used(release, job)
        heard: dict[int, _Heard] = {}
        before: _Heard | None = None
        for episode in release.episodes:
            if episode.number > max(job.episodes):
                break
            if episode.number not in job.left_out:
                before = heard[episode.number] = self._heard(release, job, episode, before)
        series = self._series(release, job, heard)
        episodes = [
            self._localized(release, job, heard[number], series)
            for number in job.episodes
            if number in heard
        ]
        key = key_of(
            "release",
            1,
            release=release.name,
            title=release.title,
            languages=job.languages,
            artifacts=[node.key for laid in episodes for node in laid.targets()],
            engines=used,
            characters=self.decisions.characters,
        )
        source = self.languages[release.source_language]
        given = {}
        if Deliverable.DUB in job.deliverables:
            given = {language: self._voicing(language, job).given() for language in job.languages}
        return Plan(
            release, job, source, tuple(episodes), used, self.decisions.characters, given, key
        )

    def _heard(self, release: Release, job: Job, episode: Episode, before: _Heard | None) -> _Heard:
        """What is known of an episode before it is translated."""
        profile = job.profile
        corrections = tuple(c for c in self.decisions.corrections if c.episode == episode.number)
        node = partial(self._node, episode, None)
        video = self._source(episode.video)
        probed = node(probe, probe.Settings(), {"video": video})
        extracted = node(extract, extract.Settings(), {"video": video, "probe": probed})
        stem = {"bed": self._source(episode.bed)} if episode.bed else {}
        separated = node(
            separate,
            separate.Settings(profile.separator),
            {"extract": extracted, "probe": probed, **stem},
            [self.engines.info(Port.SEPARATOR, profile.separator)],
        )
        diarized = node(
            diarize,
            diarize.Settings(profile.diarizer),
            {"separate": separated},
            [self.engines.info(Port.DIARIZER, profile.diarizer)],
        )
        transcribed = node(
            transcribe,
            transcribe.Settings(profile.transcriber, release.source_language),
            {"separate": separated},
            [self.engines.info(Port.TRANSCRIBER, profile.transcriber)],
        )
        scripted = node(
            script,
            script.Settings(release.source_language, of_script(corrections)),
            {"transcribe": transcribed, "diarize": diarized},
        )
        identified = node(
            identify,
            identify.Settings(episode.number, self.engines.same_person(profile.diarizer)),
            {"diarize": diarized, **({"identify": before.identify} if before else {})},
        )
        own = self._own(job)
        recorded: Node | None = None
        if own:
            inputs: dict[str, Node | Source] = {
                "extract": extracted,
                "separate": separated,
                "diarize": diarized,
                "script": scripted,
                "identify": identified,
            }
            if before and before.reference:
                inputs["reference"] = before.reference
            who = people_of(self.decisions.characters, episode.number)
            recorded = node(reference, reference.Settings(episode.number, own, who), inputs)
        return _Heard(
            episode=episode,
            corrections=corrections,
            video=video,
            probe=probed,
            extract=extracted,
            separate=separated,
            diarize=diarized,
            script=scripted,
            identify=identified,
            reference=recorded,
        )

    def _series(self, release: Release, job: Job, heard: Mapping[int, _Heard]) -> _Series:
        """What is known of all episodes together: those of the job, and those published before."""
        scripts = {
            f"script {number}": one.script
            for number, one in heard.items()
            if number in job.episodes or number in self.decisions.published
        }
        numbers = {role: int(role.split()[1]) for role in scripts}
        first = heard[min(numbers.values())].episode
        found = self._node(
            first, None, names, names.Settings(release.source_language, numbers), scripts
        )
        memories: dict[str, Node] = {}
        for tag in job.languages:
            wording = self._wording(release, job, tag)
            written = {correction.episode for correction in wording.remembered()}
            corrected = {role: number for role, number in numbers.items() if number in written}
            if corrected:
                memories[tag] = self._node(
                    first,
                    tag,
                    memory,
                    wording.memory(corrected),
                    {role: scripts[role] for role in corrected},
                )
        return _Series(release, job, found, memories)

    def _localized(
        self, release: Release, job: Job, shared: _Heard, series: _Series
    ) -> EpisodeNodes:
        source_caption = None
        if Deliverable.SUBTITLES in job.deliverables:
            spoken = self.languages[release.source_language]
            source_caption = self._caption(shared, release, spoken, None)
        languages = tuple(
            self._language(shared, series, self.languages[tag]) for tag in job.languages
        )
        return EpisodeNodes(
            episode=shared.episode,
            probe=shared.probe,
            separate=shared.separate,
            diarize=shared.diarize,
            script=shared.script,
            identify=shared.identify,
            names=series.names,
            caption=source_caption,
            languages=languages,
            mux=self._mux(shared, release, source_caption, languages),
        )

    def _language(self, shared: _Heard, series: _Series, language: Language) -> LanguageNodes:
        job, release = series.job, series.release
        node = partial(self._node, shared.episode, language.tag)
        wording = self._wording(release, job, language.tag)
        translators = wording.translators()
        known: dict[str, Node | Source] = {"names": series.names}
        if language.tag in series.memories:
            known["memory"] = series.memories[language.tag]
        if wording.reads_scenes():
            known["identify"] = shared.identify
        translated = node(
            translate,
            wording.settings(shared.episode.number, shared.corrections),
            {"script": shared.script, "probe": shared.probe, **known},
            translators,
        )
        captioned = None
        if Deliverable.SUBTITLES in job.deliverables:
            captioned = self._caption(shared, release, language, translated)
        if Deliverable.DUB not in job.deliverables:
            return LanguageNodes(language, translated, captioned, None, None, None)

        voicing = self._voicing(language.tag, job)
        speaker = voicing.synthesizer()
        voices = voicing.voices()
        voiced = node(cast, voicing.settings(shared.episode.number), {"identify": shared.identify})
        own = voicing.own()
        recordings = {"reference": shared.reference} if own and shared.reference else {}
        spoken = node(
            synthesize,
            synthesize.Settings(
                language.tag, speaker.name, speaker.stand_in, voices, own, wording.route()
            ),
            {"translate": translated, "cast": voiced, "probe": shared.probe, **recordings},
            [speaker, *translators],
        )
        mixed = node(
            mix,
            mix.Settings(job.profile.loudness),
            {
                "extract": shared.extract,
                "separate": shared.separate,
                "script": shared.script,
                "synthesize": spoken,
                "probe": shared.probe,
            },
        )
        return LanguageNodes(language, translated, captioned, voiced, spoken, mixed)

    def _caption(
        self, shared: _Heard, release: Release, language: Language, translated: Node | None
    ) -> Node:
        tag = None if translated is None else language.tag
        inputs: dict[str, Node | Source] = {"script": shared.script, "probe": shared.probe}
        if translated is not None:
            inputs["translate"] = translated
        unbroken = tuple(
            sorted(
                {t.target for t in release.glossary if t.language == language.tag}
                if translated is not None
                else {t.source for t in release.glossary}
            )
        )
        settings = caption.Settings(language, unbroken)
        return self._node(shared.episode, tag, caption, settings, inputs)

    def _mux(
        self,
        shared: _Heard,
        release: Release,
        source_caption: Node | None,
        languages: tuple[LanguageNodes, ...],
    ) -> Node:
        inputs: dict[str, Node | Source] = {"video": shared.video, "probe": shared.probe}
        for nodes in languages:
            if nodes.mix is not None:
                inputs[f"mix {nodes.language.tag}"] = nodes.mix
            if nodes.caption is not None:
                inputs[f"caption {nodes.language.tag}"] = nodes.caption
        source = self.languages[release.source_language]
        if source_caption is not None:
            inputs[f"caption {source.tag}"] = source_caption
        settings = mux.Settings(
            shared.episode.name, _track(source), tuple(_track(n.language) for n in languages)
        )
        return self._node(shared.episode, None, mux, settings, inputs)

    def _node(
        self,
        episode: Episode,
        language: str | None,
        stage: Stage,
        settings: object,
        inputs: Mapping[str, Node | Source],
        engines: Iterable[EngineInfo] = (),
    ) -> Node:
        used = [(engine.name, engine.revision) for engine in engines]
        work_key = key_of(stage.NAME, stage.VERSION, settings=settings, engines=used)
        key = key_of("node", 1, work=work_key, inputs={r: given.key for r, given in inputs.items()})
        label = f"{episode.name} ({episode.video.name})"

        def run(work: Work) -> None:
            stage.run(work, settings)

        return Node(stage.NAME, episode.number, language, label, key, work_key, inputs, run)

    def _source(self, path: Path) -> Source:
        return Source(path, self.digest_of(path))

    def _wording(self, release: Release, job: Job, tag: str) -> LanguageWording:
        return LanguageWording(
            self.languages[tag], release, job.profile, self.engines, self.decisions, self.market_of
        )

    def _own(self, job: Job) -> tuple[str, ...]:
        """Who speaks in their own voices, in any language."""
        if Deliverable.DUB not in job.deliverables:
            return ()
        own = {name for tag in job.languages for name in self._voicing(tag, job).own()}
        return tuple(sorted(own))

    def _voicing(self, language: str, job: Job) -> LanguageVoicing:
        return LanguageVoicing(language, job.profile, self.engines, self.voices, self.decisions)

    def _engines_used(self, release: Release, job: Job) -> tuple[EngineInfo, ...]:
        profile = job.profile
        used = {
            Port.SEPARATOR: {profile.separator},
            Port.DIARIZER: {profile.diarizer},
            Port.TRANSCRIBER: {profile.transcriber},
            Port.TRANSLATOR: {
                hop.engine
                for language in job.languages
                for hop in self._wording(release, job, language).route()
            },
            Port.SYNTHESIZER: {
                self._voicing(language, job).synthesizer().name
                for language in job.languages
                if Deliverable.DUB in job.deliverables
            },
        }
        return tuple(
            self.engines.info(port, name) for port, names in used.items() for name in sorted(names)
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is known of one episode, and its languages have in common."""

    episode: Episode
    corrections: tuple[LineCorrection, ...]
    video: Source
    probe: Node
    extract: Node
    separate: Node
    diarize: Node
    script: Node
    identify: Node
    reference: Node | None  # where somebody speaks in their own voice


@dataclass(frozen=True, slots=True)
class _Series:
    """What is known of all episodes together."""

    release: Release
    job: Job
    names: Node
    memories: Mapping[str, Node]  # language -> what people translated


def _track(language: Language) -> mux.TrackLanguage:
    return mux.TrackLanguage(language.tag, Label(language.iso639_2, language.endonym))
