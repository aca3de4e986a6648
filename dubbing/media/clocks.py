"""A video file as ffmpeg reads it: on its own clock, or put on one clock where its own starts over."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dubbing.media import ffmpeg
from dubbing.model.episode import MediaInfo

_TIMEOUT_S = 300.0


def on_its_own_clock(path: Path, *options: str) -> ffmpeg.File:
    """The file with the times that it has; AVI has none of presentation, so they are made."""
    # Without -copyts, ffmpeg counts from the earliest of the streams that it happens to use.
    return ffmpeg.File(path, options=("-fflags", "+genpts", "-copyts", *options))


@contextmanager
def opened(video: Path, info: MediaInfo) -> Iterator[Path]:
    """The file that all numbers of `info` are about: the video, or a copy of it on one clock."""
    if not info.restarts:
        yield video
        return
    with on_one_clock(video) as copy:
        yield copy


@contextmanager
def on_one_clock(video: Path) -> Iterator[Path]:
    """A copy, for as long as it is needed, of a file whose clock starts over: each part after the last.

    Its pictures and sounds are in the file's order; nothing is compressed again. Raises ProgramFailed.
    """
    with tempfile.TemporaryDirectory(prefix="dubbing-clock-") as folder:
        copy = Path(folder) / "video.mkv"
        # Without -copyts, ffmpeg goes on counting where a clock steps back.
        source = ffmpeg.File(video, options=("-fflags", "+genpts"))
        arguments = ["-map", "0:V", "-map", "0:a?", "-c", "copy", "-f", "matroska"]
        ffmpeg.run([source], arguments, copy, timeout_s=_TIMEOUT_S)
        yield copy
