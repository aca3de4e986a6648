"""What ffprobe says of a file, as types."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import msgspec

from dubbing.errors import Rejected
from dubbing.media import ffmpeg

_TIMEOUT_S = 60.0
_ENTRIES = (
    "format=format_name,start_time,duration"
    ":stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate,"
    "r_frame_rate,start_time,duration,sample_rate,channels,channel_layout,has_b_frames"
    ":stream_disposition=default,attached_pic,timed_thumbnails,comment,visual_impaired"
    ":stream_tags=language,title,handler_name"
    ":stream_side_data=rotation"
)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat")
_FIRST_BOXES = (b"ftyp", b"mdat", b"moov", b"free", b"wide", b"skip")  # of MP4 and MOV
_HEAD_BYTES = 512
_OTHER_FORMAT = re.compile(r"\[(\S+)\] Format not on whitelist")


@dataclass(frozen=True, slots=True)
class Disposition:
    default: int = 0
    attached_pic: int = 0  # a cover, not a picture that moves
    timed_thumbnails: int = 0
    comment: int = 0  # somebody talks about the episode
    visual_impaired: int = 0  # somebody describes the picture


@dataclass(frozen=True, slots=True)
class Tags:
    language: str = ""
    title: str = ""
    handler_name: str = ""


@dataclass(frozen=True, slots=True)
class SideData:
    rotation: float = 0.0  # degrees


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """One stream as the file's header describes it. ffprobe writes times as decimal strings of s."""

    index: int
    codec_type: str = ""
    codec_name: str = ""
    width: int = 0  # px, as stored
    height: int = 0
    sample_aspect_ratio: str = ""  # 4:3
    avg_frame_rate: str = ""  # 30000/1001
    r_frame_rate: str = ""
    start_time: str = ""
    duration: str = ""
    sample_rate: str = ""
    channels: int = 0
    channel_layout: str = ""  # 5.1; empty where the file says no more than their number
    has_b_frames: int = 0  # by how many frames the order of decoding differs from that of showing
    disposition: Disposition = Disposition()
    tags: Tags = Tags()
    side_data_list: tuple[SideData, ...] = ()


@dataclass(frozen=True, slots=True)
class FormatHeader:
    format_name: str = ""
    start_time: str = ""
    duration: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A file's streams and its container."""

    format: FormatHeader = FormatHeader()
    streams: tuple[StreamHeader, ...] = field(default=())

    def of_kind(self, kind: str) -> list[StreamHeader]:
        """The streams of a kind, in the file's order; no cover pictures."""
        return [
            s
            for s in self.streams
            if s.codec_type == kind
            and not s.disposition.attached_pic
            and not s.disposition.timed_thumbnails
        ]

    def main(self, kind: str) -> StreamHeader | None:
        """The stream of a kind that players take: the default one, else the first."""
        candidates = self.of_kind(kind)
        return min(candidates, key=lambda s: (not s.disposition.default, s.index), default=None)


@dataclass(frozen=True, slots=True)
class Packet:
    stream_index: int = -1
    pts_time: str = ""
    dts_time: str = ""
    duration_time: str = ""
    flags: str = ""

    @property
    def start(self) -> Fraction | None:
        """In s; the time of decoding stands in where a container holds no other."""
        return self.pts if self.pts is not None else self.dts

    @property
    def pts(self) -> Fraction | None:
        return seconds(self.pts_time)

    @property
    def dts(self) -> Fraction | None:
        return seconds(self.dts_time)

    @property
    def discarded(self) -> bool:
        """Whether an edit list hides it."""
        return "D" in self.flags

    @property
    def key(self) -> bool:
        return "K" in self.flags


@dataclass(frozen=True, slots=True)
class _Packets:
    packets: tuple[Packet, ...] = ()


def header_of(file: ffmpeg.File) -> Header:
    """The header of any file. Raises ProgramFailed if it is in none of its containers."""
    said = ffmpeg.probe(file, ["-show_entries", _ENTRIES], timeout_s=_TIMEOUT_S)
    return msgspec.json.decode(said, type=Header)


def read_header(path: Path) -> Header:
    """The header of a video file. Raises Rejected if it is no file, or none of a video."""
    refuse_what_is_no_file(path)
    try:
        return header_of(ffmpeg.File(path))
    except ffmpeg.ProgramFailed as failure:
        raise _not_a_video(path, failure.stderr) from failure


def read_packets(path: Path) -> tuple[Packet, ...]:
    """All packets of a video file, in the file's order: it is read to its end."""
    entries = "packet=stream_index,pts_time,dts_time,duration_time,flags"
    try:
        said = ffmpeg.probe(ffmpeg.File(path), ["-show_entries", entries], timeout_s=_TIMEOUT_S)
    except ffmpeg.ProgramFailed as failure:
        raise _not_a_video(path, failure.stderr) from failure
    return msgspec.json.decode(said, type=_Packets).packets


def seconds(text: str) -> Fraction | None:
    """A time as ffprobe writes it, exactly; None where it has none."""
    return None if text in ("", "N/A") else Fraction(text)


def refuse_what_is_no_file(path: Path, *, expected: str = "a video file") -> None:
    """Raises Rejected for a path that leads to no file, or to an empty one."""
    found = None
    if not path.exists():
        found = "no such file"
    elif path.is_dir():
        found = "a folder"
    elif not path.is_file():
        found = "a device or a pipe"
    elif path.stat().st_size == 0:
        found = "an empty file"
    if found is not None:
        raise Rejected(
            str(path),
            found=found,
            expected=expected,
            remedy="Check the path, and that the file was copied to its end.",
        )


def _not_a_video(path: Path, stderr: str) -> Rejected:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    remedy = "Give the video itself: MP4, MOV, MKV, WebM, TS, AVI, FLV, WMV or MPEG."
    if head.removeprefix(b"\xef\xbb\xbf").startswith(_PLAYLISTS):
        found = "a playlist, which only points to other files"
        remedy = "Give one video file; nothing that a playlist points to is ever opened."
    elif _is_text(head):
        found = "text"
    elif "moov atom not found" in stderr and head[4:8] in _FIRST_BOXES:
        found = "an MP4 without its index: it was not written or copied to its end"
        remedy = "Export or copy the file again."
    elif other := _OTHER_FORMAT.search(stderr):
        found = f"a file of the format {other[1]}"
    else:
        found = f"a file that ffmpeg can't open as one ({_last_line(stderr)})"
    return Rejected(str(path), found=found, expected="a video", remedy=remedy)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not a character cut in two by the end of the head
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\r\n\t\ufeff" for character in text)


def _last_line(stderr: str) -> str:
    lines = stderr.splitlines()
    return lines[-1].rpartition(": ")[2] if lines else "no reason given"
