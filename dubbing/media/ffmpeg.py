"""The only module that starts another program: ffmpeg, ffprobe, and espeak-ng for an engine.

Whatever a program is given came from outside, so each one runs under the same limits: a whitelist of
containers and no protocol but `file`, a wall-clock limit, a limit of memory, no terminal, and death
together with the thread that started it, even by kill -9. Needs Linux with util-linux.

How a failure is judged:
- the disk is full: Rejected, the user's to mend;
- over the memory limit: Rejected, the file asks for more than any honest episode does;
- over the time limit: Rejected if the program had the processor for most of that time, so that the
  file itself is to blame; Transient if it waited for the machine instead;
- killed by a signal: Transient, for somebody stopped it or the machine ran out of memory;
- any other exit status but 0: ProgramFailed, a Defect unless the caller knows better.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubbing.errors import Defect, Rejected, Transient
from dubbing.model.audio import Audio

VIDEO_FORMATS = ("mov", "matroska", "mpegts", "avi", "flv", "asf", "mpeg")
AUDIO_FORMATS = ("wav", "flac", "mov", "mp3", "aac", "ogg", "matroska", "f32le")
SUBTITLE_FORMATS = ("srt", "webvtt")

MEMORY_LIMIT_BYTES = 4 << 30
_STDERR_KEPT_BYTES = 4096
_CHUNK_BYTES = 1 << 16
_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")
_OUT_OF_MEMORY = "Cannot allocate memory"
_FFMPEG_STOPPED = 255  # its exit status after SIGINT or SIGTERM
_BUSY_SHARE = 0.5  # of the time limit spent on the processor: then the file is to blame

Progress = Callable[[float], None]


class ProgramFailed(Defect):
    """A program ended with an exit status other than 0. `stderr` is the end of what it said."""

    def __init__(self, program: str, status: int, stderr: str) -> None:
        super().__init__(program, status, stderr)
        self.program = program
        self.status = status
        self.stderr = stderr

    def __str__(self) -> str:
        return f"{self.program} ended with status {self.status}: {self.stderr}"


@dataclass(frozen=True, slots=True)
class File:
    """A file to read, and the containers it may be. Nothing it refers to is ever opened."""

    path: Path
    formats: tuple[str, ...] = VIDEO_FORMATS
    options: tuple[str, ...] = ()  # ffmpeg's input options

    def arguments(self) -> list[str]:
        whitelists = ["-protocol_whitelist", "file", "-format_whitelist", ",".join(self.formats)]
        return [*whitelists, *self.options, "-i", _url(self.path)]


@dataclass(frozen=True, slots=True)
class Pcm:
    """Sound in memory to read."""

    audio: Audio

    def arguments(self) -> list[str]:
        layout = ["-ar", str(self.audio.rate_hz), "-ac", str(self.audio.channels)]
        whitelists = ["-protocol_whitelist", "pipe", "-format_whitelist", "f32le"]
        return [*whitelists, "-f", "f32le", *layout, "-i", "pipe:0"]

    def data(self) -> bytes:
        return self.audio.samples.astype("<f4", copy=False).tobytes()


Input = File | Pcm


def run(
    inputs: Sequence[Input],
    arguments: Sequence[str],
    target: Path,
    *,
    timeout_s: float,
    duration_ms: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Runs ffmpeg from `inputs` to the file `target`, which is replaced, or removed on failure.

    `arguments` are output options; they name the container by `-f`, since a target may have any
    name. The output is reproducible byte for byte. `progress` is told the share done, 0 to 1, of
    `duration_ms` of output. Raises as the module says.
    """
    reports = ["-progress", "pipe:1"] if progress is not None and duration_ms else []
    command = [*_ffmpeg(), *reports, *_inputs(inputs), *arguments, "-bitexact", "-y", _url(target)]
    report = (
        _ProgressReport(progress, duration_ms) if progress is not None and duration_ms else None
    )
    try:
        _run(command, stdin=_stdin(inputs), blame=_blame(inputs), timeout_s=timeout_s, hear=report)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def collect(inputs: Sequence[Input], arguments: Sequence[str], *, timeout_s: float) -> bytes:
    """Runs ffmpeg from `inputs` and returns its output. Raises as the module says."""
    command = [*_ffmpeg(), *_inputs(inputs), *arguments, "-bitexact", "pipe:1"]
    return _run(command, stdin=_stdin(inputs), blame=_blame(inputs), timeout_s=timeout_s)


def probe(file: File, arguments: Sequence[str], *, timeout_s: float) -> bytes:
    """What ffprobe says of a file, as JSON. Raises as the module says."""
    command = ["ffprobe", "-hide_banner", "-loglevel", "error", "-bitexact", "-of", "json"]
    return _run(
        [*command, *arguments, *file.arguments()], blame=str(file.path), timeout_s=timeout_s
    )


def espeak(text: str, *, voice: str, words_per_minute: int = 175, timeout_s: float = 60.0) -> bytes:
    """`text` spoken by espeak-ng's `voice`, as a WAV file: mono, 16 bits. Raises as the module says."""
    command = ["espeak-ng", "-b", "1", "-v", voice, "-s", str(words_per_minute), "--stdin"]
    wav = _run([*command, "--stdout"], stdin=text.encode(), timeout_s=timeout_s)
    # espeak-ng can't know the length when it writes the header to a pipe.
    header_bytes = 44
    if len(wav) < header_bytes or not wav.startswith(b"RIFF"):
        raise ProgramFailed("espeak-ng", 0, f"no sound for {text!r}")
    riff = struct.pack("<I", len(wav) - 8)
    data = struct.pack("<I", len(wav) - header_bytes)
    return wav[:4] + riff + wav[8:40] + data + wav[header_bytes:]


