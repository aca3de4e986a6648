"""The picture of an episode: a night sky, the people of the scene, their names, and what they say.

All of it is one ASS script over a gradient, drawn by ffmpeg's libass. Whoever speaks stands in the
light, and the Chinese subtitles are burned in, as mini-series have them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dubbing.demo.series import Hair, Person, Scene, Series
from dubbing.media import ffmpeg
from dubbing.model.audio import Audio
from dubbing.model.time import Span

WIDTH, HEIGHT = 720, 1280
FRAME_RATE = Fraction(25)
FONT = "WenQuanYi Micro Hei"

_TIMEOUT_S = 300.0
_SUBTITLE_Y = 800  # its lower edge: what lies below 65 % of the height is under the apps' buttons
_HORIZON_Y = 680
_LIT_EARLY_MS, _LIT_LATE_MS = 120, 200  # the light comes and goes with the voice

_HEADER = f"""[Script Info]
ScriptType: v4.00+
PlayResX: {WIDTH}
PlayResY: {HEIGHT}
WrapStyle: 2

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: shape,{FONT},40,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1
Style: text,{FONT},44,&H00FFFFFF,&H00FFFFFF,&H00101010,&H80000000,-1,0,0,0,100,100,1,0,1,3,1,2,0,0,0,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class Subtitle:
    speaker: str
    span: Span
    text: str


def render_episode(
    series: Series, scene: Scene, subtitles: Sequence[Subtitle], sound: Audio, target: Path
) -> None:
    """Writes an MP4 (H.264, AAC, 25 frames a second) as long as its sound. Raises as ffmpeg does."""
    stage, play = target.with_suffix(".stage.ass"), target.with_suffix(".play.ass")
    stage.write_text(_stage(series, scene), encoding="utf-8")
    play.write_text(_play(series, subtitles, sound.duration_ms), encoding="utf-8")
    frames = math.ceil(sound.duration_ms * FRAME_RATE / 1000)
    top, middle, bottom = scene.sky
    picture = (
        f"gradients=size={WIDTH}x{HEIGHT}:rate={FRAME_RATE}:duration=0.04:nb_colors=3:seed=1"
        f":c0=0x{top}:c1=0x{middle}:c2=0x{bottom}"
        f":x0={WIDTH // 2}:y0=0:x1={WIDTH // 2}:y1={_HORIZON_Y},"
        # What never moves is drawn once, and the one frame of it repeated.
        f"ass=filename={_escaped(stage)},format=yuv420p,loop=loop=-1:size=1,trim=end_frame={frames},"
        f"ass=filename={_escaped(play)}[picture]"
    )
    try:
        ffmpeg.run(
            [ffmpeg.Pcm(sound)],
            [
                *("-filter_complex", picture, "-map", "[picture]", "-map", "0:a"),
                *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
                *("-threads:v", "2", "-g", "50", "-c:a", "aac", "-b:a", "160k"),
                *("-movflags", "+faststart", "-f", "mp4"),
            ],
            target,
            timeout_s=_TIMEOUT_S,
        )
    finally:
        stage.unlink()
        play.unlink()


