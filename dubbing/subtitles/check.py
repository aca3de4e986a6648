"""Which rules a subtitle track breaks. Knows nothing of how tracks are built: it reads what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from dubbing.formats.subtitle_text import clean, columns
from dubbing.model.cue import Cue, CueRules, CueTrack
from dubbing.model.speech import Line, Utterance
from dubbing.model.time import ms_to_frame


class Rule(StrEnum):
    EMPTY = "a cue without text"
    MARKUP = "markup or control characters in the text"
    LINES = "too many lines"
    LINE_LENGTH = "a line too long"
    READING_SPEED = "faster than can be read"
    SHORTEST = "shown too briefly"
    LONGEST = "shown too long"
    ORDER = "before the end of the cue before it"
    GAP = "too close to the cue before it, but not closed up"
    END = "after the end of the picture"
    BREAK = "a line that ends with a word bound to the next"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken by one cue."""

    rule: Rule
    cue: int  # its number, from 1
    found: str  # with its unit
    allowed: str

    def __str__(self) -> str:
        return f"cue {self.cue}: {self.rule} ({self.found}, allowed: {self.allowed})"


def cue_of(problem: str) -> int:
    """The number of the cue that the text of a violation names."""
    return int(problem.removeprefix("cue ").partition(":")[0])


def check(
    track: CueTrack, rules: CueRules, frame_rate: Fraction, *, vertical: bool, duration_ms: int
) -> list[Violation]:
    """All violations of the rules by a track of an episode `duration_ms` long, in order of cues."""
    found: list[Violation] = []
    for number, cue in enumerate(track.cues, start=1):
        found += _check_text(number, cue, rules, vertical=vertical)
        found += _check_time(number, cue, rules, duration_ms)
    for number, (before, cue) in enumerate(pairwise(track.cues), start=2):
        gap_ms = cue.span.start_ms - before.span.end_ms
        gap = ms_to_frame(abs(gap_ms), frame_rate)
        allowed = f"{rules.gap_frames} frames, or at least {rules.free_gap_frames}"
        if gap_ms < 0:
            found.append(Violation(Rule.ORDER, number, f"{gap_ms} ms", allowed))
        elif gap != rules.gap_frames and gap < rules.free_gap_frames:
            found.append(Violation(Rule.GAP, number, f"{gap} frames", allowed))
    return sorted(found, key=lambda violation: violation.cue)


def start_errors_ms(track: CueTrack, texts: Sequence[Utterance | Line]) -> list[int]:
    """How late each cue starts against the speech it shows first; negative if early.

    Only cues that an utterance starts in are counted: when the rest of it is said is not known.
    """
    starts = {text.number: text.span.start_ms for text in texts}
    seen: set[int] = set()
    errors = []
    for cue in track.cues:
        new = [starts[number] for number in cue.utterances if number not in seen]
        if new and not seen.intersection(cue.utterances):
            errors.append(cue.span.start_ms - min(new))
        seen.update(cue.utterances)
    return errors


def _check_text(number: int, cue: Cue, rules: CueRules, *, vertical: bool) -> Iterable[Violation]:
    room = rules.columns_per_line(vertical=vertical)
    if not cue.lines or not all(text.strip() for text in cue.lines):
        yield Violation(Rule.EMPTY, number, repr(cue.text), "text in every line")
    if len(cue.lines) > rules.lines:
        yield Violation(Rule.LINES, number, f"{len(cue.lines)} lines", f"{rules.lines} lines")
    for text in cue.lines:
        if clean(text) != text:
            yield Violation(Rule.MARKUP, number, repr(text), "plain text")
        if columns(text) > room:
            yield Violation(Rule.LINE_LENGTH, number, f"{columns(text)} columns", f"{room} columns")
    bound = {word.casefold() for word in rules.bound_to_next}
    for text in cue.lines[:-1] if rules.spaces else ():
        last = text.split()[-1:] if text else []
        if last and last[0].casefold() in bound:
            yield Violation(Rule.BREAK, number, repr(last[0]), "with the word it belongs to")


def _check_time(number: int, cue: Cue, rules: CueRules, duration_ms: int) -> Iterable[Violation]:
    shown_ms = cue.span.duration_ms
    width = sum(columns(text) for text in cue.lines)
    speed_cps = width / rules.columns_per_char * 1000 / max(1, shown_ms)
    if speed_cps > rules.reading_speed_cps:
        allowed = f"{rules.reading_speed_cps:g} characters a second"
        yield Violation(Rule.READING_SPEED, number, f"{speed_cps:.1f} characters a second", allowed)
    if shown_ms < rules.shortest_ms:
        yield Violation(Rule.SHORTEST, number, f"{shown_ms} ms", f"{rules.shortest_ms} ms")
    if shown_ms > rules.longest_ms:
        yield Violation(Rule.LONGEST, number, f"{shown_ms} ms", f"{rules.longest_ms} ms")
    if cue.span.end_ms > duration_ms:
        yield Violation(Rule.END, number, f"{cue.span.end_ms} ms", f"{duration_ms} ms")
