"""The command run on an episode whose truth is known, with the embedded engines and a cache of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile
from episodes import Episode, build, clips

TARGETS = ("en", "pt-BR", "es-419")


def speech_episode() -> Episode:
    """Every Mandarin clip of the speech folder, on a timeline with music."""
    return build(clips("zh"))


def make_release(folder: Path, episode: Episode, size: tuple[int, int] = (540, 960)) -> Path:
    """A release of one vertical episode, at 25 frames a second."""
    folder.mkdir(parents=True, exist_ok=True)
    wav = folder / "sound.wav"
    soundfile.write(wav, episode.audio.samples, episode.audio.rate_hz)
    seconds = episode.audio.frames / episode.audio.rate_hz
    picture = f"testsrc2=size={size[0]}x{size[1]}:rate=25:duration={seconds}"
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", picture, "-i", wav, "-c:v", "libx264",
         "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k", folder / "ep.mp4"],
        check=True,
    )  # fmt: skip
    wav.unlink()
    (folder / "release.json").write_text(
        json.dumps(
            {
                "schema": 1,
                "release": "bench",
                "source_language": "zh",
                "episodes": [{"number": 1, "video": "ep.mp4"}],
            }
        )
    )
    return folder


@dataclass(frozen=True)
class Command:
    """`dub` with its own store; models are taken from the user's cache, where they are put together once."""

    cache: Path

    def __call__(self, *arguments: object) -> str:
        models = (
            Path(os.environ.get("DUBBING_CACHE", Path.home() / ".cache" / "dubbing")) / "models"
        )
        models.mkdir(parents=True, exist_ok=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        if not (self.cache / "models").exists():
            (self.cache / "models").symlink_to(models)
        done = subprocess.run(
            [sys.executable, "-m", "dubbing", *map(str, arguments)],
            env={**os.environ, "DUBBING_CACHE": str(self.cache)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def run(self, release: Path, languages: str, *arguments: object) -> dict[str, Any]:
        started = time.perf_counter()
        outcome = json.loads(self("run", release, "--to", languages, "--json", *arguments))
        outcome["wall_s"] = time.perf_counter() - started
        return dict(outcome)


def reports(out: Path, language: str) -> list[dict[str, Any]]:
    return [json.loads(p.read_text()) for p in sorted(out.glob(f"ep*/{language}/report.json"))]


def print_models_time(what: str, outcome: dict[str, Any]) -> None:
    """A run's wall time against the time that its models took, and each model's share."""
    models_s = sum(usage["busy_s"] + usage["load_s"] for usage in outcome["engines"].values())
    print(
        f"{what}: {outcome['wall_s']:.1f} s for {models_s:.1f} s of models at work, "
        f"ratio {outcome['wall_s'] / models_s:.2f}"
    )
    for name, usage in sorted(outcome["engines"].items()):
        print(
            f"  {name}: load {usage['load_s']:.1f} s, at work {usage['busy_s']:.1f} s in {usage['calls']} calls"
        )
