"""ffmpeg under limits: what it may open, how long it may take, and how it ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dubbing.errors import Rejected, Transient
from dubbing.media import ffmpeg, sound
from dubbing.model.audio import Audio


def tone(seconds: float, rate_hz: int = 48_000) -> Audio:
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return Audio.of_mono(0.3 * np.sin(2 * np.pi * 440 * t), rate_hz)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    sound.write(tmp_path / "a:b %20 -x.wav", tone(2.0))
    return tmp_path / "a:b %20 -x.wav"


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()]


def running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_any_file_name_is_a_file(wav: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    ffmpeg.run([ffmpeg.File(wav, ("wav",))], ["-f", "wav"], target, timeout_s=30)
    np.testing.assert_allclose(sound.read(target).samples, tone(2.0).samples, atol=1e-4)


def test_a_container_that_is_not_listed_is_not_opened(wav: Path, tmp_path: Path) -> None:
    with pytest.raises(ffmpeg.ProgramFailed, match="not on whitelist"):
        ffmpeg.run([ffmpeg.File(wav)], ["-f", "wav"], tmp_path / "out.wav", timeout_s=30)
    assert not (tmp_path / "out.wav").exists()


def test_a_playlist_opens_nothing_even_where_playlists_are_listed(
    wav: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.wav"
    wav.rename(plain)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/plain.wav\n#EXT-X-ENDLIST\n")
    with pytest.raises(ffmpeg.ProgramFailed):
        ffmpeg.collect([ffmpeg.File(playlist, ("hls", "wav"))], ["-f", "wav"], timeout_s=30)


def test_progress_rises_to_one(wav: Path, tmp_path: Path) -> None:
    told: list[float] = []
    ffmpeg.run(
        [ffmpeg.File(wav, ("wav",), ("-readrate", "4"))],
        ["-f", "wav"],
        tmp_path / "out.wav",
        timeout_s=30,
        duration_ms=2_000,
        progress=told.append,
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert all(0.0 <= share <= 1.0 for share in told)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "1.m4a", tmp_path / "2.m4a"]
    for file in files:
        sound.encode_aac(tone(1.0), file)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"Lavf" not in first


def test_waiting_beyond_the_limit_is_transient(wav: Path, tmp_path: Path) -> None:
    slowly = ffmpeg.File(wav, ("wav",), ("-readrate", "0.01"))
    target = tmp_path / "out.wav"
    before = children(os.getpid())  # of other tests
    started = time.monotonic()
    with pytest.raises(Transient, match="had the processor for"):
        ffmpeg.run([slowly], ["-f", "wav"], target, timeout_s=2)
    assert time.monotonic() - started < 10
    assert not target.exists()
    assert children(os.getpid()) == before


def test_working_beyond_the_limit_is_the_file_s_fault(
    wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "_BUSY_SHARE", 0.05)  # whoever else works on this machine
    endless = ffmpeg.File(wav, ("wav",), ("-stream_loop", "-1"))
    with pytest.raises(Rejected, match="not done after 3 s of work") as caught:
        ffmpeg.collect([endless], ["-af", "afftdn", "-f", "null"], timeout_s=3)
    assert caught.value.where == str(wav)


def test_memory_is_limited(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "MEMORY_LIMIT_BYTES", 500 << 20)
    endless = ffmpeg.File(wav, ("wav",), ("-stream_loop", "5000"))
    with pytest.raises(Rejected, match="needs more than 500 MiB"):
        # To play it backwards is to hold all of it: 960 MB.
        ffmpeg.collect([endless], ["-af", "areverse", "-f", "null"], timeout_s=60)


def test_a_failure_says_what_ffmpeg_said_and_can_be_pickled(wav: Path) -> None:
    with pytest.raises(ffmpeg.ProgramFailed) as caught:
        ffmpeg.collect(
            [ffmpeg.File(wav, ("wav",))], ["-af", "nosuchfilter", "-f", "wav"], timeout_s=30
        )
    assert "No such filter: 'nosuchfilter'" in caught.value.stderr
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own bytes)
    assert (again.program, again.status, again.stderr) == (
        caught.value.program,
        caught.value.status,
        caught.value.stderr,
    )


def test_an_endless_stderr_is_kept_to_its_end(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    sound.write(broken, tone(30.0))
    file = ffmpeg.File(broken, ("mp3",), ("-f", "mp3", "-loglevel", "trace"))
    with pytest.raises(ffmpeg.ProgramFailed) as caught:
        ffmpeg.collect([file], ["-map", "0:v", "-f", "wav"], timeout_s=60)
    assert len(caught.value.stderr) <= 4_096
    assert "matches no streams" in caught.value.stderr


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, wav: Path) -> None:
    monkeypatch.setenv("PATH", str(wav.parent))
    with pytest.raises(Rejected, match="apt-get install ffmpeg"):
        ffmpeg.collect([ffmpeg.File(wav, ("wav",))], ["-f", "wav"], timeout_s=30)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_the_user_s_to_mend(small_disk: Path, wav: Path) -> None:
    with pytest.raises(Rejected, match="no space left on the disk"):
        ffmpeg.run(
            [ffmpeg.File(wav, ("wav",), ("-stream_loop", "20"))],
            ["-f", "wav"],
            small_disk / "out.wav",
            timeout_s=30,
        )
    with pytest.raises(Rejected, match="no space left on the disk"):
        sound.write(small_disk / "out.wav", tone(20.0))
    assert not list(small_disk.iterdir())


SLEEPER = """
import sys
from pathlib import Path
from dubbing.media import ffmpeg
source = ffmpeg.File(Path(sys.argv[1]), ("wav",), ("-readrate", "0.01"))
try:
    ffmpeg.run([source], ["-f", "wav"], Path(sys.argv[2]), timeout_s=60)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_ffmpeg_dies_with_us(kill: signal.Signals, wav: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    us = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(wav), str(target)], cwd=Path(__file__).parents[2]
    )
    deadline = time.monotonic() + 30
    while not target.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [child] = children(us.pid)
    assert running(child)
    os.kill(us.pid, kill)
    assert us.wait(10) == (130 if kill is signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 5
    while running(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert target.exists() == (kill is signal.SIGKILL)


def started_here() -> set[int]:
    """The children of this process, whichever of its threads has started them."""
    return {
        int(child)
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    }


def test_a_stopped_ffmpeg_is_transient(wav: Path, tmp_path: Path) -> None:
    caught: list[Exception] = []

    def work() -> None:
        try:
            source = ffmpeg.File(wav, ("wav",), ("-readrate", "0.01"))
            ffmpeg.run([source], ["-f", "wav"], tmp_path / "out.wav", timeout_s=60)
        except Transient as error:
            caught.append(error)

    before = started_here()
    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "out.wav").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for child in started_here() - before:
        os.kill(child, signal.SIGTERM)
    thread.join(10)
    assert len(caught) == 1


def test_espeak_speaks_what_it_is_given() -> None:
    short = sound.parse_wav(ffmpeg.espeak("hola", voice="es-419"))
    long = sound.parse_wav(ffmpeg.espeak("¿Quién eres tú, señor?\nNo lo sé.", voice="es-419"))
    assert short.channels == 1
    assert 200 < short.duration_ms < long.duration_ms
    assert np.abs(long.samples).max() > 0.1
    fast = sound.parse_wav(ffmpeg.espeak("hola", voice="es-419", words_per_minute=300))
    assert fast.duration_ms < short.duration_ms


def test_espeak_takes_no_option_from_a_text_and_refuses_a_voice_it_lacks() -> None:
    assert sound.parse_wav(ffmpeg.espeak("--version -w x", voice="en-us")).duration_ms > 300
    with pytest.raises(ffmpeg.ProgramFailed):
        ffmpeg.espeak("hola", voice="nosuchvoice")
