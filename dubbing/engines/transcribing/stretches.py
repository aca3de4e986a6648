"""The speech of an episode, cut at silences into stretches short enough to be heard at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from dubbing.engines import vad
from dubbing.model.audio import Audio
from dubbing.model.time import Span

# Of what is heard at once: a turn in a drama is shorter, a speech is cut at a breath.
_LONGEST_MS = 12_000
# Of sound given to the network on both sides: a word cut at its first sound is misheard.
_MARGIN_MS = 200
# What is said around a shorter pause is heard together: the one part helps to understand the other.
_PAUSE_MS = 800


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is heard at once."""

    parts: tuple[Span, ...]  # of speech, with short pauses between them
    sound: Span  # the parts, their pauses, and a margin around them

    @property
    def speech_ms(self) -> int:
        return sum(part.duration_ms for part in self.parts)


def apart(stretch: Stretch) -> list[Stretch]:
    """A stretch taken apart at its pauses: each part with half of the pauses around it, a margin at most."""
    if len(stretch.parts) == 1:
        return [stretch]
    middles = [(a.end_ms + b.start_ms) // 2 for a, b in pairwise(stretch.parts)]
    starts = [stretch.sound.start_ms, *middles]
    ends = [*middles, stretch.sound.end_ms]
    return [
        Stretch(
            (part,),
            Span(max(start_ms, part.start_ms - _MARGIN_MS), min(end_ms, part.end_ms + _MARGIN_MS)),
        )
        for part, start_ms, end_ms in zip(stretch.parts, starts, ends, strict=True)
    ]


def stretches(speech: Audio) -> list[Stretch]:
    """The speech in mono sound at 16 kHz, in stretches short enough to be heard at once."""
    found = vad.probabilities(speech)
    groups: list[list[Span]] = []
    for whole in vad.all_speech(speech, found=found):
        for span in _cut_long(whole, found):
            joinable = (
                groups
                and groups[-1][-1].end_ms < span.start_ms <= groups[-1][-1].end_ms + _PAUSE_MS
                and groups[-1][0].join(span).duration_ms <= _LONGEST_MS
            )
            if joinable:
                groups[-1].append(span)
            else:
                groups.append([span])
    around: list[Stretch] = []
    for index, parts in enumerate(groups):
        # Half of a pause at most, so that no sound is heard twice.
        before_ms = (groups[index - 1][-1].end_ms + parts[0].start_ms + 1) // 2 if index else 0
        after_ms = speech.duration_ms
        if index + 1 < len(groups):
            after_ms = (parts[-1].end_ms + groups[index + 1][0].start_ms) // 2
        start_ms = max(before_ms, parts[0].start_ms - _MARGIN_MS)
        end_ms = min(after_ms, parts[-1].end_ms + _MARGIN_MS)
        around.append(Stretch(tuple(parts), Span(start_ms, end_ms)))
    return around


def _cut_long(span: Span, found: vad.Probabilities) -> list[Span]:
    """A span cut where speech is least probable, until no part is longer than can be heard at once."""
    if span.duration_ms <= _LONGEST_MS:
        return [span]
    third_ms = span.duration_ms // 3
    first = (span.start_ms + third_ms) // vad.FRAME_MS
    last = (span.end_ms - third_ms) // vad.FRAME_MS
    cut_ms = (first + int(found[first:last].argmin())) * vad.FRAME_MS + vad.FRAME_MS // 2
    return [
        *_cut_long(Span(span.start_ms, cut_ms), found),
        *_cut_long(Span(cut_ms, span.end_ms), found),
    ]
