"""Every kind of media file (`make_media.py`), probed and localized with the engines without models.

Each is localized in step with its picture, to a frame, or refused by the probe. Exits with 1 if any is not.
Run it from the root of the checkout: python tests/benchmarks/bench_media.py [PART OF A NAME | N/M]...
where 1/2 stands for the first of every two kinds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import make_media
import numpy as np
from make_media import Kind

from dubbing import assembly
from dubbing.assembly import Order
from dubbing.errors import Rejected
from dubbing.model.report import EpisodeReport
from dubbing.planning.orders import Wishes
from dubbing.stages.probe import examined
from dubbing.store.artifacts import read_json

_FADE_MS = 25  # of the tones' measurement: a step of 10 ms, and what a codec smears


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    kind: Kind
    outcome: str  # localized, refused, or what is wrong
    seconds: float
    detail: str = ""

    @property
    def right(self) -> bool:
        expected = {True: ("refused",), False: ("localized",), None: ("localized", "refused")}
        return self.outcome in expected[self.kind.refused]


def tried(kind: Kind, folder: Path) -> Result:
    """Makes a file in the folder, and localizes it into English, dub and subtitles."""
    video = make_media.make(kind, folder)
    started = time.perf_counter()
    try:
        try:
            found = examined(video, "zh")
        except Rejected as refusal:
            return Result(kind, "refused", time.perf_counter() - started, refusal.found)
        done = assembly.localize(Order(video, Wishes(("en",), profile="fake"), out=folder / "out"))
        seconds = time.perf_counter() - started
        for node, error in done.outcome.failures:
            return Result(kind, f"{node.stage} fails", seconds, str(error))
        wrong = out_of_step(kind, video, folder / "out", 1000 / float(found.frame_rate))
        return Result(kind, wrong or "localized", seconds, " ".join(found.notes))
    except Exception:  # noqa: BLE001 - whatever it is, it is what this looks for
        return Result(
            kind, "traceback", time.perf_counter() - started, traceback.format_exc()[-300:]
        )


def out_of_step(kind: Kind, source: Path, out: Path, frame_ms: float) -> str:
    """What is wrong with the localized episode; empty if nothing is."""
    (video,) = out.glob("*/*.mp4")
    flashes, tones = flashes_ms(video), tones_ms(video, "a:0")
    if not flashes:
        return "" if not kind.whole else "no flash is seen"
    if kind.whole and (lost := frames(source) - frames(video)):
        return f"{lost} frames are lost"
    (report,) = out.glob("*/en/report.json")
    lines = [line.utterance.start_ms for line in read_json(report, EpisodeReport).lines]
    dub = tones_ms(video, "a:1")
    late_ms = kind.sound_late_ms
    for name, found in (("the original", tones), ("the transcript", lines), ("the dub", dub)):
        # A tone that begins before the picture is heard from its start on.
        apart = [
            min((found_ms - flash - late_ms for found_ms in found if found_ms > 40), key=abs)
            for flash in flashes
            if any(found_ms > 40 for found_ms in found)
        ]
        early, late = -frame_ms - _FADE_MS, frame_ms + _FADE_MS + kind.delay_ms
        within = [early <= one <= late for one in apart]
        # Of sound that ends early, later tones are missing; of damaged sound, any. What there is must be in step.
        enough = within.count(True) >= max(1, len(within) // 2) if kind.whole else any(within)
        if not enough or (kind.whole and not within[0]):
            near = ", ".join(f"{one:.0f}" for one in apart)
            return f"{name} is {near or 'nowhere near'} ms off"
    return ""


def frames(video: Path) -> int:
    """How many frames a player shows."""
    said = _run("ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries", "packet=flags", "-of", "csv=p=0", video)  # fmt: skip
    return sum(1 for line in said.splitlines() if line.strip() and "D" not in line)


def flashes_ms(video: Path) -> list[float]:
    """When the picture turns white, in ms since its first frame."""
    filters = "scale=8:8,format=gray,showinfo"
    said = subprocess.run(
        ["ffmpeg", "-nostats", "-i", video, "-map", "0:V:0", "-vf", filters, "-vsync", "passthrough", "-f", "null", "-"],
        capture_output=True, text=True, check=True, errors="replace",
    ).stderr  # fmt: skip
    seen = [
        (float(t), float(m)) for t, m in re.findall(r"pts_time:\s*([-\d.]+).*?mean:\[(\d+)", said)
    ]
    starts = []
    for (_, before), (at, mean) in pairwise(seen):
        if before < 100 <= mean:
            starts.append(at * 1000)
    return starts


def tones_ms(video: Path, stream: str) -> list[float]:
    """When sound begins after a pause, in ms on the file's clock: on the left, lest two channels cancel out."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", video, "-map", f"0:{stream}", "-ar", "8000",
         "-af", "aresample=async=1:first_pts=0,aformat=channel_layouts=stereo,pan=mono|c0=c0",
         "-f", "f32le", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    samples = np.frombuffer(raw, dtype=np.float32)
    step = 80  # 10 ms
    levels = np.sqrt((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(axis=1))
    if not len(levels) or levels.max() < 1e-3:
        return []
    loud = np.flatnonzero(levels > 0.3 * levels.max())
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-100) > 20)]
    return [float(start * 10) for start in starts]


def _run(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout


def main(names: list[str]) -> int:
    kinds = make_media.kinds()
    if names and (share := re.fullmatch(r"(\d+)/(\d+)", names[0])):
        kinds = kinds[int(share[1]) - 1 :: int(share[2])]
    elif names:
        kinds = [kind for kind in kinds if any(name in kind.name for name in names)]
    results = []
    with tempfile.TemporaryDirectory() as root:
        for number, kind in enumerate(kinds):
            os.environ["DUBBING_CACHE"] = str(Path(root) / "cache")
            result = tried(kind, Path(root) / f"{number:03d}")
            results.append(result)
            mark = " " if result.right else "!"
            detail = " ".join(result.detail.split())[:150]
            print(
                f"{mark} {kind.name:34} {result.outcome:24} {result.seconds:5.1f} s  {detail}",
                flush=True,
            )
    wrong = [result for result in results if not result.right]
    refused = [result.seconds for result in results if result.outcome == "refused"]
    localized = sum(result.outcome == "localized" for result in results)
    print(
        f"{len(results)} files: {localized} localized in step, {len(refused)} refused by the probe "
        f"(after {max(refused, default=0.0):.1f} s at most), {len(wrong)} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
