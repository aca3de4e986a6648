"""How good a localized release is: heard, read and measured against what is known to be true.

An episode is made of the Mandarin clips beside the checkout, with music under them, and localized by the
embedded engines. Prints the figures; judges none of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from episodes import SPEECH_FOLDER, Episode, shares_right
from runs import TARGETS, Command, make_release, print_models_time, reports, speech_episode

from dubbing.engines.registry import Engines
from dubbing.formats import srt
from dubbing.formats.language_toml import load_language
from dubbing.media import sound
from dubbing.media.muxing import StreamKind, read_back
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Turn
from dubbing.model.time import Span
from dubbing.planning.config import configs_folder
from dubbing.subtitles.check import check

RATE = Fraction(25)
FRAMES_2_MS = 80


def main() -> None:
    if not SPEECH_FOLDER.is_dir():
        sys.exit(f"skipped: no human speech at {SPEECH_FOLDER}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        episode = speech_episode()
        release = make_release(folder / "release", episode)
        outcome = Command(folder / "cache").run(release, ",".join(TARGETS))
        print_models_time(f"{episode.audio.duration_ms / 1000:.0f} s into three languages", outcome)
        out = release / "localized"
        heard(out, episode)
        subtitles(out, episode)
        for language in TARGETS:
            dub(out, episode, language)
        container(out)


def heard(out: Path, episode: Episode) -> None:
    lines = reports(out, "en")[0]["lines"]
    said = "".join(_hanzi(line.text) for line in episode.lines)
    found = "".join(_hanzi(line["source_text"]) for line in lines)
    print(f"transcript: CER {jiwer.cer(said, found):.3f} over {len(said)} characters")
    turns = [Turn(line["speaker"], _span(line["utterance"])) for line in lines]
    print(
        f"speakers right: {100 * shares_right(episode.turns, turns):.1f} % of the time they speak"
    )


def subtitles(out: Path, episode: Episode) -> None:
    duration_ms = reports(out, TARGETS[0])[0]["duration_ms"]
    for language in ("zh", *TARGETS):
        track = srt.read(
            (out / f"ep01/{language}/ep01.{language}.srt").read_text("utf-8"), language
        )
        rules = load_language(configs_folder() / "languages", language).cues
        broken = check(track, rules, RATE, vertical=True, duration_ms=duration_ms)
        # Of each line, the cue nearest to its first sound.
        off = [
            min(abs(cue.span.start_ms - line.span.start_ms) for cue in track.cues)
            for line in episode.lines
        ]
        near = sum(ms <= FRAMES_2_MS for ms in off)
        kept = 100 * (1 - len({v.cue for v in broken}) / max(1, len(track.cues)))
        print(
            f"subtitles {language}: {len(track.cues)} cues, all rules kept by {kept:.0f} %; "
            f"{near} of {len(off)} lines shown within 2 frames of their first sound"
        )
        for violation in broken:
            print(f"  {violation}")


def dub(out: Path, episode: Episode, language: str) -> None:
    report = reports(out, language)[0]
    lines = report["lines"]
    file = out / f"ep01/{language}/ep01.{language}.m4a"
    kinds = Counter(line["fit"] for line in lines)
    starts = [abs(line["sounds"]["start_ms"] - line["utterance"]["start_ms"]) for line in lines]
    truth = [
        min(abs(line["sounds"]["start_ms"] - p.start_ms) for t in episode.lines for p in t.parts)
        for line in lines
    ]
    lufs, peak_dbfs = _ebur128(file)
    words = _words_heard(file, lines, language)
    print(f"dub {language}: {dict(kinds)}, overlap {100 * report['overlap']:.0f} %")
    print(
        f"  line starts: p50 {np.percentile(starts, 50):.0f} ms, p95 {np.percentile(starts, 95):.0f} ms "
        f"from their utterance; p50 {np.percentile(truth, 50):.0f} ms, "
        f"p95 {np.percentile(truth, 95):.0f} ms from the true sound"
    )
    print(f"  loudness by ffmpeg's meter: {lufs:.1f} LUFS, true peak {peak_dbfs:.1f} dBTP")
    print(f"  words heard back in the mix: WER {words:.3f}")
    decoded = sound.decode(file, 48_000)
    heard_ms = decoded.frames / 48
    print(
        f"  length: {heard_ms - report['duration_ms']:+.1f} ms from the picture's (a frame is 40)"
    )


def container(out: Path) -> None:
    for stream in read_back(out / "ep01" / "ep01.mp4"):
        if stream.kind is StreamKind.VIDEO:
            print(f"mux: picture {stream.duration_ms} ms, {stream.codec}")
        else:
            print(
                f"mux: {stream.kind.value:8} {stream.language} {stream.title!r}"
                f"{' default' if stream.default else ''}, {stream.duration_ms} ms"
            )


def _words_heard(file: Path, lines: list[dict[str, Any]], language: str) -> float:
    """The word errors of a transcriber that listens to the finished dub, line by line."""
    mixed = sound.decode(file, 48_000)
    mono = sound.resample(Audio.of_mono(mixed.mono(), 48_000), SPEECH_RATE_HZ)
    said, found = [], []
    with Engines() as engines, engines.transcriber("faster-whisper:base") as transcriber:
        for line in lines:
            span = _span(line["sounds"])
            if not _bare(line["spoken_text"]):
                continue
            padded = np.concatenate(
                [np.zeros(4800, np.float32), mono.cut(span).mono(), np.zeros(4800, np.float32)]
            )
            words = transcriber.transcribe(
                Audio.of_mono(padded, SPEECH_RATE_HZ), language.split("-")[0]
            ).words
            said.append(_bare(line["spoken_text"]))
            found.append(_bare(" ".join(word.text for word in words)))
    return float(jiwer.wer(said, found))


def _ebur128(file: Path) -> tuple[float, float]:
    printed = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", file, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    summary = printed[printed.rindex("Summary:") :]
    lufs, peak = (re.search(rf"{name}:\s+(-?[\d.]+)", summary) for name in ("I", "Peak"))
    assert lufs is not None
    assert peak is not None
    return float(lufs[1]), float(peak[1])


def _span(entry: dict[str, int]) -> Span:
    return Span(entry["start_ms"], entry["end_ms"])


def _hanzi(text: str) -> str:
    return re.sub(r"[^\u4e00-\u9fff]", "", text)


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


if __name__ == "__main__":
    main()
