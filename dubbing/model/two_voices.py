"""One speaker of the diarizer who is two people: lines at a man's pitch, and lines at a woman's.

People go up and down by some semitones from line to line, all through what lies between men and women; two
people leave a gap there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median

# Men speak at 85 to 155 Hz and women at 165 to 255 Hz (Titze, Principles of Voice Production).
_MAN_BELOW_HZ = 150.0
_WOMAN_ABOVE_HZ = 180.0
_FEWEST_LINES = 4  # with a pitch: of fewer nothing can be said
_FEWEST_OF_EACH = 2  # one line may be a shout, or a mistake of the measurement
_APART_OCTAVES = 0.5  # the medians of the two; what one person's moods differ by is less
_MOST_BETWEEN = 0.25  # the share of lines at neither's pitch


def of_the_other_voice(pitches_hz: Mapping[int, float]) -> tuple[int, ...]:
    """The lines of the one of two people who says less; empty where one person may say all.

    `pitches_hz` are the median pitches of one speaker's lines, by number; 0.0 where none was found.
    """
    known = {line: hz for line, hz in pitches_hz.items() if hz > 0.0}
    low = {line: hz for line, hz in known.items() if hz < _MAN_BELOW_HZ}
    high = {line: hz for line, hz in known.items() if hz > _WOMAN_ABOVE_HZ}
    if len(known) < _FEWEST_LINES or min(len(low), len(high)) < _FEWEST_OF_EACH:
        return ()
    apart = math.log2(median(high.values()) / median(low.values()))
    between = 1.0 - (len(low) + len(high)) / len(known)
    if apart < _APART_OCTAVES or between > _MOST_BETWEEN:
        return ()
    return tuple(sorted(low if len(low) < len(high) else high))
