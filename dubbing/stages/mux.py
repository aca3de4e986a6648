"""The episode with every track: its picture copied, its own sound first, a dub and subtitles a language."""

from __future__ import annotations

from dataclasses import dataclass

from dubbing.media.container import AudioTrack, SubtitleTrack, mux
from dubbing.stages import Work

NAME, VERSION = "mux", 1


@dataclass(frozen=True, slots=True)
class TrackLanguage:
    """How a track says its language."""

    tag: str  # BCP-47
    iso639_2: str
    endonym: str  # what a player's menu shows


@dataclass(frozen=True, slots=True)
class Settings:
    name: str  # of the episode
    source: TrackLanguage
    languages: tuple[TrackLanguage, ...]


def run(work: Work, settings: Settings) -> None:
    audio = [
        AudioTrack(work.inputs[f"mix {track.tag}"] / "dub.m4a", track.iso639_2, track.endonym)
        for track in settings.languages
        if f"mix {track.tag}" in work.inputs
    ]
    subtitles = [
        SubtitleTrack(
            work.inputs[f"caption {track.tag}"] / "cues.srt", track.iso639_2, track.endonym
        )
        for track in (*settings.languages, settings.source)
        if f"caption {track.tag}" in work.inputs
    ]
    mux(work.inputs["video"], work.out / f"{settings.name}.mp4", audio=audio, subtitles=subtitles)
