"""What MP4 can't hold is encoded anew and said so; what it can hold is copied, whatever its header says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from videos import ORIGINAL, clicks, decoded, heard_at_ms, run

from dubbing.media import sound
from dubbing.media.inspecting import probe
from dubbing.media.muxing import check, mux, read_back
from dubbing.media.soundtrack import extract_audio

MakeVideo = Callable[..., Path]

MPEG4 = ["-c:v", "mpeg4", "-c:a", "mp3"]


def muxed(video: Path) -> tuple[str, str]:
    """The codecs of what is made of a video, which is in step with it."""
    info = probe(video)
    out = video.with_name("out.mp4")
    mux(video, out, info, original=ORIGINAL)
    check(out, info, original=ORIGINAL)
    extract_audio(video, video.with_name("out.wav"), info)
    source_ms = heard_at_ms(sound.read(video.with_name("out.wav")))
    assert heard_at_ms(decoded(out, "a:0"))[: len(source_ms)] == pytest.approx(source_ms, abs=3)
    picture, original = read_back(out)
    assert picture.packets == info.picture_frames
    assert bool(info.encode_picture) == any("H.264" in note for note in info.notes)
    assert bool(info.encode_sound) == any("AAC" in note for note in info.notes)
    return picture.codec, original.codec


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("v.wmv", ["-c:v", "wmv2", "-c:a", "wmav2"], ("h264", "aac")),
        ("v.webm", ["-c:v", "libvpx", "-c:a", "libvorbis"], ("h264", "aac")),
        ("v.flv", ["-c:v", "flv1", "-c:a", "mp3", "-ar", "44100"], ("h264", "mp3")),
        ("v.mov", ["-c:v", "prores_ks", "-c:a", "pcm_s16le"], ("h264", "aac")),
        ("v.mov", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"], ("h264", "aac")),
        ("v.mkv", ["-c:v", "ffv1", "-c:a", "flac"], ("h264", "aac")),
        ("v.avi", ["-c:v", "libx264", "-bf", "2", "-c:a", "mp3"], ("h264", "mp3")),
        ("v.avi", [*MPEG4, "-ar", "11025"], ("mpeg4", "aac")),
        ("v.avi", [*MPEG4, "-ar", "8000", "-ac", "1"], ("mpeg4", "aac")),
        ("v.flv", ["-c:a", "mp3", "-ar", "11025"], ("h264", "aac")),
        ("v.mkv", [*MPEG4, "-ar", "16000"], ("mpeg4", "mp3")),
    ],
)
def test_codecs(
    make_video: MakeVideo,
    tmp_path: Path,
    name: str,
    arguments: list[str],
    expected: tuple[str, str],
) -> None:
    video = make_video(
        tmp_path / name, seconds=3, size=(66, 98), audio=clicks(3, [500]), arguments=arguments
    )
    assert muxed(video) == expected


@pytest.mark.parametrize(
    "missing", ["between(n,108,111)", "gt(mod(n,7),3)", "gte(n,100)*lt(n,119)"]
)
def test_frames_that_are_missing_near_the_end_are_no_fault_of_the_file(
    make_video: MakeVideo, tmp_path: Path, missing: str
) -> None:
    video = make_video(
        tmp_path / "v.mp4",
        rate="30",
        size=(64, 96),
        audio=clicks(4, [500]),
        arguments=[
            "-preset",
            "medium",
            "-bf",
            "3",
            "-vf",
            f"select='not({missing})'",
            "-vsync",
            "vfr",
        ],
    )
    assert muxed(video) == ("h264", "aac")


def test_a_clock_that_starts_over_counts_on(make_video: MakeVideo, tmp_path: Path) -> None:
    part = make_video(tmp_path / "part.ts", seconds=3, size=(64, 96), audio=clicks(3, [500, 2_000]))
    video = tmp_path / "v.ts"
    video.write_bytes(part.read_bytes() * 3)
    info = probe(video)
    assert info.restarts == 2
    assert "start over 2 times" in info.notes[0]
    assert info.duration_ms == pytest.approx(9_000, abs=100)
    assert muxed(video) == ("h264", "aac")


def test_odd_sides_are_padded(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(
        tmp_path / "v.mkv",
        seconds=1,
        size=(65, 97),
        audio=clicks(1, [500]),
        arguments=["-c:v", "ffv1", "-pix_fmt", "yuv444p", "-vf", "scale=65:97"],
    )
    assert muxed(video) == ("h264", "aac")
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (66, 98)


@pytest.mark.parametrize(
    ("seconds", "at", "said"),
    [
        (2.0, 0, "ends 2.0 s before the picture"),
        (3.0, 1_000, "begins 1.0 s after"),
        (6.0, 0, "goes on for 2.0 s"),
    ],
)
def test_sound_that_is_not_as_long_as_the_picture_is_said(
    make_video: MakeVideo, tmp_path: Path, seconds: float, at: int, said: str
) -> None:
    video = make_video(
        tmp_path / "v.mp4", size=(64, 96), audio=clicks(seconds, [500]), audio_delay_ms=at
    )
    info = probe(video)
    assert any(said in note for note in info.notes), info.notes
    assert info.duration_ms == 4_000


def test_the_track_of_the_spoken_language_is_heard(make_video: MakeVideo, tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mp4", seconds=2, size=(64, 96), audio=clicks(2, [500]))
    for suffix, tags in [("mp4", ("eng", "zho")), ("mkv", ("eng", "chi")), ("ts", ("eng", "zho"))]:
        video = tmp_path / f"v.{suffix}"
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            plain,
            "-map",
            "0:v",
            "-map",
            "0:a",
            "-map",
            "0:a",
        ]
        for number, tag in enumerate(tags):
            command += [f"-metadata:s:a:{number}", f"language={tag}"]
        run(*command, "-c", "copy", "-disposition:a:0", "default", video)
        info = probe(video, "zh")
        assert info.sound_stream == 2
        assert [track.language for track in info.tracks] == list(tags)
        assert "is heard: it is tagged" in info.chosen
        assert probe(video, "en").sound_stream == 1


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("start", ["3", "700"])
def test_a_clock_may_start_anywhere(
    make_video: MakeVideo, tmp_path: Path, suffix: str, start: str
) -> None:
    video = make_video(
        tmp_path / f"v.{suffix}",
        seconds=2,
        size=(64, 96),
        audio=clicks(2, [500]),
        arguments=["-output_ts_offset", start],
    )
    assert probe(video).duration_ms == pytest.approx(2_000, abs=40)
    assert muxed(video) == ("h264", "aac")
