"""Video files: what is in them, their soundtrack, and the localized MP4 that is made from them.

Picture time 0 is the start of the first frame of the picture, whatever the file's own clock says. Sound
that is extracted, and all that is muxed, counts from there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from dubbing.errors import Defect, Rejected
from dubbing.media import ffmpeg
from dubbing.media.probing import Header, StreamHeader, read_header, read_packets, seconds
from dubbing.model.audio import MASTER_RATE_HZ
from dubbing.model.episode import MAX_EPISODE_MS, MediaInfo
from dubbing.model.time import ms_to_samples, ms_to_seconds, seconds_to_ms

# What the MP4 container holds and players play.
_MP4_VIDEO_CODECS = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
_MP4_AUDIO_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})
_FALLBACK_FRAME_RATE = Fraction(25)
_HIGHEST_FRAME_RATE = 240
_NOMINAL_RATE_TOLERANCE = Fraction(1, 2000)
_TRUNCATED_S = 1
_LEAST_TIMEOUT_S = 60.0
_LANGUAGE = re.compile(r"[a-z]{3}")


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


def probe(path: Path) -> MediaInfo:
    """What is in a video file, which is read to its end but not decoded.

    Raises Rejected, with what to do, if it is no file, not a video, has no picture or no sound, ends
    before its header says, or is longer than MAX_EPISODE_MS.
    """
    header = read_header(path)
    video = header.main("video")
    if video is None or not video.width or not video.height:
        raise Rejected(
            str(path),
            found="no picture in it",
            expected="a video with a moving picture",
            remedy="Give the episode's video; a cover image does not count.",
        )
    audio = header.main("audio")
    if audio is None or not audio.channels or not int(audio.sample_rate or 0):
        raise Rejected(
            str(path),
            found="no sound in it",
            expected="a video with the episode's original sound",
            remedy="Export the video together with its soundtrack.",
        )
    _refuse_if_too_long(path, seconds(header.format.duration) or Fraction(0))
    frame_rate = _frame_rate(video)
    duration_s = _picture_duration_s(path, header, video, frame_rate)
    _refuse_if_too_long(path, duration_s)
    width, height = _displayed(video)
    return MediaInfo(
        container=header.format.format_name,
        duration_ms=seconds_to_ms(float(duration_s)),
        width=width,
        height=height,
        frame_rate=frame_rate,
        video_codec=video.codec_name,
        audio_codec=audio.codec_name,
        audio_rate_hz=int(audio.sample_rate),
        audio_channels=audio.channels,
        picture_stream=video.index,
        sound_stream=audio.index,
        picture_start_s=seconds(video.start_time) or Fraction(0),
    )


def extract_audio(
    video: Path, target: Path, info: MediaInfo, *, progress: ffmpeg.Progress | None = None
) -> None:
    """Writes the soundtrack as a 16-bit stereo WAV file at 48 kHz, in step with the picture.

    Sample 0 is picture time 0, and there are as many samples as `info.duration_ms` takes: silence
    stands for sound that begins late, ends early or is missing in between. Raises Rejected if the
    sound can't be decoded.
    """
    frames = ms_to_samples(info.duration_ms, MASTER_RATE_HZ)
    filters = (
        # The option -itsoffset is not used: in MPEG-TS it is undone if the picture is not mapped.
        f"asetpts=PTS-({float(info.picture_start_s):.6f})/TB,"
        f"aresample={MASTER_RATE_HZ}:async=1:first_pts=0,"
        f"aformat=sample_fmts=s16:channel_layouts=stereo,apad=whole_len={frames},"
        f"atrim=end_sample={frames}"
    )
    try:
        ffmpeg.run(
            [_on_its_own_clock(video)],
            ["-map", f"0:{info.sound_stream}", "-af", filters, "-c:a", "pcm_s16le", "-f", "wav"],
            target,
            timeout_s=_timeout_s(info),
            duration_ms=info.duration_ms,
            progress=progress,
        )
    except ffmpeg.ProgramFailed as failure:
        raise Rejected(
            str(video),
            found=f"sound that can't be decoded ({failure.stderr})",
            expected=f"{info.audio_codec} sound that plays",
            remedy="Export the video again, with AAC sound.",
        ) from failure


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
    """Writes the localized MP4: nothing that is already compressed is compressed again.

    The picture is copied; so is the original sound, which stays first and default (it becomes AAC
    where MP4 can't hold it); then come the sound tracks and the subtitle tracks in the order given,
    the first subtitles being default. Nothing else of the source goes along: no other streams, no
    metadata, no chapters. Raises Rejected if MP4 can't hold the picture.
    """
    if info.video_codec not in _MP4_VIDEO_CODECS:
        raise Rejected(
            str(video),
            found=f"a picture in {info.video_codec}",
            expected=f"one of {', '.join(sorted(_MP4_VIDEO_CODECS))}, which MP4 can hold",
            remedy="Export the video as H.264.",
        )
    inputs = [_on_its_own_clock(video, "-itsoffset", f"{-float(info.picture_start_s):.6f}")]
    inputs += [ffmpeg.File(track.file, ("mov",)) for track in audio]
    srt = ("-f", "srt", "-sub_charenc", "UTF-8")
    inputs += [ffmpeg.File(track.file, ("srt",), srt) for track in subtitles]

    arguments = ["-map", f"0:{info.picture_stream}", "-map", f"0:{info.sound_stream}"]
    for number in range(1, len(inputs)):
        arguments += ["-map", f"{number}:{'a' if number <= len(audio) else 's'}:0"]
    arguments += ["-map_metadata", "-1", "-map_chapters", "-1"]
    arguments += ["-c", "copy", "-c:s", "mov_text"]
    if info.video_codec == "hevc":
        arguments += ["-tag:v", "hvc1"]  # the only one that Apple's players take
    if info.audio_codec not in _MP4_AUDIO_CODECS:
        arguments += ["-c:a:0", "aac", "-b:a:0", "192k"]
        arguments += ["-filter:a:0", "aresample=async=1:first_pts=0"]
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
    """The streams of a file in its own order, as players see them."""
    return tuple(_stream(one) for one in read_header(path).streams)


def check(
    path: Path,
    info: MediaInfo,
    *,
    original: Label,
    audio: Sequence[Label] = (),
    subtitles: Sequence[Label] = (),
) -> None:
    """Raises Defect, naming all that differs, if a file is not what `mux` was asked for.

    The picture and each dub must start at 0 and be as long as `info` says, to a frame of the picture.
    """
    streams = read_back(path)
    wanted: list[tuple[StreamKind, Label | None, bool]] = [(StreamKind.VIDEO, None, True)]
    wanted += [(StreamKind.AUDIO, label, i == 0) for i, label in enumerate([original, *audio])]
    wanted += [(StreamKind.SUBTITLE, label, i == 0) for i, label in enumerate(subtitles)]
    if [stream.kind for stream in streams] != [kind for kind, _, _ in wanted]:
        raise Defect(f"{path.name} has the streams {[stream.kind.value for stream in streams]}")
    frame_ms = math.ceil(1000 / info.frame_rate)
    differences = []
    for number, (stream, (kind, label, default)) in enumerate(zip(streams, wanted, strict=True)):
        name = f"stream {number} ({kind.value})"
        if label is not None and (stream.language, stream.title) != (label.language, label.title):
            differences.append(f"{name} is labelled {stream.language!r}, {stream.title!r}")
        if stream.default != default:
            differences.append(f"{name} is {'' if stream.default else 'not '}default")
        # The original sound is as long as it was; subtitles end with the last cue.
        timed = kind is StreamKind.VIDEO or (kind is StreamKind.AUDIO and number > 1)
        if timed and abs(stream.start_ms) > frame_ms:
            differences.append(f"{name} starts at {stream.start_ms} ms")
        if timed and abs(stream.duration_ms - info.duration_ms) > frame_ms:
            differences.append(f"{name} has {stream.duration_ms} of {info.duration_ms} ms")
    if differences:
        raise Defect(f"{path.name}: {'; '.join(differences)}")


def _on_its_own_clock(path: Path, *options: str) -> ffmpeg.File:
    """The file with the times that it has; AVI has none of presentation, so they are made."""
    # Without -copyts, ffmpeg counts from the earliest of the streams that it happens to use.
    return ffmpeg.File(path, options=("-fflags", "+genpts", "-copyts", *options))


def _picture_duration_s(
    path: Path, header: Header, video: StreamHeader, frame_rate: Fraction
) -> Fraction:
    """From the first frame to the end of the last, by the packets. Raises Rejected if cut short."""
    file_end = Fraction(0)
    starts: list[Fraction] = []
    end = Fraction(0)
    for packet in read_packets(path):
        start = packet.start
        if start is None:
            continue
        packet_end = start + (seconds(packet.duration_time) or 0)
        file_end = max(file_end, packet_end)
        if packet.stream_index == video.index and "D" not in packet.flags:
            starts.append(start)
            end = max(end, packet_end, start + 1 / frame_rate)
    declared = seconds(header.format.duration) or Fraction(0)
    missing_s = declared - (file_end - (seconds(header.format.start_time) or 0))
    if not starts or missing_s > _TRUNCATED_S:
        raise Rejected(
            str(path),
            found=f"a file that breaks off {float(missing_s):.1f} s before its end"
            if starts
            else "a picture without a single frame",
            expected="a whole video",
            remedy="Export or copy the file again.",
        )
    return end - min(starts)


def _refuse_if_too_long(path: Path, duration_s: Fraction) -> None:
    if duration_s * 1000 > MAX_EPISODE_MS:
        minutes, rest_s = divmod(round(duration_s), 60)
        raise Rejected(
            str(path),
            found=f"a video of {minutes}:{rest_s:02d} minutes",
            expected=f"an episode of at most {MAX_EPISODE_MS // 60_000} minutes",
            remedy="Split it into episodes.",
        )


def _frame_rate(video: StreamHeader) -> Fraction:
    """The mean rate; the nominal one where both agree, since the mean may be rounded."""
    mean, nominal = _rate(video.avg_frame_rate), _rate(video.r_frame_rate)
    if mean is None or (
        nominal is not None and abs(nominal - mean) <= mean * _NOMINAL_RATE_TOLERANCE
    ):
        return nominal or _FALLBACK_FRAME_RATE
    return mean


def _rate(text: str) -> Fraction | None:
    numerator, _, denominator = text.partition("/")
    if not numerator.isdigit() or not denominator.isdigit() or int(denominator) == 0:
        return None
    rate = Fraction(int(numerator), int(denominator))
    return rate if 0 < rate <= _HIGHEST_FRAME_RATE else None


def _displayed(video: StreamHeader) -> tuple[int, int]:
    """Width and height in square pixels, rotation applied."""
    width, height = video.width, video.height
    across, _, down = video.sample_aspect_ratio.partition(":")
    if across.isdigit() and down.isdigit() and int(across) and int(down):
        width = round(Fraction(width * int(across), int(down)))
    quarters = round(sum(data.rotation for data in video.side_data_list) / 90)
    return (height, width) if quarters % 2 else (width, height)


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


def _stream(one: StreamHeader) -> Stream:
    return Stream(
        kind=StreamKind(one.codec_type),
        codec=one.codec_name,
        language=one.tags.language,
        title=one.tags.title or one.tags.handler_name,
        default=bool(one.disposition.default),
        start_ms=seconds_to_ms(float(seconds(one.start_time) or 0)),
        duration_ms=seconds_to_ms(float(seconds(one.duration) or 0)),
    )


def _timeout_s(info: MediaInfo) -> float:
    return _LEAST_TIMEOUT_S + 2.0 * ms_to_seconds(info.duration_ms)
