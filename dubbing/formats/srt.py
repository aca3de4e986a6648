"""SubRip (.srt), written and read by pysrt."""

from __future__ import annotations

import io
import re

import pysrt

from dubbing.errors import Rejected
from dubbing.formats.subtitle_text import clean
from dubbing.model.cue import Cue, CueTrack
from dubbing.model.time import Span

# pysrt takes what is no number for zero; a cue at a wrong time is worse than none.
_MISTIMED = re.compile(
    r"^(?!\d+:\d\d:\d\d[,.]\d{1,3} *--> *\d+:\d\d:\d\d[,.]\d{1,3}).*\d+:.*-->.*$", re.M
)


def write(track: CueTrack) -> str:
    """A SubRip file: numbered from 1, lines ended by a newline."""
    items = pysrt.SubRipFile(
        items=[
            pysrt.SubRipItem(
                index=number,
                start=pysrt.SubRipTime.from_ordinal(cue.span.start_ms),
                end=pysrt.SubRipTime.from_ordinal(cue.span.end_ms),
                text="\n".join(filter(None, map(clean, cue.lines))),
            )
            for number, cue in enumerate(track.cues, start=1)
        ]
    )
    file = io.StringIO()
    items.write_into(file, eol="\n")
    return file.getvalue()


def read(text: str, language: str, where: str = "the subtitles") -> CueTrack:
    """The cues of a SubRip file, cleaned of markup; `where` names the file in errors.

    Raises Rejected for a cue whose timing can't be read.
    """
    normal = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    mistimed = _MISTIMED.search(normal)
    if mistimed:
        raise _rejected(where, mistimed[0])
    try:
        items = pysrt.SubRipFile.from_string(normal, error_handling=pysrt.SubRipFile.ERROR_RAISE)
        cues = [
            Cue(Span(item.start.ordinal, item.end.ordinal), lines)
            for item in items
            if (lines := tuple(filter(None, map(clean, item.text.split("\n")))))
        ]
    except (pysrt.Error, ValueError) as error:
        raise _rejected(where, str(error)) from error
    return CueTrack(language, tuple(sorted(cues, key=lambda cue: cue.span)))


def _rejected(where: str, found: str) -> Rejected:
    return Rejected(
        where,
        found=f"a cue that can't be read ({found})",
        expected="SubRip: a number, a line 00:00:01,000 --> 00:00:02,000, the text, an empty line",
        remedy="Mend the cue, or save the file again as SubRip (.srt) in UTF-8.",
    )
