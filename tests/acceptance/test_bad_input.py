"""What can't be localized is refused with one clear message, exit status 2, and the source untouched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Dub, contents
from series import tones

from dubbing.model.audio import Audio


def change(series: Path, **fields: Any) -> None:
    document = json.loads((series / "release.json").read_text())
    (series / "release.json").write_text(json.dumps({**document, **fields}))


def refused(dub: Dub, series: Path, *arguments: object, to: str = "en") -> str:
    before = contents(series)
    message: str = dub.refused("run", series, "--to", to, "--profile", dub.profile, *arguments)
    assert contents(series) == before
    for word in ("found", "expected", "do"):
        assert word in message
    return " ".join(message.split())


def test_no_such_file(tmp_path: Path, dub: Dub) -> None:
    message = dub.refused("run", tmp_path / "none.mp4", "--to", "en", "--profile", "fake")
    assert "none.mp4" in message
    assert "no such file" in message


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"This is not a video at all.\n" * 200, "found text"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "playlist"),
    ],
)
def test_a_file_that_is_no_video(series: Path, dub: Dub, content: bytes, found: str) -> None:
    (series / "b.mp4").write_bytes(content)
    message = refused(dub, series)
    assert "b.mp4" in message
    assert found in message.lower()


def test_a_video_without_sound(series: Path, dub: Dub, make_video: Callable[..., Path]) -> None:
    make_video(series / "b.mp4", seconds=3)
    assert "no sound" in refused(dub, series)


def test_sound_without_speech(series: Path, dub: Dub, make_video: Callable[..., Path]) -> None:
    hum = Audio(np.full((3 * 48_000, 2), 0.001, dtype=np.float32), 48_000)
    make_video(series / "b.mp4", seconds=3, audio=hum)
    message = refused(dub, series)
    assert "no speech" in message
    assert "b.mp4" in message


def test_an_episode_of_eleven_minutes(
    series: Path, dub: Dub, make_video: Callable[..., Path]
) -> None:
    sound = Audio(np.zeros((660 * 8000, 1), dtype=np.float32), 8000)
    make_video(series / "b.mp4", seconds=660, size=(32, 32), rate="1", audio=sound)
    message = refused(dub, series)
    assert "b.mp4" in message
    assert "10" in message


@pytest.mark.parametrize("language", ["xx", "en_US!", "klingon"])
def test_a_language_that_is_not_known(series: Path, dub: Dub, language: str) -> None:
    assert language in refused(dub, series, to=language)


def test_a_path_that_leaves_the_release(series: Path, dub: Dub) -> None:
    change(series, episodes=[{"number": 1, "video": "../../etc/passwd"}])
    assert "episodes[0].video" in refused(dub, series)


def test_two_episodes_of_one_number(series: Path, dub: Dub) -> None:
    change(series, episodes=[{"number": 1, "video": "a.mp4"}, {"number": 1, "video": "b.mp4"}])
    assert "episodes[1].number" in refused(dub, series)


def test_a_glossary_in_the_wrong_encoding(series: Path, dub: Dub) -> None:
    (series / "glossary.csv").write_bytes("source,language,target\n沈清,en,Shen\n".encode("big5"))
    message = refused(dub, series)
    assert "glossary.csv" in message
    assert "UTF-8" in message


@pytest.mark.parametrize("episodes", ["9", "0", "2-1", "one"])
def test_episodes_that_are_not_there(series: Path, dub: Dub, episodes: str) -> None:
    assert "episodes" in refused(dub, series, "--episodes", episodes)


def test_a_profile_that_is_not_there(series: Path, dub: Dub) -> None:
    assert "nosuch" in refused(dub, series, "--profile", "nosuch")


def test_an_engine_that_is_not_there(series: Path, dub: Dub, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    text = Path("configs/profiles/fake.toml").read_text()
    profile.write_text(text.replace('transcriber = "fake"', 'transcriber = "ears"'))
    assert "'ears'" in refused(dub, series, "--profile", profile)
    profile.write_text(text + "\nvolume = 11\n")
    assert "volume" in refused(dub, series, "--profile", profile)


def test_a_voice_that_is_not_there(series: Path, dub: Dub) -> None:
    (series / "cast.toml").write_text("[c1]\nvoices = { en = 'morgan' }\n")
    message = refused(dub, series)
    assert "morgan" in message
    assert "beep-low" in message


def test_a_correction_of_a_line_that_is_not_there(series: Path, dub: Dub) -> None:
    (series / "corrections.toml").write_text("[[line]]\nepisode = 1\nline = 99\nsource = '你'\n")
    assert "line 99" in refused(dub, series)


def test_an_output_folder_that_holds_other_things(series: Path, dub: Dub, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    assert "other things" in refused(dub, series, "--out", tmp_path / "precious")
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_an_output_folder_that_is_a_file(series: Path, dub: Dub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file" in refused(dub, series, "--out", tmp_path / "file")


def test_an_output_folder_without_the_right_to_write(series: Path, dub: Dub) -> None:
    # Not even root may write there, on any Linux.
    assert "/proc" in refused(dub, series, "--out", "/proc/localized")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small disk: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_where_artifacts_are_kept(series: Path, small_disk: Path) -> None:
    dub = Dub(small_disk / "cache")
    message = refused(dub, series)
    assert "no space" in message.lower()
    # Nothing half-written stays behind to fill the disk.
    assert not list((small_disk / "cache" / "artifacts" / "tmp").iterdir())


def test_a_full_disk_where_the_release_goes(series: Path, dub: Dub, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"0" * 2_900_000)
    message = refused(dub, series, "--out", small_disk / "localized")
    assert "no space" in message.lower()
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


@pytest.mark.models
def test_a_model_file_whose_checksum_is_wrong(series: Path, tmp_path: Path) -> None:
    dub = Dub(tmp_path / "cache", profile="local")
    models = dub.cache / "models"
    (models / "faster-whisper-base").mkdir(parents=True)
    dub("voices", "audition", "kumo", tmp_path / "v.wav")
    model = max(models.rglob("*.onnx"), key=lambda path: path.stat().st_size)
    with model.open("r+b") as file:
        file.seek(1000)
        file.write(b"tampered")
    message = dub.refused("voices", "audition", "kumo", tmp_path / "w.wav", "--text", "No.")
    assert model.name in message.replace("\n", "")
    assert "SHA-256" in message
    assert not (tmp_path / "w.wav").exists()


def test_speech_is_not_needed_where_a_cover_is_the_only_picture(tmp_path: Path, dub: Dub) -> None:
    import soundfile

    soundfile.write(tmp_path / "s.wav", tones(2, [(0.5, 150, 1)]).samples, 48_000)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=64x64:duration=0.04:rate=25",
         "-i", tmp_path / "s.wav", "-map", "0", "-map", "1", "-c:v", "mjpeg",
         "-disposition:v", "attached_pic", tmp_path / "song.mp4"],
        check=True,
    )  # fmt: skip
    message = dub.refused("run", tmp_path / "song.mp4", "--to", "en", "--profile", "fake")
    assert "no picture" in message
