"""Writes the cues of `unit/golden_captions.toml` anew, from the lines that people wrote there.

Run it after a change that is meant to break lines otherwise, and read the difference as a viewer would:

    .venv/bin/python tests/make_goldens.py && git diff tests/unit/golden_captions.toml
"""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import tomlkit

from dubbing.formats.language_toml import load_language
from dubbing.model.speech import Line
from dubbing.model.time import Span
from dubbing.subtitles.check import check
from dubbing.subtitles.cues import build_cues

GOLDENS = Path(__file__).parent / "unit" / "golden_captions.toml"
CONFIGS = Path(__file__).parents[1] / "configs" / "languages"
RATE = Fraction(25)
AFTER_MS = 2000  # how long the picture goes on after the last line


def captions(scene: dict[str, Any], *, vertical: bool) -> tuple[list[str], list[str]]:
    """The cues of a scene as `start-end | line / line`, and the rules that they break."""
    language = load_language(CONFIGS, scene["language"])
    lines = []
    for number, written in enumerate(scene["lines"], start=1):
        times, speaker, text = (part.strip() for part in written.split("|"))
        start_ms, end_ms = map(int, times.split("-"))
        lines.append(Line(number, speaker, Span(start_ms, end_ms), "", text, ()))
    duration_ms = max(line.span.end_ms for line in lines) + AFTER_MS
    track = build_cues(
        lines,
        language,
        RATE,
        vertical=vertical,
        duration_ms=duration_ms,
        protected=scene.get("names", ()),
    )
    problems = check(track, language.cues, RATE, vertical=vertical, duration_ms=duration_ms)
    cues = [f"{c.span.start_ms}-{c.span.end_ms} | {' / '.join(c.lines)}" for c in track.cues]
    return cues, [str(problem) for problem in problems]


def main() -> None:
    document = tomlkit.parse(GOLDENS.read_text("utf-8"))
    for scene, plain in zip(
        document["scene"],  # type: ignore[arg-type]
        tomllib.loads(GOLDENS.read_text("utf-8"))["scene"],
        strict=True,
    ):
        for kind in ("vertical", "landscape"):
            cues, problems = captions(plain, vertical=kind == "vertical")
            scene[kind] = tomlkit.array(cues).multiline(True)  # type: ignore[arg-type]
            scene[kind + "_problems"] = tomlkit.array(problems).multiline(bool(problems))  # type: ignore[arg-type]
    GOLDENS.write_text(tomlkit.dumps(document), "utf-8")


if __name__ == "__main__":
    main()
