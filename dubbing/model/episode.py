"""A release and its episodes, as found on disk."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

MAX_EPISODE_MS = 10 * 60 * 1000  # mini-series episodes are 1 to 3 minutes, never over ten


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the series and how it is said in one language."""

    source: str
    language: str  # BCP-47
    target: str
    note: str = ""  # for the translator: who or what it is


@dataclass(frozen=True, slots=True)
class Episode:
    """One source video of a release. `number` is unique in the release and at least 1."""

    number: int
    video: Path
    bed: Path | None = None  # the music-and-effects stem, where the producer delivers one
    file_name: str = ""  # of a video given alone: what published files are called by

    @property
    def name(self) -> str:
        """What it is called in reports, folders and messages, whatever the source file is called: ep01."""
        return f"ep{self.number:02d}"

    @property
    def published_as(self) -> str:
        """What its published files are called by."""
        return self.file_name or self.name


@dataclass(frozen=True, slots=True)
class Release:
    """A folder with a `release.json`, or one video given alone."""

    name: str  # an identifier: letters, digits, hyphen and underscore
    title: str
    root: Path  # the folder; nothing the release names lies outside it
    source_language: str  # BCP-47
    episodes: tuple[Episode, ...]  # in order of number
    glossary: tuple[Term, ...] = ()
    cast_file: Path | None = None  # a person's decisions on characters and voices
    corrections_file: Path | None = None  # a person's corrections of lines; may not exist yet


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One of a video's soundtracks."""

    stream: int  # its number in the file
    codec: str
    rate_hz: int
    channels: int
    default: bool = False  # what players play if nobody chooses
    language: str = ""  # as the file tags it; empty where it says nothing
    title: str = ""
    aside: str = ""  # what it is instead of the episode's own sound: a commentary
    speech: float | None = (
        None  # the share of its time in which somebody speaks; None: not measured
    )


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a probe found in a video file, and how the file will be dealt with."""

    container: str  # ffmpeg's name of the format
    duration_ms: int  # of the picture
    width: int  # as displayed: rotation is applied
    height: int
    frame_rate: Fraction
    video_codec: str
    audio_codec: str
    audio_rate_hz: int
    audio_channels: int
    picture_stream: int = 0  # the number of the picture's stream in the file
    sound_stream: int = 1
    picture_start_s: Fraction = Fraction(0)  # of the first frame, on the file's own clock
    picture_frames: int = 0  # that can be shown
    untimed_frames: int = 0  # of these, that don't say when
    sound_span_ms: tuple[int, int] = (0, 0)  # when the sound begins and ends, in picture time
    restarts: int = 0  # how often the file's clock starts over: it is put on one clock first
    encode_picture: str = ""  # why MP4 can't take it as it is; empty: it is copied
    encode_sound: str = ""
    tracks: tuple[SoundTrack, ...] = ()  # all there are
    chosen: str = ""  # why this one of several soundtracks is heard
    notes: tuple[str, ...] = ()  # what people should know of the file, a sentence each

    @property
    def vertical(self) -> bool:
        return self.height > self.width


@dataclass(frozen=True, slots=True)
class Muxed:
    """What became of the picture and of the original sound."""

    picture_encoded: bool
    sound_encoded: bool
    why: str = ""  # where a copy turned out not to do
