"""Subtitles of one episode in one language: cues, as SRT and as WebVTT, and which rules they break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubbing.formats import srt, vtt
from dubbing.model.cue import CueTrack
from dubbing.model.episode import MediaInfo
from dubbing.model.job import Deliverable
from dubbing.model.language import Language
from dubbing.model.speech import Line, Script, Transcript, Utterance
from dubbing.stages import Leaf, Per, Published, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json
from dubbing.subtitles.check import check
from dubbing.subtitles.cues import build_cues

NAME, VERSION = "caption", 2
STAGE = Stage(
    per=Per.TRACK,
    reads=(
        Read("script"),
        Read("probe"),
        Read("translate", optional=True),
    ),
    leaves=(
        Leaf("cues.json", CueTrack),
        Leaf("problems.json", tuple[str, ...]),
        Leaf("cues.srt", published=Published("{name}/{tag}/{file}.{tag}.srt", "subtitles")),
        Leaf("cues.vtt", published=Published("{name}/{tag}/{file}.{tag}.vtt", "subtitles")),
    ),
    deliverable=Deliverable.SUBTITLES,
    reported=True,
)


@dataclass(frozen=True, slots=True)
class Settings:
    language: Language
    names: tuple[str, ...]  # never broken over two lines


def run(work: Work, settings: Settings) -> None:
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    transcript = read_json(work.inputs["script"] / "transcript.json", Transcript)
    texts: Sequence[Utterance | Line] = transcript.utterances
    if "translate" in work.inputs:
        texts = read_json(work.inputs["translate"] / "script.json", Script).lines
    track = build_cues(
        texts,
        settings.language,
        media.frame_rate,
        vertical=media.vertical,
        duration_ms=media.duration_ms,
        speech=transcript.utterances,
        protected=settings.names,
    )
    problems = check(
        track,
        settings.language.cues,
        media.frame_rate,
        vertical=media.vertical,
        duration_ms=media.duration_ms,
    )
    write_json(work.out / "cues.json", track)
    write_json(work.out / "problems.json", tuple(str(problem) for problem in problems))
    (work.out / "cues.srt").write_text(srt.write(track), "utf-8")
    (work.out / "cues.vtt").write_text(vtt.write(track, vertical=media.vertical), "utf-8")
