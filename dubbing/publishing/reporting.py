"""Gathers an episode's artifacts in one language into its report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.translating.text_checks import missing_terms
from dubbing.model.cue import Cue, CueTrack
from dubbing.model.dub import BedKind, Fit, FitKind, MixReport, Voicing
from dubbing.model.episode import MediaInfo, Muxed
from dubbing.model.report import EpisodeReport, LineReport, NameReport
from dubbing.model.review import ReviewKind, SpeechWithoutLine
from dubbing.model.series import Name
from dubbing.model.speech import Line, Script, Transcript, Utterance
from dubbing.model.time import Span, merge
from dubbing.planning.graph import EpisodeNodes, LanguageNodes, Node, Plan
from dubbing.store.artifacts import ArtifactStore, read_json

# What a draft says of lines that a check doubts; other kinds of doubt stand at their lines alone.
_DOUBTED = {
    ReviewKind.HEARING: "Transcript: lines that may be misheard",
    ReviewKind.TRANSLATION: "Translation: lines that may mean something else",
    ReviewKind.INCOMPLETE: "Translation: lines that may lack a part",
    ReviewKind.SPEAKER: "Speakers: lines that may be somebody else's",
}


@dataclass(frozen=True, slots=True)
class EpisodeAccount:
    """All that people are told of one episode."""

    reports: tuple[EpisodeReport, ...]  # one a language, in the job's order; never empty
    cues: Mapping[str, tuple[Cue, ...]]  # BCP-47, the original's among them -> its subtitles
    published_as: str  # what its files are called by

    @property
    def name(self) -> str:
        return self.reports[0].name

    @property
    def number(self) -> int:
        return self.reports[0].episode

    @property
    def duration_ms(self) -> int:
        return self.reports[0].duration_ms

    @property
    def speech_without_line(self) -> tuple[SpeechWithoutLine, ...]:
        return self.reports[0].speech_without_line

    @property
    def dubbed(self) -> bool:
        return any(report.mix is not None for report in self.reports)

    def lines(self) -> Iterator[LineReport]:
        """Of all languages."""
        return (line for report in self.reports for line in report.lines)


def account_of(store: ArtifactStore, plan: Plan, episode: EpisodeNodes) -> EpisodeAccount:
    """The account of one episode. Every artifact of the plan must exist."""
    return EpisodeAccount(
        tuple(report_of(store, plan, episode, nodes) for nodes in episode.languages),
        {
            track.language.tag: read_json(
                store.path(track.stages["caption"].key) / "cues.json", CueTrack
            ).cues
            for track in episode.tracks
            if "caption" in track.stages
        },
        episode.episode.published_as,
    )


def report_of(
    store: ArtifactStore, plan: Plan, episode: EpisodeNodes, nodes: LanguageNodes
) -> EpisodeReport:
    """The report of one episode in one language. Every artifact of the plan must exist."""

    def folder(node: Node) -> Path:
        return store.path(node.key)

    media = read_json(folder(episode.stages["probe"]) / "media.json", MediaInfo)
    transcript = read_json(folder(episode.stages["script"]) / "transcript.json", Transcript)
    script = read_json(folder(nodes.stages["translate"]) / "script.json", Script)
    heard = {u.number: u for u in transcript.utterances}
    voicing: Voicing | None = None
    fits: dict[int, Fit] = {}
    mix: MixReport | None = None
    if "mix" in nodes.stages:
        voicing = read_json(folder(nodes.stages["cast"]) / "voicing.json", Voicing)
        made = read_json(folder(nodes.stages["synthesize"]) / "fits.json", tuple[Fit, ...])
        fits = {fit.line: fit for fit in made}
        mix = read_json(folder(nodes.stages["mix"]) / "mix.json", MixReport)
    cues = 0
    problems: tuple[str, ...] = ()
    if "caption" in nodes.stages:
        cues = len(read_json(folder(nodes.stages["caption"]) / "cues.json", CueTrack).cues)
        problems = read_json(folder(nodes.stages["caption"]) / "problems.json", tuple[str, ...])
    lines = tuple(
        _line_report(line, heard[line.number], fits.get(line.number), voicing, plan.labels)
        for line in script.lines
    )
    muxed = read_json(folder(episode.stages["mux"]) / "mux.json", Muxed)
    names = read_json(folder(plan.series["names"]) / "names.json", tuple[Name, ...])
    return EpisodeReport(
        schema=1,
        release=plan.release.name,
        episode=episode.episode.number,
        name=episode.episode.name,
        title=plan.release.title,
        source_language=plan.source_language.tag,
        language=nodes.language.tag,
        language_name=nodes.language.name,
        duration_ms=media.duration_ms,
        lines=lines,
        speech_without_line=transcript.without_line,
        cues=cues,
        cue_problems=problems,
        mix=mix,
        overlap=overlap_of(
            [u.span for u in transcript.utterances], [f.span for f in fits.values()]
        ),
        names=tuple(_names(names, episode.episode.number, nodes.language.tag, script)),
        drafts=(*_drafts(plan.engines, lines, mix), *media.notes, *_remade(muxed, media)),
    )


def _remade(muxed: Muxed, media: MediaInfo) -> Iterator[str]:
    """What was encoded anew though the probe saw no reason for it."""
    if muxed.why:
        made = [] if media.encode_picture else ["the picture"]
        made += [] if media.encode_sound else ["the original sound"]
        yield f"Video: {muxed.why}, so {' and '.join(made)} is encoded anew."


def _names(
    names: Iterable[Name], episode: int, language: str, script: Script
) -> Iterator[NameReport]:
    """The names that are said in an episode, and where they are not written as was asked for."""
    by_number = {line.number: line for line in script.lines}
    for name in names:
        said = [place.line for place in name.places if place.episode == episode]
        here = [by_number[number] for number in said if number in by_number]
        written: dict[str, None] = {}
        otherwise = []
        for line in here:
            own = (t for t in line.terms if t.language.split("-")[0] == language.split("-")[0])
            asked = [term for term in own if term.source in name.forms]
            written |= dict.fromkeys(term.target for term in asked)
            if missing_terms(line.text, asked):
                otherwise.append(line.number)
        if here:
            lines = tuple(line.number for line in here)
            yield NameReport(name.source, tuple(written), lines, tuple(otherwise))


def overlap_of(original: list[Span], dub: list[Span]) -> float:
    """The part of the original's speech, by time, during which the dub speaks too."""
    originals, dubs = merge(original), merge(dub)
    both_ms = sum(ours.overlap_ms(theirs) for ours in originals for theirs in dubs)
    return round(both_ms / max(1, sum(span.duration_ms for span in originals)), 3)


