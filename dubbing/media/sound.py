"""Sound files: WAV in and out, sample rates, AAC."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubbing.errors import Rejected
from dubbing.media import ffmpeg
from dubbing.media.probing import header_of, refuse_what_is_no_file, seconds
from dubbing.model.audio import Audio

_TIMEOUT_S = 300.0
_FULL_SCALE_16_BIT = 32768.0

FileVersion = tuple[int, int]


def version_of(path: Path) -> FileVersion:
    """What is another one once a file was exchanged: what was heard in it must be heard anew."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def read(path: Path) -> Audio:
    """A WAV file that this service wrote, at its own rate. Files from outside go to `decode`."""
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return Audio(samples, rate_hz)


def write(path: Path, audio: Audio) -> None:
    """Writes a 16-bit WAV file. What lies beyond full scale is clipped, never wrapped around.

    Raises Rejected if the disk is full.
    """
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, to_16_bit(audio), audio.rate_hz, format="WAV", subtype="PCM_16")
    try:
        path.write_bytes(file.getvalue())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            path.unlink(missing_ok=True)
            raise ffmpeg.disk_full(path) from None
        raise


def to_16_bit(audio: Audio) -> npt.NDArray[np.int16]:
    """The samples as int16 of shape (frames, channels), rounded, and clipped at full scale."""
    scaled = np.rint(audio.samples * np.float32(_FULL_SCALE_16_BIT))
    clipped = np.clip(scaled, -_FULL_SCALE_16_BIT, _FULL_SCALE_16_BIT - 1.0)
    return np.asarray(clipped, dtype=np.int16)


def parse_wav(data: bytes) -> Audio:
    """The sound of a WAV file in memory."""
    import soundfile

    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return Audio(samples, rate_hz)


def resample(audio: Audio, rate_hz: int) -> Audio:
    """The same sound at another rate, in place to the sample: float32 (round(frames * ratio), channels)."""
    import soxr

    if audio.rate_hz == rate_hz:
        return audio
    samples = soxr.resample(audio.samples, audio.rate_hz, rate_hz, quality="HQ")
    return Audio(np.ascontiguousarray(samples, dtype=np.float32), rate_hz)


def encode_aac(audio: Audio, target: Path, bitrate_bps: int = 192_000) -> None:
    """Writes AAC-LC in an MP4 container (.m4a), with an edit list that hides the encoder's delay.

    So it decodes to as many frames, in the same place. Raises Rejected if the disk is full.
    """
    arguments = ["-c:a", "aac", "-b:a", str(bitrate_bps), "-movflags", "+faststart"]
    # The clock that the length is written in; by default it ticks only once a ms.
    arguments += ["-movie_timescale", str(audio.rate_hz), "-f", "ipod"]
    ffmpeg.run([ffmpeg.Pcm(audio)], arguments, target, timeout_s=_TIMEOUT_S)


def decode(path: Path, rate_hz: int, *, channels: int | None = None) -> Audio:
    """The first sound of any sound file at `rate_hz`, with its own channels, or folded down to `channels`.

    Folding down never gets louder than full scale: all is turned down by the same, as ffmpeg does it in
    whole numbers. What an encoder added at both ends is cut off: what comes out of an .m4a is as long as what went
    in. Raises Rejected if the file can't be decoded.
    """
    refuse_what_is_no_file(path, expected="a sound file")
    source = ffmpeg.File(path, ffmpeg.AUDIO_FORMATS)
    arguments = ["-map", "0:a:0", "-ar", str(rate_hz), "-c:a", "pcm_f32le", "-f", "wav"]
    try:
        header = header_of(source)
        found = header.main("audio")
        if found is not None and channels is not None and found.channels > channels:
            arguments += ["-ac", str(channels), "-rematrix_maxval", "1.0"]
        audio = parse_wav(ffmpeg.collect([source], arguments, timeout_s=_TIMEOUT_S))
    except ffmpeg.ProgramFailed as failure:
        raise Rejected(
            str(path),
            found=f"a file that ffmpeg can't decode ({failure.stderr})",
            expected="a sound file: WAV, FLAC, M4A, MP3, AAC or OGG",
            remedy="Export the sound again, as WAV if in doubt.",
        ) from failure
    duration_s = seconds(found.duration) if found is not None else None
    if duration_s is None or "mp4" not in header.format.format_name:
        return audio
    # ffmpeg 5.1 decodes the last packet in full, beyond the end that the container declares.
    return Audio(audio.samples[: round(duration_s * rate_hz)], rate_hz)
