"""What is in a video file, and whether and how it can be localized: all of it known before any work.

Picture time 0 is the start of the first frame of the picture, whatever the file's own clock says. Sound
that is extracted, and all that is muxed, counts from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from dubbing.errors import Rejected
from dubbing.media import codecs, ffmpeg, tracks
from dubbing.media.clocks import on_its_own_clock, on_one_clock
from dubbing.media.probing import (
    Header,
    Packet,
    StreamHeader,
    read_header,
    read_packets,
    seconds,
)
from dubbing.media.timeline import Timeline, end_of, timeline_of
from dubbing.media.tracks import SpeechShare
from dubbing.model.episode import MAX_EPISODE_MS, MediaInfo
from dubbing.model.time import ms_to_seconds, seconds_to_ms

_FALLBACK_FRAME_RATE = Fraction(25)
_HIGHEST_FRAME_RATE = 240
_NOMINAL_RATE_TOLERANCE = Fraction(1, 2000)
_TRUNCATED_S = 1
_FROM_ZERO = (
    "matroska",
    "mov",
)  # their header's duration is the end, on a clock that may start late
_UNEVEN_MS = 500  # sound and picture whose ends are closer end together
_SAMPLE_S = 2  # of the picture, decoded to see that it can be
_DECODE_TIMEOUT_S = 120.0


def probe(path: Path, language: str = "", *, speech_share: SpeechShare | None = None) -> MediaInfo:
    """What is in a video file, which is read to its end; its sound and first frames are decoded.

    `language` (BCP-47) is what is spoken in it: where there are several soundtracks, it tells which one
    to hear, and so does `speech_share`, which measures how much somebody speaks.

    Raises Rejected, with what to do, if it is no file, not a video, has no picture or no sound, or none
    that can be decoded, ends before its header says, or is longer than MAX_EPISODE_MS.
    """
    header = read_header(path)
    video, sounds = _picture(path, header), _sounds(path, header)
    declared_s = seconds(header.format.duration) or Fraction(0)
    # Some containers count from their clock's zero. What is too long all the same is found by its packets.
    _refuse_if_too_long(path, declared_s - max(Fraction(0), _start_s(header)))
    packets = read_packets(path)
    restarts = _restarts(packets, [video, *sounds])
    if not restarts:
        return _inspected(path, path, header, packets, language, speech_share)
    try:
        with on_one_clock(path) as copy:
            header = replace(read_header(copy), format=replace(header.format, duration=""))
            packets = read_packets(copy)
            left = _restarts(packets, [_picture(path, header), *_sounds(path, header)])
            if not left:
                found = _inspected(path, copy, header, packets, language, speech_share)
                note = f"Clock: timestamps start over {_times(restarts)}; they are counted on."
                return replace(found, restarts=restarts, notes=(note, *found.notes))
    except ffmpeg.ProgramFailed:
        pass
    raise Rejected(
        str(path),
        found=f"timestamps that start over {_times(restarts)}",
        expected="a video whose time only goes on",
        remedy="Export the video again from the editor it was cut in, as one piece.",
    )


def _inspected(
    path: Path,
    file: Path,
    header: Header,
    packets: Sequence[Packet],
    language: str,
    speech_share: SpeechShare | None,
) -> MediaInfo:
    """`path` is what the user gave, `file` what is read instead of it."""
    video = _picture(path, header)
    frame_rate = _frame_rate(video)
    picture = timeline_of(packets, video.index, least_s=1 / frame_rate, keyed=True)
    _refuse_if_cut_short(path, header, packets, picture)
    _refuse_if_too_long(path, picture.duration)
    audible = [s for s in _sounds(path, header) if timeline_of(packets, s.index).packets]
    if not audible:
        raise _no_sound(path)
    choice = tracks.choose(file, audible, language, speech_share)
    audio = next(s for s in audible if s.index == choice.stream)
    sound = timeline_of(packets, audio.index)
    _refuse_if_undecodable(path, file, video, audio, picture)
    span_ms = (
        seconds_to_ms(float(sound.start - picture.start)),
        seconds_to_ms(float(sound.end - picture.start)),
    )
    duration_ms = seconds_to_ms(float(picture.duration))
    width, height = _displayed(video)
    why_picture = codecs.why_not_copied(video, picture)
    why_sound = codecs.why_not_copied(audio, sound)
    return MediaInfo(
        container=header.format.format_name,
        duration_ms=duration_ms,
        width=width,
        height=height,
        frame_rate=frame_rate,
        video_codec=video.codec_name,
        audio_codec=audio.codec_name,
        audio_rate_hz=int(audio.sample_rate),
        audio_channels=audio.channels,
        picture_stream=video.index,
        sound_stream=audio.index,
        picture_start_s=picture.start,
        picture_frames=picture.packets,
        untimed_frames=picture.without_time,
        sound_span_ms=span_ms,
        encode_picture=why_picture,
        encode_sound=why_sound,
        tracks=choice.tracks,
        chosen=choice.why,
        notes=tuple(_notes(why_picture, why_sound, choice, duration_ms, span_ms)),
    )


def _picture(path: Path, header: Header) -> StreamHeader:
    video = header.main("video")
    if video is None or not video.width or not video.height:
        raise Rejected(
            str(path),
            found="no picture in it",
            expected="a video with a moving picture",
            remedy="Give the episode's video; a cover image does not count.",
        )
    return video


def _sounds(path: Path, header: Header) -> list[StreamHeader]:
    found = [s for s in header.of_kind("audio") if s.channels and int(s.sample_rate or 0)]
    if not found:
        raise _no_sound(path)
    return found


def _no_sound(path: Path) -> Rejected:
    return Rejected(
        str(path),
        found="no sound in it",
        expected="a video with the episode's original sound",
        remedy="Export the video together with its soundtrack.",
    )


def _restarts(packets: Sequence[Packet], streams: Sequence[StreamHeader]) -> int:
    """How often the file's clock starts over."""
    return max(len(timeline_of(packets, s.index).restarts) for s in streams)