def disk_full(path: Path) -> Rejected:
    """The error for a file that could not be written for lack of room."""
    return Rejected(
        str(path),
        found="no space left on the disk",
        expected="room for the file that is written",
        remedy="Free some space on that disk, or choose an output folder on another.",
    )


def _ffmpeg() -> list[str]:
    return ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error"]


def _inputs(inputs: Sequence[Input]) -> list[str]:
    return [argument for one in inputs for argument in one.arguments()]


def _stdin(inputs: Sequence[Input]) -> bytes:
    return b"".join(one.data() for one in inputs if isinstance(one, Pcm))


def _blame(inputs: Sequence[Input]) -> str | None:
    return next((str(one.path) for one in inputs if isinstance(one, File)), None)


def _url(path: Path) -> str:
    # The prefix keeps ffmpeg from taking a colon in the name for a protocol.
    return f"file:{path.absolute()}"


class _ProgressReport:
    """Reads `-progress` as it comes, in pieces that end anywhere."""

    def __init__(self, progress: Progress, duration_ms: int) -> None:
        self._progress = progress
        self._duration_ms = duration_ms
        self._line = b""

    def __call__(self, piece: bytes) -> None:
        *lines, self._line = (self._line + piece).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            if key == b"out_time_us" and value.lstrip(b"-").isdigit():
                self._progress(min(1.0, max(0.0, int(value) / 1000 / self._duration_ms)))
            elif line == b"progress=end":
                self._progress(1.0)


def _run(
    command: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes = b"",
    blame: str | None = None,
    hear: Callable[[bytes], None] | None = None,
) -> bytes:
    """Runs a program under the limits. Returns its standard output, unless `hear` takes it."""
    program = command[0]
    for needed in ("setpriv", "prlimit", program):
        if shutil.which(needed) is None:
            raise Rejected(
                needed,
                found="no such program",
                expected="it to be installed and on the PATH",
                remedy="Install it: apt-get install ffmpeg espeak-ng util-linux.",
            )
    limits = ["setpriv", "--pdeathsig", "KILL", "prlimit", f"--as={MEMORY_LIMIT_BYTES}", "--"]
    # One arena a thread would count against the limit of memory on machines with many cores.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "4"}
    output: list[bytes] = []
    with subprocess.Popen(
        [*limits, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment,
    ) as process:
        try:
            stderr = _converse(process, stdin, hear or output.append, timeout_s)
            busy_s = _processor_seconds(process.pid) if stderr is None else 0.0
            if stderr is not None:
                process.wait()
        finally:
            process.kill()  # does nothing to a process that has been waited for
    if stderr is None:
        raise _time_out(program, blame, timeout_s, busy_s)
    # ffmpeg may go on without the packets that it had no memory for, and end with status 0.
    if process.returncode != 0 or _OUT_OF_MEMORY in stderr:
        raise _failure(program, process.returncode, stderr.strip(), blame, command[-1])
    return b"".join(output)


def _converse(
    process: subprocess.Popen[bytes],
    stdin: bytes,
    hear: Callable[[bytes], object],
    timeout_s: float,
) -> str | None:
    """Feeds and hears a process until it closes its outputs. The end of its stderr; None if late."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise Defect("a program must be started with three pipes")
    deadline = time.monotonic() + timeout_s
    left = memoryview(stdin)
    stderr = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        if left:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                return None
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = _feed(process.stdin.fileno(), left)
                    if not left:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                    continue
                piece = os.read(key.fd, _CHUNK_BYTES)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    hear(piece)
                else:
                    stderr = (stderr + piece)[-_STDERR_KEPT_BYTES:]
    # Addresses in memory tell the reader nothing, and differ from run to run.
    return _ADDRESS.sub("", stderr.decode("utf-8", "replace"))


def _feed(fd: int, left: memoryview) -> memoryview:
    """What is left of the input after one write; nothing once the program has stopped reading."""
    try:
        return left[os.write(fd, left[:_CHUNK_BYTES]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return memoryview(b"")  # its exit status tells why


def _time_out(program: str, blame: str | None, timeout_s: float, busy_s: float) -> Exception:
    if blame is not None and busy_s >= timeout_s * _BUSY_SHARE:
        return Rejected(
            blame,
            found=f"{program} was not done after {timeout_s:.0f} s of work",
            expected="a file that is read in a fraction of that",
            remedy="Export the file again; it may be damaged.",
        )
    return Transient(
        f"{program} was not done after {timeout_s:.0f} s, of which it had the processor for {busy_s:.0f} s"
    )


def _processor_seconds(pid: int) -> float:
    """User and system time of a running process, in s (fields 14 and 15 of proc(5)'s stat)."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _failure(
    program: str, status: int, stderr: str, blame: str | None, last_argument: str
) -> Exception:
    if "No space left on device" in stderr:
        return disk_full(Path(last_argument.removeprefix("file:")))
    if blame is not None and _OUT_OF_MEMORY in stderr:
        return Rejected(
            blame,
            found=f"{program} needs more than {MEMORY_LIMIT_BYTES >> 20} MiB of memory to read it",
            expected="an ordinary video or sound file",
            remedy="Export the file again; it may be damaged.",
        )
    if status < 0:
        return Transient(f"{program} was killed by signal {signal.Signals(-status).name}")
    if status == _FFMPEG_STOPPED:
        return Transient(f"{program} was told to stop by a signal")
    return ProgramFailed(program, status, stderr)
