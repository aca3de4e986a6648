"""Media synthesized at test time: no test needs a file that is not in the checkout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis
import pytest
import soundfile

from dubbing.model.audio import Audio

MakeVideo = Callable[..., Path]

# Voices that the user of this machine may have added are not those of the tests.
os.environ["DUBBING_VOICES"] = "/nonexistent/voices"

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

# A shell starts what it puts into the background deaf to Ctrl-C, and so would be every program we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the servers' packages, tests of them are left out; not in CI, which is to have them."""
    if shutil.which("erl") and list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return
    if os.environ.get("CI"):
        return
    reason = "RabbitMQ and PostgreSQL are not installed: `make test` installs them"
    for item in items:
        if item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def make_video() -> MakeVideo:
    """A function that makes a video file: a moving H.264 test picture, and AAC sound if given any.

    make_video(path, seconds=4.0, size=(180, 320), rate="25", audio=None, audio_delay_ms=0, arguments=())

    `size` is (width, height) in pixels, `rate` the frame rate as ffmpeg writes it ("30000/1001"),
    `arguments` further output options of ffmpeg, which overrule the defaults. Returns `path`.
    """

    def make(
        path: Path,
        *,
        seconds: float = 4.0,
        size: tuple[int, int] = (180, 320),
        rate: str = "25",
        audio: Audio | None = None,
        audio_delay_ms: int = 0,
        arguments: Sequence[str] = (),
    ) -> Path:
        picture = f"testsrc2=size={size[0]}x{size[1]}:rate={rate}:duration={seconds}"
        command = ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", picture]
        if audio is not None:
            wav = path.with_name(path.name + ".sound.wav")
            soundfile.write(wav, audio.samples, audio.rate_hz, subtype="FLOAT")
            command += ["-itsoffset", str(audio_delay_ms / 1000), "-i", str(wav)]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        command += ["-c:a", "aac", "-b:a", "192k", *arguments, str(path)]
        subprocess.run(command, check=True)
        if audio is not None:
            wav.unlink()
        return path

    return make
