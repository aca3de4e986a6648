"""What MP4 can hold as it is, and how the rest is encoded anew."""

from __future__ import annotations

from dubbing.media.probing import StreamHeader
from dubbing.media.timeline import Timeline

# What the MP4 container holds and players play.
_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
_SOUNDS = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})
# AVI holds no times, and without B-frames these too come out of the decoder late, by its delay.
_REORDERED = frozenset({"h264", "hevc"})
_LOWEST_MP3_HZ = 16_000  # ISO/IEC 14496-3: MP4 has no name for MPEG-2.5 audio
_USUAL_CHANNELS = (1, 2, 6, 8)  # what AAC has standard layouts for, and players play

# The same bytes on machines with other numbers of cores.
_THREADS = "4"


def why_not_copied(stream: StreamHeader, timeline: Timeline) -> str:
    """Why a stream can't go into an MP4 as it is, as half a sentence; empty if it can."""
    codec = stream.codec_name or "an unknown codec"
    if stream.codec_type == "video":
        if codec not in _PICTURES:
            return f"MP4 can't hold {codec}"
        if timeline.without_time and (stream.has_b_frames or codec in _REORDERED):
            return f"{timeline.without_time} frames don't say when they are shown"
    else:
        if codec not in _SOUNDS:
            return f"MP4 can't hold {codec}"
        if codec == "mp3" and int(stream.sample_rate) < _LOWEST_MP3_HZ:
            return f"MP4 can't hold mp3 at {stream.sample_rate} Hz"
    if timeline.backwards:
        return f"timestamps step back {timeline.backwards} times"
    return ""


def encode_picture(*, untimed: bool) -> list[str]:
    """ffmpeg's options for H.264 that every player plays: each frame at its own time, visually lossless.

    Frames that are `untimed` come out of the decoder late, by its delay: they count from the first.
    """
    start = "setpts=PTS-STARTPTS," if untimed else ""
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-threads:v", _THREADS),
        # 4:2:0 needs even sides.
        *("-filter:v", f"{start}pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p"),
        *("-vsync", "passthrough", "-enc_time_base:v", "1:90000"),
    ]


def encode_sound(channels: int) -> list[str]:
    """ffmpeg's options for AAC, holes in the sound filled with silence."""
    options = ["-c:a:0", "aac", "-b:a:0", "192k", "-filter:a:0", "aresample=async=1:first_pts=0"]
    return options if channels in _USUAL_CHANNELS else [*options, "-ac:a:0", "2"]
