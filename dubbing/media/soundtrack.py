"""The soundtrack of a video, in step with its picture."""

from __future__ import annotations

from pathlib import Path

from dubbing.errors import Rejected
from dubbing.media import ffmpeg, sound
from dubbing.media.channels import in_phase
from dubbing.media.clocks import on_its_own_clock, opened
from dubbing.model.audio import MASTER_RATE_HZ
from dubbing.model.episode import MAX_EPISODE_MS, MediaInfo
from dubbing.model.time import ms_to_samples, ms_to_seconds

_LEAST_TIMEOUT_S = 60.0
_LEAST_TAIL_MS = 200  # of sound after the picture: encoders pad less than that


def extract_audio(
    video: Path, target: Path, info: MediaInfo, *, progress: ffmpeg.Progress | None = None
) -> None:
    """Writes the soundtrack as a 16-bit stereo WAV file at 48 kHz, in step with the picture.

    Sample 0 is picture time 0, and there are as many samples as `info.duration_ms` takes: silence
    stands for sound that begins late, ends early or is missing in between. More channels than two are
    folded down; a channel of opposite polarity is turned over. Raises Rejected if the sound can't be decoded.
    """
    frames = ms_to_samples(info.duration_ms, MASTER_RATE_HZ)
    _decode(video, target, info, f"apad=whole_len={frames},atrim=end_sample={frames}", progress)


def extract_tail(video: Path, target: Path, info: MediaInfo) -> bool:
    """Writes what sounds after the picture's end, likewise. False where nothing does, and nothing is written.

    No more is read than an episode is long. Raises Rejected as `extract_audio` does.
    """
    if info.sound_span_ms[1] < info.duration_ms + _LEAST_TAIL_MS:
        return False
    start = ms_to_samples(info.duration_ms, MASTER_RATE_HZ)
    end = start + ms_to_samples(MAX_EPISODE_MS, MASTER_RATE_HZ)
    _decode(video, target, info, f"atrim=start_sample={start}:end_sample={end},asetpts=N/SR/TB")
    return True


def _decode(
    video: Path,
    target: Path,
    info: MediaInfo,
    part: str,
    progress: ffmpeg.Progress | None = None,
) -> None:
    """Writes a part of the sound, which the filter `part` takes from all of it on the picture's clock."""
    filters = (
        # The option -itsoffset is not used: in MPEG-TS it is undone if the picture is not mapped.
        f"asetpts=PTS-({float(info.picture_start_s):.6f})/TB,"
        f"aresample={MASTER_RATE_HZ}:async=1:first_pts=0,"
        f"aformat=sample_fmts=s16:channel_layouts=stereo,{part}"
    )
    options = ["-map", f"0:{info.sound_stream}", "-af", filters, "-c:a", "pcm_s16le", "-f", "wav"]
    try:
        with opened(video, info) as file:
            ffmpeg.run(
                [on_its_own_clock(file)],
                options,
                target,
                timeout_s=_LEAST_TIMEOUT_S + 2.0 * ms_to_seconds(info.duration_ms),
                duration_ms=info.duration_ms,
                progress=progress,
            )
    except ffmpeg.ProgramFailed as failure:
        raise Rejected(
            str(video),
            found=f"sound that can't be decoded ({failure.stderr})",
            expected=f"{info.audio_codec} sound that plays",
            remedy="Export the video again, with AAC sound.",
        ) from failure
    heard = sound.read(target)
    turned = in_phase(heard)
    if turned is not heard:
        sound.write(target, turned)
