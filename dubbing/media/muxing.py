"""The localized MP4, made from the source video, dubs and subtitles; and read back as players see it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from dubbing.errors import Defect
from dubbing.media import codecs, ffmpeg
from dubbing.media.clocks import on_its_own_clock, opened
from dubbing.media.probing import StreamHeader, read_header, read_packets, seconds
from dubbing.media.timeline import Timeline, timeline_of
from dubbing.model.episode import MediaInfo
from dubbing.model.time import ms_to_seconds, seconds_to_ms

_LEAST_TIMEOUT_S = 60.0
_COPIES_AT = 0.5  # times real time, on the slowest of machines
_ENCODES_AT = 1 / 30
_LANGUAGE = re.compile(r"[a-z]{3}")
_LOST_FRAMES = 0.02  # of a picture that is encoded anew, whose damaged frames no decoder shows


class StreamKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"
    SUBTITLE = "subtitle"
    DATA = "data"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Label:
    """How players name a track."""

    language: str  # ISO 639-2/T, since MP4 drops anything else without a word: spa
    title: str  # for people: Español (Latinoamérica)

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"not an ISO 639-2 tag: {self.language!r}")


@dataclass(frozen=True, slots=True)
class Track:
    """A file that becomes one track: AAC in .m4a as sound, SubRip in UTF-8 as subtitles."""

    file: Path
    label: Label


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a file, as read back."""

    kind: StreamKind
    codec: str
    language: str  # as the file has it; "" or "und" where it says nothing
    title: str
    default: bool
    start_ms: int
    duration_ms: int
    packets: int


def mux(
    video: Path,
    target: Path,
    info: MediaInfo,
    *,
    original: Label,
    audio: Sequence[Track] = (),
    subtitles: Sequence[Track] = (),
    progress: ffmpeg.Progress | None = None,
) -> None:
    """Writes the localized MP4: what it can hold is copied, and not compressed again.

    Picture and original sound are copied, unless `info` says why they are encoded anew, as H.264 and AAC.
    The original sound stays first and default; then come the sound tracks and the subtitle tracks in the
    order given, the first subtitles being default. Nothing else of the source goes along: no other
    streams, no metadata, no chapters. Raises ProgramFailed.
    """
    with opened(video, info) as file:
        inputs = [on_its_own_clock(file, "-itsoffset", f"{-float(info.picture_start_s):.6f}")]
        inputs += [ffmpeg.File(track.file, ("mov",)) for track in audio]
        srt = ("-f", "srt", "-sub_charenc", "UTF-8")
        inputs += [ffmpeg.File(track.file, ("srt",), srt) for track in subtitles]

        arguments = ["-map", f"0:{info.picture_stream}", "-map", f"0:{info.sound_stream}"]
        for number in range(1, len(inputs)):
            arguments += ["-map", f"{number}:{'a' if number <= len(audio) else 's'}:0"]
        arguments += ["-map_metadata", "-1", "-map_chapters", "-1"]
        arguments += ["-c", "copy", "-c:s", "mov_text"]
        if info.encode_picture:
            arguments += codecs.encode_picture(untimed=bool(info.untimed_frames))
        elif info.video_codec == "hevc":
            arguments += ["-tag:v", "hvc1"]  # the only one that Apple's players take
        if info.encode_sound:
            arguments += codecs.encode_sound(info.audio_channels)
        arguments += _labels("a", [original, *(track.label for track in audio)])
        arguments += _labels("s", [track.label for track in subtitles])
        arguments += ["-movflags", "+faststart", "-f", "mp4"]
        ffmpeg.run(
            inputs,
            arguments,
            target,
            timeout_s=_timeout_s(info),
            duration_ms=info.duration_ms,
            progress=progress,
        )


def read_back(path: Path) -> tuple[Stream, ...]:
    """The streams of a file in its own order, as players see them. The file is read to its end."""
    packets = read_packets(path)
    return tuple(_stream(one, timeline_of(packets, one.index)) for one in read_header(path).streams)


