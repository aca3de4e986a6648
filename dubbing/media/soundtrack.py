"""The soundtrack of a video, in step with its picture."""

from __future__ import annotations

from pathlib import Path

from dubbing.errors import Rejected
from dubbing.media import ffmpeg, sound
from dubbing.media.channels import in_phase
from dubbing.media.clocks import on_its_own_clock, opened
from dubbing.model.audio import MASTER_RATE_HZ
from dubbing.model.episode import MediaInfo
from dubbing.model.time import ms_to_samples, ms_to_seconds

_LEAST_TIMEOUT_S = 60.0


def extract_audio(
    video: Path, target: Path, info: MediaInfo, *, progress: ffmpeg.Progress | None = None
) -> None:
    """Writes the soundtrack as a 16-bit stereo WAV file at 48 kHz, in step with the picture.

    Sample 0 is picture time 0, and there are as many samples as `info.duration_ms` takes: silence
    stands for sound that begins late, ends early or is missing in between. More channels than two are
    folded down; a channel of opposite polarity is turned over. Raises Rejected if the sound can't be decoded.
    """
    frames = ms_to_samples(info.duration_ms, MASTER_RATE_HZ)
    filters = (
        # The option -itsoffset is not used: in MPEG-TS it is undone if the picture is not mapped.
        f"asetpts=PTS-({float(info.picture_start_s):.6f})/TB,"
        f"aresample={MASTER_RATE_HZ}:async=1:first_pts=0,"
        f"aformat=sample_fmts=s16:channel_layouts=stereo,apad=whole_len={frames},"
        f"atrim=end_sample={frames}"
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