def _stage(series: Series, scene: Scene) -> str:
    """The ASS script of what is seen all the time: the city, the title, and people in the dark."""
    street = _rectangle(0, _HORIZON_Y + 30, WIDTH, HEIGHT)
    drawings = [
        _shape("FFF4D6", _circle(590, 150, 58), blur=10, alpha=0x10),
        *_city(scene.number),
        *(d for person, x in _places(series) for d in _figure(person, x, lit=False)),
        _shape("05070F", street, alpha=0x38),
        *_reflections(scene),
        _text(WIDTH // 2, 222, 34, f"第{scene.number}集  {scene.title}"),
        _text(WIDTH // 2, 298, 62, series.title),
    ]
    return _HEADER + "".join(_event(i, Span(0, 1000), d) for i, d in enumerate(drawings))


def _play(series: Series, subtitles: Sequence[Subtitle], duration_ms: int) -> str:
    """The ASS script of what comes and goes: who speaks stands in the light, and what they say."""
    events = []
    for subtitle in subtitles:
        for person, x in _places(series):
            if person.name == subtitle.speaker:
                span = Span(
                    max(0, subtitle.span.start_ms - _LIT_EARLY_MS),
                    min(duration_ms, subtitle.span.end_ms + _LIT_LATE_MS),
                )
                plate = rf"{{\3c&H{_bgr(person.colour)}&\bord7}}"
                name = _text(x, _HORIZON_Y + 16, 30, person.name, style=plate)
                events += [_event(0, span, d) for d in _figure(person, x, lit=True, fade_ms=120)]
                events.append(_event(1, span, name))
        words = r"\N".join(_wrapped(subtitle.text))
        events.append(_event(2, subtitle.span, _text(WIDTH // 2, _SUBTITLE_Y, 46, words)))
    return _HEADER + "".join(events)


def _places(series: Series) -> Iterator[tuple[Person, int]]:
    """Each person, and the middle of the place where they stand."""
    spacing = WIDTH / (len(series.characters) + 1)
    for index, person in enumerate(series.characters, 1):
        yield person, round(spacing * index)


def _wrapped(text: str) -> Iterator[str]:
    """At most 14 characters a line, which fills x 6 to 87 % of the width."""
    if len(text) <= 14:
        yield text
        return
    breaks = [i + 1 for i, character in enumerate(text[:-1]) if character in "，。！？、"]
    middle = min(breaks or [len(text) // 2], key=lambda at: abs(at - len(text) / 2))
    yield text[:middle]
    yield text[middle:]


def _figure(person: Person, x: int, *, lit: bool, fade_ms: int = 0) -> Iterator[str]:
    """A person from the head to the horizon, without a face: hair behind, clothes, neck, head, fringe."""
    y = 450

    def part(colour: str, path: str) -> str:
        return _shape(colour if lit else _in_the_dark(colour), path, fade_ms=fade_ms)

    if person.hair is Hair.LONG:
        ends = y + 150
        back = f"m {x - 74} {y} b {x - 80} {y - 104} {x + 80} {y - 104} {x + 74} {y} "
        back += f"l {x + 86} {ends} b {x + 40} {ends + 24} {x - 40} {ends + 24} {x - 86} {ends}"
        yield part(person.hair_colour, back)
    low = _HORIZON_Y + 30
    wide = 112 if person.hair is Hair.SHORT else 96
    body = f"m {x - wide} {low} b {x - wide} {y + 120} {x - 70} {y + 100} {x} {y + 92} "
    body += f"b {x + 70} {y + 100} {x + wide} {y + 120} {x + wide} {low}"
    yield part(person.colour, body)
    yield part("E3B595", _rectangle(x - 20, y + 40, x + 20, y + 104))
    yield part("F2CBAE", _ellipse(x, y, 56, 68))
    fringe = f"m {x - 60} {y + 4} b {x - 66} {y - 96} {x + 66} {y - 96} {x + 60} {y + 4} "
    fringe += f"b {x + 46} {y - 34} {x + 10} {y - 42} {x - 20} {y - 40} b {x - 44} {y - 36} {x - 54} {y - 20} {x - 60} {y + 4}"
    yield part(person.hair_colour, fringe)


def _city(seed: int) -> Iterator[str]:
    """Houses against the sky and their lit windows, each kind in one path."""
    rng = random.Random(seed)  # noqa: S311
    for colour, lowest, highest in (("1A1B3A", 430, 590), ("0E1024", 540, 650)):
        houses, windows = [], []
        x = -20
        while x < WIDTH:
            width, top = rng.randrange(60, 130), rng.randrange(lowest, highest)
            houses.append(_rectangle(x, top, x + width, _HORIZON_Y + 40))
            windows += [
                _rectangle(x + column, row, x + column + 9, row + 13)
                for row in range(top + 18, _HORIZON_Y - 20, 30)
                for column in range(14, width - 16, 24)
                if rng.random() < 0.3
            ]
            x += width + rng.randrange(0, 24)
        yield _shape(colour, " ".join(houses))
        yield _shape("FFD98A", " ".join(windows), alpha=0x60)


def _reflections(scene: Scene) -> Iterator[str]:
    """Lights out of focus on the wet street."""
    rng = random.Random(scene.number)  # noqa: S311
    for colour in ("FFD98A", "8FC7FF", "FF9E7A"):
        lights = [
            _circle(
                rng.randrange(40, WIDTH - 40),
                rng.randrange(900, 1240),
                rng.randrange(12, 38),
            )
            for _ in range(6)
        ]
        yield _shape(colour, " ".join(lights), blur=6, alpha=0xB0)


def _event(layer: int, span: Span, text: str) -> str:
    return f"Dialogue: {layer},{_clock(span.start_ms)},{_clock(span.end_ms)},shape,,0,0,0,,{text}\n"


def _shape(colour: str, path: str, *, blur: int = 0, alpha: int = 0, fade_ms: int = 0) -> str:
    fade = rf"\fad({fade_ms},{fade_ms})" if fade_ms else ""
    return rf"{{\pos(0,0)\1c&H{_bgr(colour)}&\1a&H{alpha:02X}&\blur{blur}{fade}\p1}}{path}{{\p0}}"


def _text(x: int, y: int, size: int, text: str, *, style: str = "") -> str:
    return rf"{{\rtext\an2\pos({x},{y})\fs{size}}}{style}{text}"


def _circle(x: int, y: int, radius: int) -> str:
    return _ellipse(x, y, radius, radius)


def _ellipse(x: int, y: int, across: int, down: int) -> str:
    """Four Bézier curves, each a quarter."""
    a, d = round(across * 0.5523), round(down * 0.5523)
    return (
        f"m {x - across} {y} b {x - across} {y - d} {x - a} {y - down} {x} {y - down} "
        f"b {x + a} {y - down} {x + across} {y - d} {x + across} {y} "
        f"b {x + across} {y + d} {x + a} {y + down} {x} {y + down} "
        f"b {x - a} {y + down} {x - across} {y + d} {x - across} {y}"
    )


def _rectangle(left: int, top: int, right: int, bottom: int) -> str:
    return f"m {left} {top} l {right} {top} l {right} {bottom} l {left} {bottom}"


def _in_the_dark(colour: str) -> str:
    """A colour as it looks by night: a third of it, in blue."""
    night = (18, 20, 46)
    parts = (
        int(colour[i : i + 2], 16) // 3 + dark for i, dark in zip((0, 2, 4), night, strict=True)
    )
    return "".join(f"{part:02X}" for part in parts)


def _bgr(colour: str) -> str:
    return colour[4:6] + colour[2:4] + colour[0:2]


def _clock(ms: int) -> str:
    """ASS counts centiseconds."""
    centiseconds = round(ms / 10)
    minutes, rest = divmod(centiseconds, 6000)
    return f"0:{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _escaped(path: Path) -> str:
    """A path as an option within a filtergraph, where it is unescaped twice."""
    text = str(path.absolute())
    for special in ("\\':", "\\'[],;"):
        text = "".join("\\" + c if c in special else c for c in text)
    return text