def check(
    path: Path,
    info: MediaInfo,
    *,
    original: Label,
    audio: Sequence[Label] = (),
    subtitles: Sequence[Label] = (),
) -> None:
    """Raises Defect, naming all that differs, if a file is not what `mux` was asked for.

    The picture has all its frames, and like each dub starts at 0 and is as long as `info` says, to a
    frame of the picture.
    """
    streams = read_back(path)
    wanted: list[tuple[StreamKind, Label | None, bool]] = [(StreamKind.VIDEO, None, True)]
    wanted += [(StreamKind.AUDIO, label, i == 0) for i, label in enumerate([original, *audio])]
    wanted += [(StreamKind.SUBTITLE, label, i == 0) for i, label in enumerate(subtitles)]
    if [stream.kind for stream in streams] != [kind for kind, _, _ in wanted]:
        raise Defect(f"{path.name} has the streams {[stream.kind.value for stream in streams]}")
    frame_ms = math.ceil(1000 / min(info.frame_rate, Fraction(1000)))
    differences = []
    for number, (stream, (kind, label, default)) in enumerate(zip(streams, wanted, strict=True)):
        name = f"stream {number} ({kind.value})"
        if label is not None and (stream.language, stream.title) != (label.language, label.title):
            differences.append(f"{name} is labelled {stream.language!r}, {stream.title!r}")
        if stream.default != default:
            differences.append(f"{name} is {'' if stream.default else 'not '}default")
        if kind is StreamKind.VIDEO:
            lost = info.picture_frames * _LOST_FRAMES if info.encode_picture else 0
            if info.picture_frames - stream.packets > lost:
                differences.append(f"{name} has {stream.packets} of {info.picture_frames} frames")
        # The original sound is as long as it was; subtitles end with the last cue.
        timed = kind is StreamKind.VIDEO or (kind is StreamKind.AUDIO and number > 1)
        if timed and abs(stream.start_ms) > frame_ms:
            differences.append(f"{name} starts at {stream.start_ms} ms")
        # Frames that don't say when they are shown may come out of a decoder two too early or too late.
        slots = 3 if kind is StreamKind.VIDEO and info.untimed_frames else 1
        if timed and abs(stream.duration_ms - info.duration_ms) > slots * frame_ms:
            differences.append(f"{name} has {stream.duration_ms} of {info.duration_ms} ms")
    if differences:
        raise Defect(f"{path.name}: {'; '.join(differences)}")


def _labels(kind: str, labels: Sequence[Label]) -> list[str]:
    arguments = []
    for number, label in enumerate(labels):
        stream = f"s:{kind}:{number}"
        arguments += [f"-metadata:{stream}", f"language={label.language}"]
        # Some players show the one, some the other.
        arguments += [f"-metadata:{stream}", f"title={label.title}"]
        arguments += [f"-metadata:{stream}", f"handler_name={label.title}"]
        arguments += [f"-disposition:{kind}:{number}", "default" if number == 0 else "0"]
    return arguments


def _stream(one: StreamHeader, timeline: Timeline) -> Stream:
    kind = StreamKind(one.codec_type)
    start, duration = seconds(one.start_time) or 0, seconds(one.duration) or 0
    if kind is StreamKind.VIDEO:
        # The header counts in the order of decoding: short, where frames are missing near the end.
        start, duration = timeline.start, timeline.duration
    return Stream(
        kind=kind,
        codec=one.codec_name,
        language=one.tags.language,
        title=one.tags.title or one.tags.handler_name,
        default=bool(one.disposition.default),
        start_ms=seconds_to_ms(float(start)),
        duration_ms=seconds_to_ms(float(duration)),
        packets=timeline.packets,
    )


def _timeout_s(info: MediaInfo) -> float:
    pace = _ENCODES_AT if info.encode_picture else _COPIES_AT
    return _LEAST_TIMEOUT_S + ms_to_seconds(info.duration_ms) / pace
