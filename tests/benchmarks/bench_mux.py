"""How long the mux of a release takes against ffmpeg's bare stream copy.

Twice: against a copy of the video alone, and against a copy of the same tracks into one file. The first
holds the cost of the tracks themselves, which ffmpeg pays packet by packet; the second shows ours.

Run it alone: python tests/benchmarks/bench_mux.py [--seconds 60] [--repeats 7]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dubbing.media import sound
from dubbing.media.inspecting import probe
from dubbing.media.muxing import Label, Track, check, mux
from dubbing.model.audio import MASTER_RATE_HZ, Audio

GOAL = 1.2
LABELS = [
    Label("eng", "English"),
    Label("por", "Português (Brasil)"),
    Label("spa", "Español (Latinoamérica)"),
]
ORIGINAL = Label("zho", "Original")


def make_source(folder: Path, seconds: int) -> Path:
    """A vertical 1080p video at the bitrate of a mini-series: about 6 Mbit/s and stereo AAC."""
    video = folder / "source.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i"),
            f"testsrc2=size=1080x1920:rate=30:duration={seconds},noise=alls=12:allf=t",
            *("-f", "lavfi", "-i", f"anoisesrc=duration={seconds}:amplitude=0.1:sample_rate=48000"),
            *(
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-b:v",
                "6M",
                "-maxrate",
                "6M",
                "-bufsize",
                "6M",
            ),
            *("-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-b:a", "192k", str(video)),
        ],
        check=True,
    )
    return video


def make_tracks(folder: Path, frames: int) -> tuple[list[Track], list[Track]]:
    rng = np.random.default_rng(0)
    dubs, subtitles = [], []
    for label in LABELS:
        noise = rng.uniform(-0.1, 0.1, (frames, 2)).astype(np.float32)
        m4a = folder / f"{label.language}.m4a"
        sound.encode_aac(Audio(noise, MASTER_RATE_HZ), m4a)
        srt = folder / f"{label.language}.srt"
        cues = [
            f"{n + 1}\n00:00:{2 * n:02d},000 --> 00:00:{2 * n + 1:02d},500\nLine {n + 1}\n"
            for n in range(frames // MASTER_RATE_HZ // 2)
        ]
        srt.write_text("\n".join(cues), "utf-8")
        dubs.append(Track(m4a, label))
        subtitles.append(Track(srt, label))
    return dubs, subtitles


def timed_s(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = make_source(folder, options.seconds)
        info = probe(video)
        dubs, subtitles = make_tracks(folder, info.duration_ms * MASTER_RATE_HZ // 1000)
        out = folder / "out.mp4"

        def bare(count: int) -> Callable[[], object]:
            command: list[str] = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(video)]
            for track in [*dubs[:count], *subtitles[:count]]:
                command += ["-i", str(track.file)]
            for number in range(2 * count + 1):
                command += ["-map", str(number)]
            command += ["-c", "copy", "-c:s", "mov_text", str(folder / "bare.mp4")]
            return lambda: subprocess.run(command, check=True)

        def full(count: int) -> Callable[[], object]:
            return lambda: mux(
                video, out, info, original=ORIGINAL, audio=dubs[:count], subtitles=subtitles[:count]
            )

        counts = (0, 1, len(LABELS))
        works = {("bare", count): bare(count) for count in counts}
        works |= {("mux", count): full(count) for count in counts}
        times_s: dict[tuple[str, int], list[float]] = {work: [] for work in works}
        for _ in range(options.repeats):  # in turn, so that a busy machine is unfair to none
            for work, run in works.items():
                times_s[work].append(timed_s(run))
        check(out, info, original=ORIGINAL, audio=LABELS, subtitles=LABELS)
        size_mb = video.stat().st_size / 1e6
        print(
            f"mux of {info.width}x{info.height}, {info.duration_ms / 1000:.0f} s, {size_mb:.0f} MB"
        )
        median_s = {work: statistics.median(each) for work, each in times_s.items()}
        for count in counts:
            mux_s, bare_s = median_s["mux", count], median_s["bare", count]
            print(
                f"  {count} languages: {mux_s:.3f} s, "
                f"{mux_s / bare_s:.2f} of a bare copy of the same tracks ({bare_s:.3f} s; goal {GOAL}), "
                f"{mux_s / median_s['bare', 0]:.2f} of a bare copy of the video alone"
            )


if __name__ == "__main__":
    main()
