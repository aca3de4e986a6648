"""Videos given alone share neither folder nor file, whatever they are called."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from dubbing.assembly import Order, open_release, output_folder
from dubbing.errors import Rejected
from dubbing.formats.release_json import release_of_video
from dubbing.formats.video_names import legible
from dubbing.planning.orders import Wishes
from dubbing.publishing.publish import MANIFEST, JobRecord, Manifest
from dubbing.store.artifacts import write_json

GBK = "婚礼".encode("gbk")
NAMES = [
    b"clip.mp4",
    b"clip.mkv",
    b"clip.MP4",
    b"clip.mkv.mp4",
    b"clip.v2.mp4",
    b"my clip.mp4",
    b"my-clip.mp4",
    "婚礼.mp4".encode(),
    "离婚.mp4".encode(),
    "第一集(1).mp4".encode(),
    GBK + b".mp4",
    "离婚".encode("gbk") + b".mp4",
    ("霸道总裁爱上我" * 11).encode() + "大结局.mp4".encode(),
    ("霸道总裁爱上我" * 11).encode() + "大结果.mp4".encode(),
    b"x" * 251 + b".mp4",
    b"\xff\xfe.mp4",
    b"\xff\xfd.mp4",
]


def out_of(video: Path) -> Path:
    return output_folder(Order(video, Wishes(("en",))), open_release(video))


def video(folder: Path, name: bytes | str) -> Path:
    path = folder / (os.fsdecode(name) if isinstance(name, bytes) else name)
    path.touch()
    return path


def publish(folder: Path, release: str, title: str, of: str = "") -> None:
    folder.mkdir()
    job = JobRecord("0" * 64, (1,), ("en",), ("subtitles",))
    write_json(
        folder / MANIFEST, Manifest(1, release, title, "zh", job, "fake", (), "", (), {}, of)
    )


def test_no_two_videos_share_a_folder_or_a_file_of_decisions(tmp_path: Path) -> None:
    videos = [video(tmp_path, name) for name in NAMES]
    for one, other in itertools.combinations(videos, 2):
        mine, theirs = release_of_video(one, "zh"), release_of_video(other, "zh")
        assert out_of(one) != out_of(other)
        assert mine.corrections_file != theirs.corrections_file
        assert mine.cast_file != theirs.cast_file


@pytest.mark.parametrize("name", NAMES)
def test_what_belongs_to_a_video_has_a_name_that_can_be_written(
    tmp_path: Path, name: bytes
) -> None:
    one = video(tmp_path, name)
    release = release_of_video(one, "zh")
    assert release.corrections_file is not None
    half_written = release.corrections_file.with_name(f".{release.corrections_file.name}.part")
    half_written.write_text("")
    out = out_of(one)
    staging = out.with_name(f".{out.name}.new-12345678")
    published = release.episodes[0].published_as
    (staging / "ep01" / "zh-Hant-TW").mkdir(parents=True)
    (staging / "ep01" / "zh-Hant-TW" / f"{published}.zh-Hant-TW.edited.vtt").touch()
    (str(out) + release.title + published).encode()  # is text


@pytest.mark.parametrize(
    ("name", "folder", "published"),
    [
        ("clip.mp4", "clip-localized", "clip"),
        ("婚礼.mp4", "婚礼-localized", "婚礼"),
        ("clip.mkv", "clip.mkv-localized", "clip.mkv"),
    ],
)
def test_names_stay_as_they_are(tmp_path: Path, name: str, folder: str, published: str) -> None:
    one = video(tmp_path, name)
    assert out_of(one).name == folder
    assert open_release(one).episodes[0].published_as == published


def test_a_name_in_gbk_can_be_read() -> None:
    assert legible(GBK) == "婚礼"
    assert legible("婚礼") == "婚礼"
    assert legible(b"a\xff") == "a\\xff"


@pytest.mark.parametrize(
    ("name", "release", "title"),
    [("婚礼.mp4", "video", "婚礼"), ("my clip.mp4", "my-clip", "my clip"), ("a.mkv", "a", "a")],
)
def test_a_folder_from_before_is_found_again(
    tmp_path: Path, name: str, release: str, title: str
) -> None:
    one = video(tmp_path, name)
    publish(tmp_path / f"{release}-localized", release, title)
    assert out_of(one).name == f"{release}-localized"
    other = video(tmp_path, "离婚.mp4")
    assert out_of(other).name == "离婚-localized"


def test_a_folder_from_before_that_may_be_anothers_is_left_alone(tmp_path: Path) -> None:
    video(tmp_path, "a.mov")
    publish(tmp_path / "a-localized", "a", "a")
    assert out_of(video(tmp_path, "a.mkv")).name == "a.mkv-localized"


def test_corrections_from_before_are_found_where_they_can_be_no_others(tmp_path: Path) -> None:
    mkv = video(tmp_path, "a.mkv")
    (tmp_path / "a.corrections.toml").touch()
    assert release_of_video(mkv, "zh").corrections_file == tmp_path / "a.corrections.toml"
    mov = video(tmp_path, "a.mov")
    with pytest.raises(Rejected, match=r"a\.mkv and a\.mov may mean.*a\.mkv\.corrections\.toml"):
        release_of_video(mkv, "zh")
    mp4 = video(tmp_path, "a.mp4")
    files = [release_of_video(v, "zh").corrections_file for v in (mkv, mov, mp4)]
    assert [f.name for f in files if f] == [
        "a.mkv.corrections.toml",
        "a.mov.corrections.toml",
        "a.corrections.toml",
    ]
