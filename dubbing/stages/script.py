"""Words and turns become utterances: lines that one speaker says in one breath."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dubbing.errors import Rejected
from dubbing.model.job import LineCorrection
from dubbing.model.speech import Diarization, Transcript, Turn, Utterance, Word
from dubbing.model.time import Span
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "script", 2
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("transcribe"),
        Read("diarize"),
    ),
    leaves=(Leaf("transcript.json", Transcript),),
    reported=True,
)

_PAUSE_MS = 500  # a silence this long ends a line: the mouth is seen to close
_BREATH_MS = 120  # a silence this long ends a line that has ended its sentence
_LONGEST_MS = 6000  # longer lines drift from the mouth and need three rows of subtitles
_SHORTEST_PART_MS = 1000  # no part of a line that was split is shorter, if that can be had
_SHORT_MS = 2500  # shorter parts are hard to translate alone, to read and to say in time
_SENTENCE_MS, _CLAUSE_MS = 1000, 300  # what an end is worth as a place to split, in silence
_SLIP_MS = 350  # a change of speaker shorter than this, inside another's speech, is a slip
_SENTENCE_END = tuple("。！？!?…")
_CLAUSE_END = tuple("，、；：,;:")
_SPACELESS = {"zh", "ja", "th"}


@dataclass(frozen=True, slots=True)
class Settings:
    language: str
    corrections: tuple[LineCorrection, ...]  # of this episode; only source and speaker are read


def run(work: Work, settings: Settings) -> None:
    words = read_json(work.inputs["transcribe"] / "words.json", tuple[Word, ...])
    diarization = read_json(work.inputs["diarize"] / "diarization.json", Diarization)
    utterances = correct(
        utterances_of(words, diarization.turns, settings.language),
        settings.corrections,
        work.label,
    )
    if not utterances:
        raise Rejected(
            work.label,
            found="sound, but no speech",
            expected=f"speech in the language {settings.language!r}",
            remedy="Leave this episode out, or name the language that is spoken in it.",
        )
    write_json(work.out / "transcript.json", Transcript(settings.language, utterances))


def utterances_of(
    words: Sequence[Word], turns: Sequence[Turn], language: str
) -> tuple[Utterance, ...]:
    """Words, given their speakers and grouped into lines, numbered from 1 in order of start.

    Where the diarizer hears nobody at all, what the transcriber heard was no speech.
    """
    if not words or not turns:
        return ()
    joiner = "" if language.split("-")[0] in _SPACELESS else " "
    speakers = _without_slips(words, [_speaker_of(word.span, turns) for word in words])
    groups: list[list[Word]] = []
    previous = ""
    for word, speaker in zip(words, speakers, strict=True):
        if groups and speaker == previous and not _ends_line(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
        previous = speaker
    speaker_of = dict(zip(map(id, words), speakers, strict=True))
    lines = [line for group in groups for line in _split_long(group)]
    return tuple(
        Utterance(
            number=number,
            speaker=speaker_of[id(line[0])],
            span=line[0].span.join(line[-1].span),
            text=joiner.join(word.text for word in line).strip(),
            words=tuple(line),
        )
        for number, line in enumerate(lines, start=1)
    )


def correct(
    utterances: Iterable[Utterance], corrections: Iterable[LineCorrection], label: str
) -> tuple[Utterance, ...]:
    """The utterances as people corrected them. A source text made empty takes the line out.

    Raises Rejected for a line or a speaker that the episode doesn't have.
    """
    by_number = {utterance.number: utterance for utterance in utterances}
    speakers = sorted({utterance.speaker for utterance in by_number.values()})
    for correction in corrections:
        utterance = by_number.get(correction.line)
        if utterance is None:
            raise Rejected(
                f"correction of {label}, line {correction.line}",
                found="no such line in the transcript",
                expected=f"a line from 1 to {max(by_number, default=0)}",
                remedy="Look the line up in the report, and correct its number.",
            )
        if correction.speaker is not None:
            if correction.speaker not in speakers:
                raise Rejected(
                    f"correction of {label}, line {correction.line}",
                    found=f"the speaker {correction.speaker!r}",
                    expected=f"one of {', '.join(speakers)}",
                    remedy="Name a speaker of this episode, as the report shows them.",
                )
            utterance = replace(utterance, speaker=correction.speaker)
        if correction.source is not None:
            utterance = replace(utterance, text=correction.source.strip(), words=())
        by_number[correction.line] = utterance
    return tuple(utterance for utterance in by_number.values() if utterance.text)


def _speaker_of(span: Span, turns: Sequence[Turn]) -> str:
    """Whose turn a word lies in, or is nearest to."""

    def closeness(turn: Turn) -> tuple[int, int]:
        apart_ms = max(turn.span.start_ms - span.end_ms, span.start_ms - turn.span.end_ms)
        return turn.span.overlap_ms(span), -apart_ms

    return max(turns, key=closeness).speaker


def _without_slips(words: Sequence[Word], speakers: list[str]) -> list[str]:
    """Short stretches of another speaker inside one speaker's unbroken speech, given back."""
    mended = list(speakers)
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and mended[end] == mended[start]:
            continue
        inside = start > 0 and end < len(words) and mended[start - 1] == speakers[end]
        if inside:
            stretch = words[start].span.join(words[end - 1].span)
            unbroken = (
                words[start - 1].span.gap_ms(words[start].span) < _BREATH_MS
                and words[end - 1].span.gap_ms(words[end].span) < _BREATH_MS
            )
            if stretch.duration_ms < _SLIP_MS and unbroken:
                mended[start:end] = [mended[start - 1]] * (end - start)
        start = end
    return mended


def _ends_line(line: Sequence[Word], following: Word) -> bool:
    gap_ms = line[-1].span.gap_ms(following.span)
    ended = line[-1].text.endswith(_SENTENCE_END)
    return gap_ms >= _PAUSE_MS or (ended and gap_ms >= _BREATH_MS)


def _split_long(line: list[Word]) -> list[list[Word]]:
    """A line too long, split at its sentence ends, else its clauses, else its longest silences."""
    if line[0].span.join(line[-1].span).duration_ms <= _LONGEST_MS or len(line) < 2:
        return [line]
    middle_ms = (line[0].span.start_ms + line[-1].span.end_ms) / 2

    def worth(index: int) -> tuple[float, float]:
        before, after = line[index - 1], line[index]
        worth_ms = before.span.gap_ms(after.span) // 40 * 40
        if before.text.endswith(_SENTENCE_END):
            worth_ms += _SENTENCE_MS
        elif before.text.endswith(_CLAUSE_END):
            worth_ms += _CLAUSE_MS
        short_ms = max(0, _SHORT_MS - shorter_side_ms(index))
        return worth_ms - short_ms / 2, -abs(after.span.start_ms - middle_ms)

    def shorter_side_ms(index: int) -> int:
        return min(
            line[index].span.start_ms - line[0].span.start_ms,
            line[-1].span.end_ms - line[index - 1].span.end_ms,
        )

    candidates = [i for i in range(1, len(line)) if shorter_side_ms(i) >= _SHORTEST_PART_MS]
    best = max(candidates or range(1, len(line)), key=worth)
    return [*_split_long(line[:best]), *_split_long(line[best:])]
