"""Cues from what is said: texts are split into pieces of a cue's size, then the pieces are given time.

Both steps look for the way that costs least among all there are (dynamic programming), so that no
choice is made before its price is known. Costs are in the points of `breaks`: 10 is a line broken at
an ordinary place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from dubbing.formats.subtitle_text import clean, columns
from dubbing.model.cue import Cue, CueRules, CueTrack
from dubbing.model.language import Language
from dubbing.model.speech import Line, Utterance
from dubbing.model.time import Span, frame_to_ms, frames_lasting, frames_within, ms_to_frame
from dubbing.subtitles.breaks import SENTENCE, Atom, Layout, atoms, fill, junction, lay_out, line
from dubbing.subtitles.speech import atom_spans

START_TOLERANCE_FRAMES = 2  # a cue starts with its speech, give or take so much

_CUE = 20  # one cue more
_CUE_BREAK = 4  # a text broken between cues, against between lines
_SCRAP = 45  # a part of a sentence that is next to nothing; none from half a line on
_SILENCE_MS = 600  # a cue should not run on over a silence longer than this within its text
_SILENCE_PER_S = 30
_BROKEN = 100  # a rule broken by however little
_TIGHT = 150  # a split that gives a part half the time it needs, before bounds are moved
_STRAIN = 300  # twice as much needed as there is: rather several cues a little fast than one very
_JOINED = 20  # two utterances in one cue
_EARLY_PER_S = 10  # an utterance read before it is heard
_LATE = 20  # a cue that starts after its speech
_LATE_PER_S2 = 400  # and the more the later, by the square
_UNSAID_PER_S = 20  # a cue gone while it is still being said
_MOST_LATE_MS = 1000  # a cue later than this is worse than one that is hard to read
_MOST_EARLY_MS = 500  # likewise for the later part of a text, whose moment is often a guess
_MOST_JOINED = 4  # pieces in one cue
_KEPT = 24  # ways to go on from, at each piece


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one cue can show of one utterance."""

    utterance: int
    first: bool  # whether the utterance starts with it
    speaker: str
    span: Span  # when it is said
    atoms: tuple[Atom, ...]


def build_cues(
    texts: Sequence[Utterance | Line],
    language: Language,
    frame_rate: Fraction,
    *,
    vertical: bool,
    duration_ms: int,
    speech: Sequence[Utterance] = (),
    protected: Collection[str] = (),
) -> CueTrack:
    """The subtitles of an episode `duration_ms` long, in the order of its speech.

    Each cue starts on the frame nearest to the start of its speech, and later only where the cue
    before it could not be read otherwise. It stays as long as reading it takes, if nothing follows
    sooner. Utterances too short or too close to stand alone share a cue. No word is ever left out: a
    rule that can't be kept is broken instead, which `dubbing.subtitles.check` finds.

    `speech` are the utterances that `texts` translate: where their words show pauses, texts are
    broken there. `protected` are names and terms to keep on one line.
    """
    rules = language.cues
    room = rules.columns_per_line(vertical=vertical)
    words = {utterance.number: utterance.words for utterance in speech}
    ordered = sorted(texts, key=lambda text: (text.span.start_ms, text.number))
    pieces: list[_Piece] = []
    following = [*(text.span.start_ms for text in ordered[1:]), duration_ms]
    for text, following_ms in zip(ordered, following, strict=False):
        heard = text.words if isinstance(text, Utterance) else words.get(text.number, ())
        parts = atoms(clean(text.text), rules, room, protected)
        spans = atom_spans(parts, text.span, heard)
        pieces += _split(text, parts, spans, max(text.span.end_ms, following_ms), rules, room)
    pieces.sort(key=lambda piece: (piece.span.start_ms, piece.utterance))
    timing = _Timing(tuple(pieces), rules, room, frame_rate, duration_ms)
    return CueTrack(language.tag, tuple(timing.cues()))


def reading_budget_chars(span: Span, until_ms: int, rules: CueRules) -> int:
    """How many characters can be read from a line's start until the next line starts, or the picture ends.

    Where that is far, the text may stay for as long as a cue may. A line longer than this can still be
    shown, but not read.
    """
    longest_ms = max(span.duration_ms, rules.longest_ms)
    free_ms = min(longest_ms, max(0, until_ms - span.start_ms))
    return int(free_ms * rules.reading_speed_cps / 1000)