def _line_report(
    line: Line,
    utterance: Utterance,
    fit: Fit | None,
    voicing: Voicing | None,
    labels: Mapping[str, str],
) -> LineReport:
    cast = voicing.speakers[line.speaker] if voicing else None
    return LineReport(
        number=line.number,
        speaker=line.speaker,
        character=cast.character if cast else "",
        label=labels.get(cast.character, "") if cast else "",
        utterance=line.span,
        source_text=line.source_text,
        confidence=round(utterance.confidence, 3),
        text=line.text,
        translated_by=line.engines,
        notes=line.notes,
        review=utterance.review + line.review,
        voice=fit.voice if fit else "",
        spoken_text=fit.text if fit else "",
        fit=fit.kind if fit else None,
        sounds=fit.span if fit else None,
        natural_ms=fit.natural_ms if fit else 0,
        speed=fit.speed if fit else 1.0,
        stretch=round(fit.stretch, 3) if fit else 1.0,
        overrun_ms=fit.overrun_ms if fit else 0,
        stand_in=fit.stand_in if fit else False,
    )


def _drafts(
    engines: tuple[EngineInfo, ...], lines: tuple[LineReport, ...], mix: MixReport | None
) -> list[str]:
    """What a person should know before this goes out, the weightiest first."""
    translators = {name for line in lines for name in line.translated_by}
    drafts = [
        f"Translation: {engine.note}"
        for engine in engines
        if engine.port is Port.TRANSLATOR and engine.name in translators and engine.note
    ]
    if any(line.stand_in for line in lines):
        drafts.append("Voices: a stand-in speaks this language; do not publish this dub.")
    for kind, said in _DOUBTED.items():
        doubted = [str(line.number) for line in lines if any(i.kind is kind for i in line.review)]
        if doubted:
            drafts.append(f"{said}: {', '.join(doubted)}.")
    flagged = [str(line.number) for line in lines if line.fit is FitKind.FLAGGED]
    if flagged:
        drafts.append(f"Fit: lines much faster than natural or too long: {', '.join(flagged)}.")
    if mix is not None and mix.bed is BedKind.DUCKED:
        why = "no music-and-effects stem"
        if mix.speech_left_db is not None:
            why += f", and what was separated has speech in it, {-mix.speech_left_db:g} dB down"
        drafts.append(
            f"Sound: {why}, so the original is turned down by {-mix.duck_db:g} dB "
            "where it speaks, and can be heard faintly under the dub."
        )
    return drafts
