"""Whether corrections still fit the lines that people made them for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dubbing.errors import Rejected
from dubbing.model.job import LineCorrection, same_words


def refuse_unfit(
    lines: Mapping[int, str], corrections: Iterable[LineCorrection], label: str
) -> None:
    """`lines` are what lines say without these corrections, by number.

    Raises Rejected for corrections of lines that say something else now, and of lines that aren't there.
    """
    corrections = tuple(corrections)
    moved = [
        c for c in corrections if c.was is not None and not same_words(c.was, lines.get(c.line, ""))
    ]
    if moved:
        found = "; ".join(
            f"line {c.line}, which said {c.was!r} and says {lines.get(c.line, 'nothing')!r} now"
            for c in moved
        )
        raise Rejected(
            f"corrections of {label}",
            found=found,
            expected="lines that say what they said when they were corrected",
            remedy="The video, or what hears it, has changed. Take each of these back (dub edit RELEASE "
            f"--episode {moved[0].episode} --line {moved[0].line} --undo), and make it anew for the line it is of.",
        )
    for correction in corrections:
        if correction.line not in lines:
            raise Rejected(
                f"correction of {label}, line {correction.line}",
                found="no such line in the transcript",
                expected=f"a line from 1 to {max(lines, default=0)}",
                remedy="Look the line up in the report, and correct its number.",
            )
