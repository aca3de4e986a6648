"""Subtitles: one event, all the events of a language, and the rules that they keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dubbing.model.time import Span


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle event: shown over `span`, as at most two `lines` of plain text."""

    span: Span
    lines: tuple[str, ...]
    utterances: tuple[int, ...] = ()  # the numbers of the utterances that it shows

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class CueTrack:
    """All cues of one episode in one language, in order, none overlapping another."""

    language: str  # BCP-47
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class CueRules:
    """What a language's readers expect of subtitles. Read from `configs/languages/<tag>.toml`.

    Widths are held in columns, the room of one Latin letter: combining marks take none, a full-width
    character takes two. A language written in full-width characters counts those
    (`columns_per_char = 2`), so that 16 Chinese characters are 32 columns, and a Latin letter or a
    space among them is half a character. The figures follow the published timed-text style guides of
    the large streaming services, and for vertical pictures the safe areas of the short-video apps.
    """

    chars_per_line: int
    reading_speed_cps: float  # the characters of all lines over the time shown, at most
    vertical_columns_per_line: int = (
        32  # in a 9:16 picture: 32 Latin letters or 16 Chinese characters
    )
    columns_per_char: int = 1
    lines: int = 2
    shortest_ms: int = 833  # 20 frames of film: what the eye needs to notice a text at all
    longest_ms: int = 7000  # a text shown longer is read twice
    gap_frames: int = 2  # between two cues, so that the eye sees the change
    free_gap_frames: int = 12  # a gap shorter than this flickers, and is closed to `gap_frames`
    spaces: bool = True  # whether words are written apart
    segmenter: str = ""  # where they are not: the BudouX model that finds them
    capitals_are_names: bool = True  # whether two capitalized words in a row are likely one name
    dialogue_dash: str = "-"  # before each line of a cue that two speakers share
    dropped_at_line_end: str = ""  # punctuation that the end of a line stands for
    conjunctions: tuple[str, ...] = ()  # a line should rather break before one of these
    prepositions: tuple[str, ...] = ()  # likewise, second best
    bound_to_next: tuple[str, ...] = ()  # articles, titles, negations: never last on a line
    bound_to_previous: tuple[str, ...] = ()  # particles: never first on a line
    kept_together: tuple[
        str, ...
    ] = ()  # words written apart that are one, as many are in Vietnamese

    def columns_per_line(self, *, vertical: bool) -> int:
        """The room of one line, in columns."""
        columns = self.chars_per_line * self.columns_per_char
        return min(columns, self.vertical_columns_per_line) if vertical else columns

    def reading_ms(self, columns: int) -> int:
        """How long a text of so many columns must be shown to be read, and noticed."""
        reading = math.ceil(columns * 1000 / (self.reading_speed_cps * self.columns_per_char))
        return max(reading, self.shortest_ms)