def _refuse_if_cut_short(
    path: Path, header: Header, packets: Sequence[Packet], picture: Timeline
) -> None:
    declared = seconds(header.format.duration) or Fraction(0)
    start_s = _start_s(header)
    if start_s > 0 and any(name in header.format.format_name for name in _FROM_ZERO):
        start_s = Fraction(0)
    missing_s = declared - (end_of(packets) - start_s)
    if not picture.packets or missing_s > _TRUNCATED_S:
        raise Rejected(
            str(path),
            found=f"a file that breaks off {float(missing_s):.1f} s before its end"
            if picture.packets
            else "a picture without a single frame",
            expected="a whole video",
            remedy="Export or copy the file again.",
        )


def _start_s(header: Header) -> Fraction:
    return seconds(header.format.start_time) or Fraction(0)


def _refuse_if_too_long(path: Path, duration_s: Fraction) -> None:
    if duration_s * 1000 > MAX_EPISODE_MS:
        minutes, rest_s = divmod(round(duration_s), 60)
        raise Rejected(
            str(path),
            found=f"a video of {minutes}:{rest_s:02d} minutes",
            expected=f"an episode of at most {MAX_EPISODE_MS // 60_000} minutes",
            remedy="Split it into episodes.",
        )


def _refuse_if_undecodable(
    path: Path, file: Path, video: StreamHeader, audio: StreamHeader, picture: Timeline
) -> None:
    """Decodes the first frames of the picture, and all of the sound."""
    sample = str(float(picture.start + _SAMPLE_S))
    shows = ["-map", f"0:{video.index}", "-to", sample, "-s", "32x32", "-pix_fmt", "gray"]
    if not _decodes(file, [*shows, "-vsync", "passthrough", "-f", "rawvideo"]):
        raise Rejected(
            str(path),
            found=f"a picture in {video.codec_name or 'an unknown codec'} that can't be decoded",
            expected="a picture that plays",
            remedy="Export the video again, as H.264.",
        )
    sounds = ["-map", f"0:{audio.index}", "-ac", "1", "-ar", "8000", "-f", "u8"]
    if not _decodes(file, sounds):
        raise Rejected(
            str(path),
            found=f"sound in {audio.codec_name or 'an unknown codec'} that can't be decoded",
            expected="sound that plays",
            remedy="Export the video again, with AAC sound.",
        )


def _decodes(file: Path, arguments: Sequence[str]) -> bool:
    try:
        return bool(
            ffmpeg.collect([on_its_own_clock(file)], arguments, timeout_s=_DECODE_TIMEOUT_S)
        )
    except ffmpeg.ProgramFailed:
        return False


def _notes(
    why_picture: str,
    why_sound: str,
    choice: tracks.Choice,
    duration_ms: int,
    sound_span_ms: tuple[int, int],
) -> list[str]:
    notes = []
    if why_picture:
        notes.append(f"Picture: {why_picture}, so it is encoded anew as H.264.")
    if why_sound:
        notes.append(f"Original sound: {why_sound}, so it is encoded anew as AAC.")
    if choice.why:
        notes.append(f"Soundtrack: {choice.why}.")
    start_ms, end_ms = sound_span_ms
    if start_ms > _UNEVEN_MS:
        notes.append(
            f"Sound: begins {ms_to_seconds(start_ms):.1f} s after the picture; until then it is silent."
        )
    if end_ms < duration_ms - _UNEVEN_MS:
        late_s = ms_to_seconds(duration_ms - end_ms)
        notes.append(f"Sound: ends {late_s:.1f} s before the picture; from there on it is silent.")
    if end_ms > duration_ms + _UNEVEN_MS:
        late_s = ms_to_seconds(end_ms - duration_ms)
        notes.append(
            f"Sound: goes on for {late_s:.1f} s after the picture's end; that part is not dubbed."
        )
    return notes


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