def _split(
    text: Utterance | Line,
    parts: Sequence[Atom],
    spans: Sequence[Span],
    until_ms: int,
    rules: CueRules,
    room: int,
) -> list[_Piece]:
    """A text in pieces of at most `rules.lines` lines, broken at the best places."""
    count = len(parts)
    best: list[tuple[float, int]] = [
        (0.0, 0)
    ]  # for the text up to each atom: cost, last cue's start
    for end in range(1, count + 1):
        ways: list[tuple[float, int]] = []
        silences = 0.0
        for start in range(end - 1, -1, -1):
            if start < end - 1:
                silence_ms = spans[start + 1].start_ms - spans[start].end_ms
                silences += max(0, silence_ms - _SILENCE_MS) * _SILENCE_PER_S / 1000
            layout = lay_out(parts[start:end], rules, room)
            if layout is None:
                break  # no longer piece fits either
            next_ms = spans[end].start_ms if end < count else until_ms
            shown_ms = max(1, next_ms - spans[start].start_ms)
            said_ms = spans[end - 1].end_ms - spans[start].start_ms
            cost = best[start][0] + _CUE + layout.cost + silences
            cost += _CUE_BREAK * parts[start].cost if start else 0
            cost += _TIGHT * _lack(_reading_ms(layout.lines, rules), shown_ms)
            cost += _STRAIN * _lack(said_ms, rules.longest_ms)
            if parts[start].cost != SENTENCE or (end < count and parts[end].cost != SENTENCE):
                cost += _SCRAP * max(0.0, 1 - 2 * sum(map(columns, layout.lines)) / room)
            ways.append((cost, start))
        best.append(min(ways))
    pieces: list[_Piece] = []
    end = count
    while end:
        start = best[end][1]
        span = Span(spans[start].start_ms, spans[end - 1].end_ms)
        pieces.append(_Piece(text.number, start == 0, text.speaker, span, tuple(parts[start:end])))
        end = start
    return pieces[::-1]


def _reading_ms(lines: Iterable[str], rules: CueRules) -> int:
    return rules.reading_ms(sum(columns(text) for text in lines))


def _lack(needed: int, given: int) -> float:
    """How much more is needed than given, as a share of what is given; 0.0 if there is enough."""
    return max(0.0, needed / max(1, given) - 1)


@dataclass(frozen=True, slots=True)
class _Step:
    """The pieces up to some point shown, and the next cue's start settled."""

    cost: float
    start: int  # frame at which the next cue starts
    cue: Cue | None = None  # the last one shown
    before: _Step | None = None


