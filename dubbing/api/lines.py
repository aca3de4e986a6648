"""The lines of an episode: read from what is made so far, and corrected by people."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import InEpisode, JobId, LanguageTag
from dubbing.api.job_documents import Job
from dubbing.api.line_documents import (
    Correction,
    LineDocument,
    Lines,
    Made,
    ReviewDocument,
    SpeechDocument,
)
from dubbing.api.made import Planned, not_yet, planned
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON
from dubbing.formats.decisions import correct_line
from dubbing.formats.language_toml import normal_tag
from dubbing.model.dub import Fit, Voicing
from dubbing.model.job import LineCorrection
from dubbing.model.speech import Diarization, Hearing, Line, Script, Transcript, Utterance
from dubbing.planning.graph import EpisodeNodes, Node
from dubbing.stages import script

router = APIRouter(
    prefix="/v1/jobs/{job}/episodes/{episode}/lines",
    tags=["lines"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)


@router.get("", summary="Read the lines of an episode")
def read(
    job: JobId,
    episode: InEpisode,
    me: Me,
    here: Here,
    language: Annotated[
        LanguageTag | None, Query(description="One of the job's; its first if not given.")
    ] = None,
) -> Lines:
    found = planned(here, me, job)
    nodes = found.episode(episode)
    into = found.language(nodes, language)
    transcript = found.read(nodes.stages["script"], "transcript.json", Transcript)
    translated = found.read(into.stages["translate"], "script.json", Script)
    fits = found.read(into.stages.get("synthesize"), "fits.json", tuple[Fit, ...])
    voicing = found.read(into.stages.get("cast"), "voicing.json", Voicing)
    characters = _characters(found, episode, voicing)
    lines = {line.number: line for line in translated.lines} if translated else {}
    takes = {fit.line: fit for fit in fits or ()}
    return Lines(
        episode=episode,
        source_language=found.laid.plan.source_language.tag,
        language=into.language.tag,
        made=Made(
            transcript=transcript is not None,
            translation=translated is not None,
            dub=fits is not None,
        ),
        lines=[
            _line(
                utterance,
                lines.get(utterance.number),
                takes.get(utterance.number),
                characters.get(utterance.speaker),
                found,
            )
            for utterance in (transcript.utterances if transcript else ())
        ],
        speech_without_line=[
            SpeechDocument(
                start_ms=one.span.start_ms, end_ms=one.span.end_ms, why=one.why, heard=one.heard
            )
            for one in (transcript.without_line if transcript else ())
        ],
    )


@router.put("/{line}", summary="Correct a line")
def correct(
    job: JobId,
    episode: InEpisode,
    line: Annotated[int, Path(ge=1, le=9999, description="The line's number, as in the report.")],
    correction: Correction,
    me: Me,
    here: Here,
) -> Job:
    """Only what follows from the correction is made again. It holds for later jobs of the release too."""
    found = planned(here, me, job)
    nodes = found.episode(episode)
    translations = {normal_tag(tag): text for tag, text in correction.translations.items()}
    found.refuse_other_languages(list(translations))
    said = LineCorrection(episode, line, correction.source, correction.speaker, translations)
    said = replace(said, was=_check(found, nodes, said))
    file = found.file(found.snapshot.release.corrections_file)
    found.laid.place.edit(file, lambda path: correct_line(path, said))
    details = {
        "episode": episode,
        "line": line,
        **correction.model_dump(mode="json", exclude_unset=True),
    }
    return Job.of(here.desk.redo(me, job, "correct", details))


def _check(found: Planned, nodes: EpisodeNodes, said: LineCorrection) -> str:
    """What the machine heard at the line. Raises Rejected for a line or a speaker that the episode doesn't have:
    found out later, it would end the episode."""
    transcribe, diarize = (
        nodes.stages["script"].inputs[role] for role in ("transcribe", "diarize")
    )
    assert isinstance(transcribe, Node)  # noqa: S101 - no source file
    assert isinstance(diarize, Node)  # noqa: S101
    hearing = found.read(transcribe, "hearing.json", Hearing)
    diarization = found.read(diarize, "diarization.json", Diarization)
    if hearing is None or diarization is None:
        raise not_yet(found.job, "transcript")
    language = found.laid.plan.source_language.tag
    heard = script.transcript_of(hearing, diarization.turns, language)
    script.correct(heard.utterances, [said], nodes.episode.name)
    return next(u.text for u in heard.utterances if u.number == said.line)


def _characters(found: Planned, episode: int, voicing: Voicing | None) -> dict[str, str]:
    """speaker -> character"""
    if voicing is not None:
        return {speaker: cast.character for speaker, cast in voicing.speakers.items()}
    return {s: c.name for c in found.cast().characters for s in c.speakers_in(episode)}


def _line(
    utterance: Utterance,
    line: Line | None,
    take: Fit | None,
    character: str | None,
    found: Planned,
) -> LineDocument:
    heard_ms = take.span.duration_ms if take else 0
    return LineDocument(
        number=utterance.number,
        start_ms=utterance.span.start_ms,
        end_ms=utterance.span.end_ms,
        speaker=utterance.speaker,
        character=character,
        label=found.laid.plan.labels.get(character) if character else None,
        source=utterance.text,
        confidence=round(utterance.confidence, 3),
        text=line.text if line else None,
        translated_by=list(line.engines) if line else [],
        notes=list(line.notes) if line else [],
        review=[
            ReviewDocument(kind=item.kind, why=item.why)
            for item in (*utterance.review, *(line.review if line else ()))
        ],
        voice=take.voice if take else None,
        spoken_text=take.text if take else None,
        fit=take.kind if take else None,
        tempo=round(take.natural_ms / heard_ms, 3) if take and heard_ms else None,
        overrun_ms=take.overrun_ms if take else None,
        stand_in=take.stand_in if take else None,
    )
