"""The table of stages: each with its settings and engines, in an order in which inputs come first.

A new stage is a module of `dubbing.stages` and a row here. What it reads and leaves, and for what it is made,
it says itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.translating.glossary import terms_for
from dubbing.formats.chinese_script import simplify, written
from dubbing.media.muxing import Label
from dubbing.model.casting import spoken_of
from dubbing.model.job import of_script
from dubbing.model.language import Language
from dubbing.planning.asked import Asked
from dubbing.planning.voicing import people_of
from dubbing.stages import (
    From,
    Per,
    Stage,
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


class StageModule(Protocol):
    """What every module of `dubbing.stages` offers."""

    NAME: str
    VERSION: int
    STAGE: Stage

    def run(self, work: Work, settings: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """What a stage does at one place of the graph."""

    settings: object
    engines: tuple[EngineInfo, ...] = ()
    aside: frozenset[str] = frozenset()  # optional inputs that it doesn't look at here


@dataclass(frozen=True, slots=True)
class Row:
    """A stage, and what it does at a place of the graph; None: nothing there."""

    module: StageModule
    task: Callable[[Asked], Task | None]


def _separate(asked: Asked) -> Task:
    separator = asked.profile.separator
    return Task(separate.Settings(separator), (asked.engine(Port.SEPARATOR, separator),))


def _diarize(asked: Asked) -> Task:
    diarizer = asked.profile.diarizer
    return Task(diarize.Settings(diarizer), (asked.engine(Port.DIARIZER, diarizer),))


def _transcribe(asked: Asked) -> Task:
    transcriber = asked.profile.transcriber
    settings = transcribe.Settings(transcriber, asked.release.source_language)
    return Task(settings, (asked.engine(Port.TRANSCRIBER, transcriber),))


def _script(asked: Asked) -> Task:
    return Task(script.Settings(asked.release.source_language, of_script(asked.corrections)))


def _identify(asked: Asked) -> Task:
    same_person = asked.engines.same_person(asked.profile.diarizer)
    number, characters = asked.episode.number, asked.decisions.characters
    new = tuple(sorted({c.new_speaker for c in asked.corrections if c.new_speaker}))
    is_last = asked.episode == asked.release.episodes[-1] and not asked.job.left_out
    settings = identify.Settings(
        number,
        same_person,
        {
            s.speaker: name
            for name, d in characters.items()
            for s in d.speakers
            if s.episode == number
        },
        spoken_of(characters) if is_last else (),
        new,
    )
    return Task(settings, aside=frozenset() if new else frozenset({"script", "separate"}))


def _reference(asked: Asked) -> Task | None:
    own = asked.own_voices()
    if not own:
        return None
    number = asked.episode.number
    return Task(reference.Settings(number, own, people_of(asked.decisions.characters, number)))


def _names(asked: Asked) -> Task:
    return Task(names.Settings(asked.release.source_language, dict(asked.scripts)))


def _memory(asked: Asked) -> Task | None:
    wording = asked.wording()
    written = {correction.episode for correction in wording.remembered()}
    corrected = {role: number for role, number in asked.scripts.items() if number in written}
    if not corrected:
        return None
    # What was said in an episode that nobody has corrected is nothing to remember.
    return Task(wording.memory(corrected), aside=frozenset(asked.scripts.keys() - corrected.keys()))


def _translate(asked: Asked) -> Task:
    wording = asked.wording()
    return Task(
        wording.settings(asked.episode.number, asked.corrections),
        tuple(wording.translators()),
        # Who speaks matters only to a translator that reads scenes.
        aside=frozenset() if wording.reads_scenes() else frozenset({"identify"}),
    )


def _caption(asked: Asked) -> Task:
    glossary, track = asked.release.glossary, asked.language
    if track == asked.source:
        unbroken = {written(simplify(term.source), track.tag) for term in glossary}
        unbroken |= {term.source for term in glossary}
    else:
        unbroken = {term.target for term in terms_for(glossary, track.tag)}
    return Task(caption.Settings(track, tuple(sorted(unbroken))))


def _cast(asked: Asked) -> Task:
    return Task(asked.voicing().settings(asked.episode.number))


def _synthesize(asked: Asked) -> Task:
    wording, voicing = asked.wording(), asked.voicing()
    speaker, own = voicing.synthesizer(), voicing.own()
    return Task(
        synthesize.Settings(
            asked.language.tag,
            speaker.name,
            speaker.stand_in,
            voicing.voices(),
            own,
            wording.route(),
        ),
        (speaker, *wording.translators()),  # who is asked for shorter lines
        aside=frozenset() if own else frozenset({"reference"}),
    )


def _mux(asked: Asked) -> Task:
    tracks = tuple(_track(asked.languages[tag]) for tag in asked.job.languages)
    return Task(mux.Settings(asked.episode.name, _track(asked.source), tracks))


def _track(language: Language) -> mux.TrackLanguage:
    return mux.TrackLanguage(language.tag, Label(language.iso639_2, language.endonym))


TABLE: tuple[Row, ...] = (
    Row(probe, lambda asked: Task(probe.Settings(asked.release.source_language))),
    Row(extract, lambda _: Task(extract.Settings())),
    Row(separate, _separate),
    Row(diarize, _diarize),
    Row(transcribe, _transcribe),
    Row(script, _script),
    Row(identify, _identify),
    Row(reference, _reference),
    Row(names, _names),
    Row(memory, _memory),
    Row(translate, _translate),
    Row(caption, _caption),
    Row(cast, _cast),
    Row(synthesize, _synthesize),
    Row(mix, lambda asked: Task(mix.Settings(asked.profile.loudness))),
    Row(mux, _mux),
)


def needed_by_others(table: Iterable[Row]) -> frozenset[str]:
    """The stages that other episodes build on, even where all else of an episode failed: what is made of the
    whole series, what is handed on from episode to episode, and all that these are made from."""
    stages = {row.module.NAME: row.module.STAGE for row in table}
    waiting = [
        name
        for name, stage in stages.items()
        if stage.per in (Per.SERIES, Per.SERIES_LANGUAGE)
        or any(read.of is From.BEFORE for read in stage.reads)
    ]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [r.name for r in stages[name].reads if r.of is not From.RELEASE]
    return frozenset(needed)


NEEDED_BY_OTHERS = needed_by_others(TABLE)
