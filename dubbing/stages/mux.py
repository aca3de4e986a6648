"""The episode with every track: its picture copied, its own sound first, a dub and subtitles a language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dubbing.errors import Defect
from dubbing.media import muxing
from dubbing.media.muxing import Label, Track
from dubbing.model.episode import MediaInfo, Muxed
from dubbing.stages import From, Leaf, Per, Published, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "mux", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("video", From.RELEASE),
        Read("probe"),
        Read("mix", From.EACH_LANGUAGE, optional=True),
        Read("caption", From.EACH_LANGUAGE, optional=True),
    ),
    leaves=(
        Leaf("{name}.mp4", published=Published("{name}/{file}.mp4", "video")),
        Leaf("mux.json", Muxed),
    ),
    reported=True,
)


@dataclass(frozen=True, slots=True)
class TrackLanguage:
    """A language, and how its tracks say it."""

    tag: str  # BCP-47
    label: Label


@dataclass(frozen=True, slots=True)
class Settings:
    name: str  # of the episode
    source: TrackLanguage
    languages: tuple[TrackLanguage, ...]


def run(work: Work, settings: Settings) -> None:
    media = read_json(work.inputs["probe"] / "media.json", MediaInfo)
    audio = [
        Track(work.inputs[f"mix {language.tag}"] / "dub.m4a", language.label)
        for language in settings.languages
        if f"mix {language.tag}" in work.inputs
    ]
    subtitles = [
        Track(work.inputs[f"caption {language.tag}"] / "cues.srt", language.label)
        for language in (*settings.languages, settings.source)
        if f"caption {language.tag}" in work.inputs
    ]
    target = work.out / f"{settings.name}.mp4"
    try:
        _mux(work, target, media, settings, audio, subtitles)
        made = Muxed(bool(media.encode_picture), bool(media.encode_sound))
    except Defect as failure:
        # A file may break rules that no probe looks for. What plays can be encoded anew all the same.
        why = f"a copy is not whole ({failure})"
        media = replace(
            media,
            encode_picture=media.encode_picture or why,
            encode_sound=media.encode_sound or why,
        )
        _mux(work, target, media, settings, audio, subtitles)
        made = Muxed(picture_encoded=True, sound_encoded=True, why=why)
    write_json(work.out / "mux.json", made)


def _mux(
    work: Work,
    target: Path,
    media: MediaInfo,
    settings: Settings,
    audio: list[Track],
    subtitles: list[Track],
) -> None:
    original = settings.source.label
    muxing.mux(
        work.inputs["video"], target, media, original=original, audio=audio, subtitles=subtitles
    )
    # What players will see is read back before anybody may publish it.
    muxing.check(
        target,
        media,
        original=original,
        audio=[track.label for track in audio],
        subtitles=[track.label for track in subtitles],
    )
