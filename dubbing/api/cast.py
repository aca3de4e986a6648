"""The cast of a series: who is called what, and who speaks whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastapi import APIRouter

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import JobId
from dubbing.api.job_documents import Job
from dubbing.api.line_documents import (
    CastDecisions,
    CastDocument,
    CharacterDocument,
    VoiceDocument,
    VoiceOf,
)
from dubbing.api.made import Planned, planned
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON
from dubbing.engines.ports import Port
from dubbing.errors import Rejected
from dubbing.formats.decisions import (
    decide_voice,
    join_characters,
    move_speaker,
    name_character,
)
from dubbing.model.dub import Voicing
from dubbing.model.job import CharacterDecision, SpeakerAt
from dubbing.service.work.plans import Plans
from voices import Voice, VoiceBank

router = APIRouter(
    prefix="/v1/jobs/{job}/cast",
    tags=["cast"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)


@router.get("", summary="See who speaks whom")
def read(job: JobId, me: Me, here: Here) -> CastDocument:
    found = planned(here, me, job)
    voices = _voices(found)
    decided = found.snapshot.decisions.characters
    return CastDocument(
        characters=[
            CharacterDocument(
                character=character.name,
                name=found.laid.plan.labels.get(character.name, ""),
                episodes=sorted({appearance.episode for appearance in character.appearances}),
                pitch_hz=round(character.pitch_hz, 1),
                voices={
                    language: VoiceOf(
                        voice=voice,
                        decided=character.name in decided
                        and language in decided[character.name].voices,
                    )
                    for language, voice in voices.get(character.name, {}).items()
                },
            )
            for character in found.cast().characters
        ],
        choices={
            language: [
                VoiceDocument(
                    name=voice.name,
                    gender=voice.gender,
                    description=voice.description,
                    licence=voice.licence,
                )
                for voice in _choices(found, language)
            ]
            for language in found.laid.plan.job.languages
        },
    )


@router.put("", summary="Say who is who, name characters and choose their voices")
def decide(job: JobId, decisions: CastDecisions, me: Me, here: Here) -> Job:
    """Only what follows is made again. It holds for later jobs of the release too."""
    found = planned(here, me, job)
    _check(found, decisions, here.plans)

    def change(path: Path) -> None:
        for character, decision in decisions.characters.items():
            if decision.same_as is not None:
                join_characters(path, character, decision.same_as)
            for said in decision.speakers:
                move_speaker(path, SpeakerAt(said.episode, said.speaker), character)
            if decision.name is not None:
                name_character(path, character, decision.name)
            for language, voice in decision.voices.items():
                decide_voice(path, character, language, voice)

    found.laid.place.edit(found.file(found.snapshot.release.cast_file), change)
    details = decisions.model_dump(mode="json", exclude_unset=True)
    return Job.of(here.desk.redo(me, job, "cast", details))


def _check(found: Planned, decisions: CastDecisions, plans: Plans) -> None:
    """Raises Rejected for what no plan can be made of: found out later, it would end the job."""
    heard = found.cast()
    known = {character.name for character in heard.characters}
    speakers = {(a.episode, a.speaker) for c in heard.characters for a in c.appearances}
    characters = dict(found.snapshot.decisions.characters)
    known |= characters.keys() | {n for n, d in decisions.characters.items() if d.speakers}
    for name, decision in decisions.characters.items():
        for one in filter(None, (name, decision.same_as)):
            if heard.characters and one not in known:
                raise Rejected(
                    "character",
                    found=one,
                    expected=f"one of {', '.join(sorted(known))}",
                    remedy="Name a character of the cast, or say which speakers it is.",
                )
        for said in decision.speakers:
            if (said.episode, said.speaker) not in speakers:
                raise Rejected(
                    "speakers",
                    found=f"{said.speaker} in episode {said.episode}",
                    expected="somebody who was heard there",
                    remedy="Look the speaker up among the episode's lines.",
                )
        found.refuse_other_languages(list(decision.voices))
        for voice in decision.voices.values():
            VoiceBank.here().get(voice)
        before = characters.get(name, CharacterDecision())
        characters[name] = replace(before, voices={**before.voices, **decision.voices})
    changed = replace(
        found.snapshot, decisions=replace(found.snapshot.decisions, characters=characters)
    )
    # A plan of one episode shows what one of all would.
    first = found.laid.plan.episodes[0].episode.number
    plans.of(found.job, changed.to_json(), (first,))


def _voices(found: Planned) -> dict[str, dict[str, str]]:
    """character -> language -> voice, as cast so far."""
    voices: dict[str, dict[str, str]] = {}
    for episode in found.laid.plan.episodes:
        for nodes in episode.languages:
            voicing = found.read(nodes.stages.get("cast"), "voicing.json", Voicing)
            for cast in voicing.speakers.values() if voicing else ():
                voices.setdefault(cast.character, {})[nodes.language.tag] = cast.voice
    return voices


def _choices(found: Planned, language: str) -> list[Voice]:
    speaking = [e for e in found.laid.plan.engines if e.port is Port.SYNTHESIZER]
    for engine in speaking:
        voices = VoiceBank.here().speaking(language, engine.name.partition(":")[0])
        if engine.covers(language) and voices:
            return voices
    return []
