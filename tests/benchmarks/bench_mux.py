"""How long the mux of a release takes against ffmpeg's bare stream copy of the same video.

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
from dubbing.media.container import Label, Track, check, mux, probe
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

        def bare(*arguments: str) -> Callable[[], object]:
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(video), "-c", "copy"]
            return lambda: subprocess.run(
                [*command, *arguments, str(folder / "bare.mp4")], check=True
            )

        def tracks(count: int) -> Callable[[], object]:
            return lambda: mux(
                video, out, info, original=ORIGINAL, audio=dubs[:count], subtitles=subtitles[:count]
            )

        works = {
            "bare copy": bare(),
            "bare copy, index first": bare("-movflags", "+faststart"),
            "mux, no language": tracks(0),
            "mux, 1 language": tracks(1),
            "mux, 3 languages": tracks(3),
        }
        times_s: dict[str, list[float]] = {work: [] for work in works}
        for _ in range(options.repeats):  # in turn, so that a busy machine is unfair to none
            for work, run in works.items():
                times_s[work].append(timed_s(run))
        check(out, info, original=ORIGINAL, audio=LABELS, subtitles=LABELS)
        size_mb = video.stat().st_size / 1e6
        print(
            f"mux of {info.width}x{info.height}, {info.duration_ms / 1000:.0f} s, {size_mb:.0f} MB"
        )
        base_s = statistics.median(times_s["bare copy"])
        for work, each_s in times_s.items():
            median_s = statistics.median(each_s)
            print(
                f"  {work:24} median {median_s:.3f} s (best {min(each_s):.3f}), {median_s / base_s:.2f} of a bare copy"
            )
        print(f"  goal: at most {GOAL}")


if __name__ == "__main__":
    main()
