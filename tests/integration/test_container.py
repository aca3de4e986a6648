"""Videos of all kinds: probed, their sound extracted in step, muxed, and read back."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from videos import ORIGINAL, clicks, decoded, ffprobe, heard_at_ms, run

from dubbing.errors import Defect
from dubbing.media import sound
from dubbing.media.inspecting import probe
from dubbing.media.muxing import Label, Track, check, mux, read_back
from dubbing.media.soundtrack import extract_audio
from dubbing.model.audio import Audio

MakeVideo = Callable[..., Path]
SPANISH = Label("spa", "Español (Latinoamérica)")
PORTUGUESE = Label("por", "Português (Brasil)")


def extracted(video: Path) -> Audio:
    target = video.with_suffix(".extracted.wav")
    extract_audio(video, target, probe(video))
    return sound.read(target)


# --- What is accepted -------------------------------------------------------------------------


def test_a_vertical_video(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", seconds=2, size=(180, 320), audio=clicks(2, [500]))
    info = probe(video)
    assert (info.width, info.height, info.vertical) == (180, 320, True)
    assert (info.duration_ms, info.frame_rate) == (2_000, Fraction(25))
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert (info.audio_rate_hz, info.audio_channels) == (48_000, 2)
    assert "mp4" in info.container


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "flv", "mov"])
@pytest.mark.parametrize("rate", ["30000/1001", "24"])
def test_the_frame_rate_is_exact_in_every_container(
    make_video: MakeVideo, tmp_path: Path, suffix: str, rate: str
) -> None:
    video = make_video(
        tmp_path / f"v.{suffix}",
        seconds=3,
        size=(64, 96),
        rate=rate,
        audio=clicks(3, [1_000], rate_hz=44_100),
    )
    info = probe(video)
    tolerance = 0 if suffix in ("mp4", "mov", "ts") else Fraction(1, 20)  # the others count in ms
    assert abs(info.frame_rate - Fraction(rate)) <= tolerance
    frame_ms = 1_000 / Fraction(rate)
    frames = -(-3_000 // frame_ms)
    assert abs(info.duration_ms - frames * frame_ms) <= frame_ms


def test_rotation_is_applied_to_the_size_and_survives_the_mux(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    flat = make_video(tmp_path / "flat.mp4", seconds=1, size=(320, 180), audio=clicks(1, [500]))
    video = tmp_path / "rotated.mp4"
    run("ffmpeg", "-v", "error", "-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", video)
    info = probe(video)
    assert (info.width, info.height) == (180, 320)
    mux(video, tmp_path / "out.mp4", info, original=ORIGINAL)
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (180, 320)


def test_pixels_that_are_not_square_count_as_displayed(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(
        tmp_path / "v.mp4",
        seconds=1,
        size=(320, 320),
        audio=clicks(1, [500]),
        arguments=["-vf", "setsar=9/16"],
    )
    assert (probe(video).width, probe(video).height) == (180, 320)


def test_a_cover_picture_is_not_the_picture(make_video: MakeVideo, tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mp4", seconds=1, size=(180, 320), audio=clicks(1, [500]))
    cover = tmp_path / "cover.png"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=500x500", "-frames:v", 1, cover)
    video = tmp_path / "v.mp4"
    run(
        *("ffmpeg", "-v", "error", "-i", cover, "-i", plain, "-map", 0, "-map", 1, "-c", "copy"),
        *("-disposition:v:0", "attached_pic", video),
    )
    info = probe(video)
    assert (info.width, info.video_codec) == (180, "h264")
    mux(video, tmp_path / "out.mp4", info, original=ORIGINAL)
    assert [s.kind.value for s in read_back(tmp_path / "out.mp4")] == ["video", "audio"]


# --- The soundtrack ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "flv"])
@pytest.mark.parametrize("delay_ms", [0, 400])
def test_extracted_sound_is_in_step_and_as_long_as_the_picture(
    make_video: MakeVideo, tmp_path: Path, suffix: str, delay_ms: int
) -> None:
    video = make_video(
        tmp_path / f"v.{suffix}",
        seconds=4,
        size=(64, 96),
        rate="30000/1001",
        audio=clicks(3, [500, 2_000], rate_hz=44_100, channels=1),
        audio_delay_ms=delay_ms,
    )
    info = probe(video)
    audio = extracted(video)
    assert (audio.rate_hz, audio.channels) == (48_000, 2)
    assert audio.frames == info.duration_ms * 48
    # Containers that hold no encoder delay let every player hear AAC 1024 samples late.
    delay_unknown_ms = 0.0 if suffix in ("mp4", "mkv") else 1_024 / 44.1
    for heard, at_ms in zip(heard_at_ms(audio), [500, 2_000], strict=True):
        assert 0 <= heard - at_ms - delay_ms + 1.5 <= delay_unknown_ms + 3


def test_a_picture_that_begins_after_the_sound_counts_from_its_first_frame(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    silent = make_video(tmp_path / "picture.mp4", seconds=3, size=(64, 96))
    sound.encode_aac(clicks(4, [300, 1_500, 2_500]), tmp_path / "s.m4a")
    video = tmp_path / "v.mp4"
    run(
        "ffmpeg",
        "-v",
        "error",
        "-itsoffset",
        1,
        "-i",
        silent,
        "-i",
        tmp_path / "s.m4a",
        "-c",
        "copy",
        video,
    )
    info = probe(video)
    assert info.duration_ms == 3_000
    audio = extracted(video)
    assert audio.frames == 3_000 * 48
    assert heard_at_ms(audio) == pytest.approx([500, 1_500], abs=1)
    out = tmp_path / "out.mp4"
    sound.encode_aac(clicks(3, [700]), tmp_path / "d.m4a")
    mux(video, out, info, original=ORIGINAL, audio=[Track(tmp_path / "d.m4a", SPANISH)])
    check(out, info, original=ORIGINAL, audio=[SPANISH])
    assert heard_at_ms(decoded(out, "a:0"))[-2:] == pytest.approx([500, 1_500], abs=1)
    assert heard_at_ms(decoded(out, "a:1")) == pytest.approx([700], abs=1)


def test_a_hole_in_the_sound_stays_a_hole(make_video: MakeVideo, tmp_path: Path) -> None:
    whole = make_video(
        tmp_path / "v.mkv", seconds=4, size=(64, 96), audio=clicks(4, [500, 1_500, 3_000])
    )
    holed = tmp_path / "holed.mkv"
    run(
        "ffmpeg",
        "-v",
        "error",
        "-i",
        whole,
        "-c",
        "copy",
        "-bsf:a",
        "noise=drop='between(n,47,94)'",
        holed,
    )
    assert heard_at_ms(extracted(holed)) == pytest.approx([500, 3_000], abs=2)


# --- The mux -----------------------------------------------------------------------------------


@pytest.fixture
def parts(tmp_path: Path) -> tuple[list[Track], list[Track]]:
    """Two dubs and two subtitle tracks for a picture of 4 s."""
    dubs, subtitles = [], []
    for number, label in enumerate([SPANISH, PORTUGUESE], start=1):
        m4a = tmp_path / f"{label.language}.m4a"
        sound.encode_aac(clicks(4.0, [number * 1_000]), m4a)
        dubs.append(Track(m4a, label))
        srt = tmp_path / f"{label.language}.srt"
        srt.write_text(
            f"1\n00:00:0{number},500 --> 00:00:0{number},900\n¿Tú? Não…\n你好\n\n"
            "2\n00:00:03,000 --> 00:00:03,800\nfin\n\n",
            "utf-8",
        )
        subtitles.append(Track(srt, label))
    return dubs, subtitles


def test_the_mux_is_what_was_asked_for(
    make_video: MakeVideo, tmp_path: Path, parts: tuple[list[Track], list[Track]]
) -> None:
    plain = make_video(tmp_path / "plain.mp4", seconds=4, audio=clicks(4, [500]))
    chapters = tmp_path / "meta.txt"
    chapters.write_text(
        ";FFMETADATA1\ntitle=secret\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=one\n"
    )
    video = tmp_path / "v.mp4"
    run(
        *("ffmpeg", "-v", "error", "-i", plain, "-i", chapters, "-map_metadata", 1, "-c", "copy"),
        *("-metadata:s:a:0", "language=fra", "-metadata:s:a:0", "handler_name=secret", video),
    )
    before = video.read_bytes()
    dubs, subtitles = parts
    out = tmp_path / "out.mp4"
    told: list[float] = []
    info = probe(video)
    mux(video, out, info, original=ORIGINAL, audio=dubs, subtitles=subtitles, progress=told.append)
    assert told[-1] == 1.0
    assert video.read_bytes() == before

    found = ffprobe(out)
    streams = found["streams"]
    assert [s["codec_name"] for s in streams] == [
        "h264",
        "aac",
        "aac",
        "aac",
        "mov_text",
        "mov_text",
    ]
    assert [s["tags"]["language"] for s in streams[1:]] == ["zho", "spa", "por", "spa", "por"]
    assert [s["tags"]["handler_name"] for s in streams[1:]] == [
        "Original",
        "Español (Latinoamérica)",
        "Português (Brasil)",
        "Español (Latinoamérica)",
        "Português (Brasil)",
    ]
    assert [s["disposition"]["default"] for s in streams] == [1, 1, 0, 0, 1, 0]
    assert not found["chapters"]
    data = out.read_bytes()
    assert b"secret" not in data
    assert b"Lavf" not in data
    assert data.index(b"moov") < data.index(b"mdat")
    check(
        out, info, original=ORIGINAL, audio=[SPANISH, PORTUGUESE], subtitles=[SPANISH, PORTUGUESE]
    )

    # The picture and the original sound are the source's own packets.
    for stream in ("v:0", "a:0"):
        hashes = {
            run(
                "ffmpeg",
                "-v",
                "error",
                "-i",
                file,
                "-map",
                f"0:{stream}",
                "-c",
                "copy",
                "-f",
                "hash",
                "-",
            )
            for file in (video, out)
        }
        assert len(hashes) == 1
    # Every track is in its place, and in step.
    assert heard_at_ms(decoded(out, "a:0")) == pytest.approx([500], abs=1)
    assert heard_at_ms(decoded(out, "a:1")) == pytest.approx([1_000], abs=1)
    assert heard_at_ms(decoded(out, "a:2")) == pytest.approx([2_000], abs=1)
    text = run("ffmpeg", "-v", "error", "-i", out, "-map", "0:s:1", "-f", "srt", "-")
    assert "00:00:02,500 --> 00:00:02,900\n¿Tú? Não…\n你好\n" in text


def test_the_mux_is_reproducible_byte_for_byte(
    make_video: MakeVideo, tmp_path: Path, parts: tuple[list[Track], list[Track]]
) -> None:
    video = make_video(tmp_path / "v.mp4", seconds=4, audio=clicks(4, [500]))
    dubs, subtitles = parts
    for name in ("1", "2"):
        mux(
            video, tmp_path / name, probe(video), original=ORIGINAL, audio=dubs, subtitles=subtitles
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize(
    ("suffix", "codecs", "expected"),
    [
        ("mkv", ["-c:a", "libvorbis"], "aac"),
        ("mkv", ["-c:a", "ac3"], "ac3"),
        ("avi", ["-c:a", "mp3", "-bf", "2"], "mp3"),
        ("flv", [], "aac"),
        ("ts", [], "aac"),
        ("webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"], "aac"),
        ("ts", ["-c:v", "libx265", "-x265-params", "log-level=error"], "aac"),
    ],
)
def test_sources_of_other_containers_stay_in_step(
    make_video: MakeVideo,
    tmp_path: Path,
    parts: tuple[list[Track], list[Track]],
    suffix: str,
    codecs: list[str],
    expected: str,
) -> None:
    video = make_video(
        tmp_path / f"v.{suffix}",
        seconds=4,
        size=(64, 96),
        audio=clicks(4, [500, 3_000]),
        arguments=codecs,
    )
    info = probe(video)
    source = heard_at_ms(extracted(video))
    out = tmp_path / "out.mp4"
    dubs, subtitles = parts
    mux(video, out, info, original=ORIGINAL, audio=dubs, subtitles=subtitles)
    check(
        out, info, original=ORIGINAL, audio=[SPANISH, PORTUGUESE], subtitles=[SPANISH, PORTUGUESE]
    )
    assert read_back(out)[1].codec == expected
    assert heard_at_ms(decoded(out, "a:0")) == pytest.approx(source, abs=3)
    assert heard_at_ms(decoded(out, "a:1")) == pytest.approx([1_000], abs=1)


def test_subtitles_without_a_cue_are_a_track_all_the_same(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(tmp_path / "v.mp4", seconds=2, audio=clicks(2, [500]))
    (tmp_path / "s.srt").touch()
    info = probe(video)
    out = tmp_path / "out.mp4"
    mux(video, out, info, original=ORIGINAL, subtitles=[Track(tmp_path / "s.srt", SPANISH)])
    check(out, info, original=ORIGINAL, subtitles=[SPANISH])


def test_the_check_names_all_that_differs(
    make_video: MakeVideo, tmp_path: Path, parts: tuple[list[Track], list[Track]]
) -> None:
    video = make_video(tmp_path / "v.mp4", seconds=4, audio=clicks(4, [500]))
    info = probe(video)
    sound.encode_aac(clicks(3.8, [100]), tmp_path / "short.m4a")
    out = tmp_path / "out.mp4"
    mux(video, out, info, original=ORIGINAL, audio=[Track(tmp_path / "short.m4a", SPANISH)])
    with pytest.raises(Defect, match=r"has 3800 of 4000 ms"):
        check(out, info, original=ORIGINAL, audio=[SPANISH])
    with pytest.raises(Defect, match=r"labelled 'spa', 'Español \(Latinoamérica\)'"):
        check(out, info, original=ORIGINAL, audio=[PORTUGUESE])
    with pytest.raises(Defect, match="has the streams"):
        check(out, info, original=ORIGINAL)
    swapped = tmp_path / "swapped.mp4"
    run(
        *("ffmpeg", "-v", "error", "-i", out, "-map", 0, "-c", "copy", "-disposition:a:0", 0),
        *("-disposition:a:1", "default", swapped),
    )
    with pytest.raises(
        Defect, match=r"stream 1 \(audio\) is not default; stream 2 \(audio\) is default"
    ):
        check(swapped, info, original=ORIGINAL, audio=[SPANISH])


def test_only_iso_639_2_tags_label_a_track() -> None:
    with pytest.raises(ValueError, match="es-419"):
        Label("es-419", "Español")
