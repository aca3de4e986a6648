"""Files that are no videos we can localize: each is refused with what it is, and left as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from videos import clicks, run

from dubbing.errors import Rejected
from dubbing.media import sound
from dubbing.media.inspecting import probe
from dubbing.model.audio import Audio

MakeVideo = Callable[..., Path]


def reject(path: Path) -> Rejected:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(Rejected) as caught:
        probe(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy.endswith(".")
    assert before is None or path.read_bytes() == before
    return caught.value


def test_no_file(tmp_path: Path) -> None:
    assert reject(tmp_path / "none.mp4").found == "no such file"


def test_a_folder(tmp_path: Path) -> None:
    assert reject(tmp_path).found == "a folder"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").touch()
    assert reject(tmp_path / "v.mp4").found == "an empty file"


@pytest.mark.parametrize(
    "text", ["These are words.\n" * 50, "这是文字。\n" * 200, "<html><body>404</body></html>"]
)
def test_text_renamed(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.mp4").write_text(text, "utf-8")
    assert reject(tmp_path / "v.mp4").found == "text"


def test_noise_renamed(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(np.random.default_rng(0).bytes(5_000))
    assert "ffmpeg can't open" in reject(tmp_path / "v.mp4").found


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{0}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {0}\n",
    ],
)
def test_a_playlist_renamed_opens_nothing(
    make_video: MakeVideo, tmp_path: Path, playlist: str
) -> None:
    good = make_video(tmp_path / "good.ts", seconds=1, audio=clicks(1, [500]))
    (tmp_path / "v.mp4").write_text(playlist.format(good.name))
    assert "playlist" in reject(tmp_path / "v.mp4").found


def test_a_picture_or_a_sound_file_is_named_for_what_it_is(tmp_path: Path) -> None:
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color", "-frames:v", 1, tmp_path / "v.png")
    assert "png" in reject(tmp_path / "v.png").found
    sound.write(tmp_path / "v.mp4", clicks(1, [0]))
    assert reject(tmp_path / "v.mp4").found == "a file of the format wav"


def test_no_picture(tmp_path: Path) -> None:
    sound.encode_aac(clicks(1, [500]), tmp_path / "v.mp4")
    assert reject(tmp_path / "v.mp4").found == "no picture in it"


def test_a_cover_alone_is_no_picture(tmp_path: Path) -> None:
    sound.encode_aac(clicks(1, [500]), tmp_path / "s.m4a")
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color", "-frames:v", 1, tmp_path / "c.png")
    run(
        *(
            "ffmpeg",
            "-v",
            "error",
            "-i",
            tmp_path / "c.png",
            "-i",
            tmp_path / "s.m4a",
            "-c",
            "copy",
        ),
        *("-map", 0, "-map", 1, "-disposition:v:0", "attached_pic", tmp_path / "v.mp4"),
    )
    assert reject(tmp_path / "v.mp4").found == "no picture in it"


def test_no_sound(make_video: MakeVideo, tmp_path: Path) -> None:
    assert reject(make_video(tmp_path / "v.mp4", seconds=1)).found == "no sound in it"


def test_eleven_minutes(make_video: MakeVideo, tmp_path: Path) -> None:
    quiet = Audio.silence(660 * 8_000, 1, 8_000)
    video = make_video(tmp_path / "v.mp4", seconds=660, size=(16, 16), rate="1", audio=quiet)
    rejected = reject(video)
    assert rejected.found == "a video of 11:00 minutes"
    assert "10 minutes" in rejected.expected


def test_ten_minutes_are_accepted(make_video: MakeVideo, tmp_path: Path) -> None:
    quiet = Audio.silence(600 * 8_000, 1, 8_000)
    video = make_video(tmp_path / "v.mp4", seconds=600, size=(16, 16), rate="1", audio=quiet)
    assert probe(video).duration_ms == 600_000


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "flv"])
def test_a_file_that_breaks_off(make_video: MakeVideo, tmp_path: Path, suffix: str) -> None:
    whole = make_video(
        tmp_path / f"whole.{suffix}",
        seconds=6,
        audio=clicks(6, [500]),
        arguments=["-movflags", "+faststart"] if suffix == "mp4" else [],
    )
    video = tmp_path / f"v.{suffix}"
    video.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "breaks off" in reject(video).found


def test_an_mp4_without_its_index(make_video: MakeVideo, tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", seconds=2, audio=clicks(2, [500]))
    (tmp_path / "v.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "without its index" in reject(tmp_path / "v.mp4").found