class _Timing:
    """Joins pieces to cues and gives each cue its frames."""

    def __init__(
        self,
        pieces: tuple[_Piece, ...],
        rules: CueRules,
        room: int,
        frame_rate: Fraction,
        duration_ms: int,
    ) -> None:
        self.pieces, self.rules, self.room, self.rate = pieces, rules, room, frame_rate
        self.end = max(1, frames_within(duration_ms, frame_rate))
        self.shortest = frames_lasting(rules.shortest_ms, frame_rate)
        self.longest = frames_within(rules.longest_ms, frame_rate)
        # A cue that the end leaves no time for starts before its speech, as far as it must.
        last = max(0, self.end - self.shortest)
        self.starts = [min(last, ms_to_frame(piece.span.start_ms, frame_rate)) for piece in pieces]
        self.frame_s = float(1 / frame_rate)

    def cues(self) -> list[Cue]:
        count = len(self.pieces)
        if not count:
            return []
        steps: list[dict[int, _Step]] = [{} for _ in range(count + 1)]
        steps[0][self.starts[0]] = _Step(0.0, self.starts[0])
        for i in range(count):
            layouts = [
                (j, layout)
                for j in range(i + 1, min(i + _MOST_JOINED, count) + 1)
                if (layout := self._layout(i, j)) is not None
            ]
            kept = sorted(steps[i].values(), key=lambda step: (step.cost, step.start))[:_KEPT]
            for step in kept:
                found = [
                    (j, after) for j, layout in layouts for after in self._after(step, i, j, layout)
                ]
                # Where the end comes before all is said, the rest is shown at once.
                for j, after in found or [(count, self._rest(step, i))]:
                    known = steps[j].get(after.start)
                    if known is None or after.cost < known.cost:
                        steps[j][after.start] = after
        step = min(steps[count].values(), key=lambda step: (step.cost, step.start))
        cues: list[Cue] = []
        while step.cue is not None and step.before is not None:
            cues.append(step.cue)
            step = step.before
        return cues[::-1]

    def _after(self, step: _Step, i: int, j: int, layout: Layout) -> Iterable[_Step]:
        """The ways to go on when pieces i to j are one cue, each with the next cue's start."""
        rules, start = self.rules, step.start
        reading = frames_lasting(_reading_ms(layout.lines, rules), self.rate)
        said = max(frames_lasting(piece.span.end_ms, self.rate) for piece in self.pieces[i:j])
        wanted = min(max(said, start + reading), start + self.longest)
        if j == len(self.pieces):
            yield self._step(step, i, j, layout, min(wanted, self.end), reading, said, self.end)
            return
        due = self.starts[j]
        soonest, noticed, read = (start + n + rules.gap_frames for n in (1, self.shortest, reading))
        candidates = {max(due, soonest), max(due, noticed)}
        if read <= due + frames_within(_MOST_LATE_MS, self.rate):
            candidates.add(max(due, read))
        if not self.pieces[j].first:
            candidates.add(max(soonest, read, due - frames_within(_MOST_EARLY_MS, self.rate)))
        for following in sorted(candidates):
            if following < self.end:
                end = self._end(start, wanted, following)
                yield self._step(step, i, j, layout, end, reading, said, following)

    def _end(self, start: int, wanted: int, following: int) -> int:
        """The end of a cue that leaves a gap of exactly `gap_frames`, or a free one."""
        latest = following - self.rules.gap_frames
        end = min(wanted, latest)
        if following - end < self.rules.free_gap_frames:
            if latest - start <= self.longest:
                return latest
            return min(end, following - self.rules.free_gap_frames)
        return end

    def _step(
        self,
        step: _Step,
        i: int,
        j: int,
        layout: Layout,
        end: int,
        reading: int,
        said: int,
        following: int,
    ) -> _Step:
        start, pieces = step.start, self.pieces[i:j]
        end = max(end, start + 1)
        cost = step.cost + layout.cost + _STRAIN * _lack(reading, end - start)
        cost += _BROKEN if end - start < reading else 0
        cost += max(0, said - end) * self.frame_s * _UNSAID_PER_S
        off = abs(start - self.starts[i])
        if off > START_TOLERANCE_FRAMES:
            late = _LATE + (off * self.frame_s) ** 2 * _LATE_PER_S2
            cost += late if pieces[0].first else late / 4
        for k in range(i + 1, j):
            cost += max(0, self.starts[k] - start) * self.frame_s * _EARLY_PER_S
            cost += _JOINED if self.pieces[k].first else 0
        span = Span(frame_to_ms(start, self.rate), frame_to_ms(end, self.rate))
        numbers = tuple(sorted({piece.utterance for piece in pieces}))
        return _Step(cost, following, Cue(span, layout.lines, numbers), step)

    def _runs(self, i: int, j: int) -> list[list[Atom]]:
        """The atoms of pieces i to j, those of one speaker in a row together."""
        runs = []
        for _, group in groupby(self.pieces[i:j], key=lambda piece: piece.speaker):
            run: list[Atom] = []
            for piece in group:
                follows = run and piece.first
                run += junction(piece.atoms, run, self.rules) if follows else piece.atoms
            runs.append(run)
        return runs

    def _layout(self, i: int, j: int) -> Layout | None:
        """The lines of pieces i to j in one cue, or None where they do not fit."""
        runs = self._runs(i, j)
        if len(runs) == 1:
            return lay_out(runs[0], self.rules, self.room)
        lines = tuple(self.rules.dialogue_dash + line(run, self.rules) for run in runs)
        if len(lines) > self.rules.lines or max(map(columns, lines)) > self.room:
            return None
        return Layout(lines, 0)

    def _rest(self, step: _Step, i: int) -> _Step:
        count = len(self.pieces)
        runs = self._runs(i, count)
        dash = self.rules.dialogue_dash if len(runs) > 1 else ""
        lines = [text for run in runs for text in fill(run, self.rules, self.room, prefix=dash)]
        layout = Layout(tuple(lines), _BROKEN * len(lines))
        return self._step(step, i, count, layout, self.end, self.end, self.end, self.end)
