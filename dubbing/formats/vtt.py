"""WebVTT (.vtt), as the W3C defines it: plain cues, placed clear of the apps' buttons if need be."""

from __future__ import annotations

import html
import re

from dubbing.errors import Rejected
from dubbing.formats.subtitle_text import clean
from dubbing.model.cue import Cue, CueTrack
from dubbing.model.time import Span

# Where short-video apps leave a 9:16 picture free of buttons and captions, in percent of it.
SAFE_LEFT, SAFE_RIGHT = 6, 87
SAFE_TOP, SAFE_BOTTOM = 14, 65
# Players that follow the short side of the picture set text at 5 % of it; with its leading, a line of
# a 9:16 picture is this high, in percent of the height.
LINE_HEIGHT = 3.5

_TIMING = re.compile(
    r"(?:(\d+):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d+):)?([0-5]\d):([0-5]\d)\.(\d{3})(?:[ \t].*)?"
)
_TEXT_TAG = re.compile(r"<[^>]*>")


def write(track: CueTrack, *, vertical: bool = False) -> str:
    """A WebVTT file. In a vertical picture the cues lie in the safe area, their last line at its foot."""
    blocks = ["WEBVTT"]
    for number, cue in enumerate(track.cues, start=1):
        lines = list(filter(None, map(clean, cue.lines)))
        timing = f"{_clock(cue.span.start_ms)} --> {_clock(cue.span.end_ms)}"
        if vertical:
            timing += " " + safe_settings(len(lines))
        blocks.append(
            "\n".join([str(number), timing, *(html.escape(t, quote=False) for t in lines)])
        )
    return "\n\n".join(blocks) + "\n"


def safe_settings(lines: int) -> str:
    """The cue settings that put so many lines into the safe area of a vertical picture.

    The line position names the top of the text: few players know another alignment.
    """
    top = max(SAFE_TOP, round(SAFE_BOTTOM - lines * LINE_HEIGHT))
    middle = (SAFE_LEFT + SAFE_RIGHT) / 2
    return f"line:{top}% position:{middle:g}% size:{SAFE_RIGHT - SAFE_LEFT}% align:center"


def read(text: str, language: str, where: str = "the subtitles") -> CueTrack:
    """The cues of a WebVTT file, cleaned of markup; `where` names the file in errors.

    Settings, notes, styles and regions are passed over. Raises Rejected for a file that does not
    start with WEBVTT or a cue whose timing can't be read.
    """
    normal = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    blocks = re.split(r"\n{2,}", normal)
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", blocks[0]):
        raise _rejected(where, repr(blocks[0][:20]), "WEBVTT on the first line")
    # A cue may follow the header without an empty line between.
    header = blocks[0].split("\n")
    blocks[0] = "\n".join(header[1:]) if any("-->" in line for line in header) else ""
    cues = []
    for block in blocks:
        cue = _cue(block.strip("\n").split("\n"), where)
        if cue is not None:
            cues.append(cue)
    return CueTrack(language, tuple(sorted(cues, key=lambda cue: cue.span)))


def _cue(block: list[str], where: str) -> Cue | None:
    """The cue of a block, or None for a block of another kind."""
    at = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
    if at is None:
        return None
    timing = _TIMING.fullmatch(block[at].strip())
    if timing is None:
        raise _rejected(where, repr(block[at]), "a timing such as 00:00:01.000 --> 00:00:02.000")
    numbers = [int(part or 0) for part in timing.groups()]
    start_ms, end_ms = _ms(numbers[:4]), _ms(numbers[4:])
    if end_ms < start_ms:
        raise _rejected(where, repr(block[at]), "a cue that ends after its start")
    plain = (clean(html.unescape(_TEXT_TAG.sub("", line))) for line in block[at + 1 :])
    lines = tuple(filter(None, plain))
    return Cue(Span(start_ms, end_ms), lines) if lines else None


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"


def _ms(clock: list[int]) -> int:
    hours, minutes, seconds, ms = clock
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def _rejected(where: str, found: str, expected: str) -> Rejected:
    return Rejected(
        where,
        found=found,
        expected=expected,
        remedy="Mend the line, or save the file again as WebVTT (.vtt) in UTF-8.",
    )
