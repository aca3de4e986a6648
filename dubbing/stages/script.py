"""Words and turns become utterances: lines that one speaker says in one breath."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from statistics import median

from dubbing.errors import Rejected
from dubbing.formats.chinese_script import utterances_written
from dubbing.formats.chinese_words import has_hanzi, inside_words
from dubbing.media import dsp, sound
from dubbing.model import doubt
from dubbing.model.accounting import reaching, speech_without_line, without
from dubbing.model.audio import Audio
from dubbing.model.corrections import refuse_unfit
from dubbing.model.job import LineCorrection
from dubbing.model.review import ReviewItem, ReviewKind, SpeechWithoutLine
from dubbing.model.speech import (
    Diarization,
    Doubt,
    Hearing,
    Transcript,
    Turn,
    Utterance,
    Word,
    text_of,
)
from dubbing.model.time import Span
from dubbing.model.two_voices import of_the_other_voice
from dubbing.stages import Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "script", 6
STAGE = Stage(
    per=Per.EPISODE,
    reads=(
        Read("transcribe"),
        Read("diarize"),
        Read("separate"),
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
_HESITATION_MS = 1000  # a sentence that is not at its end goes on after a silence shorter than this
# What no sentence of Mandarin ends with: what belongs to it is still to come.
_NEVER_LAST = (
    *("的", "把", "被", "和", "跟", "与", "在", "给", "对", "从", "向", "为", "让", "叫", "比"),
    *(
        "因为",
        "所以",
        "但是",
        "可是",
        "而且",
        "如果",
        "就是",
        "还是",
        "或者",
        "一个",
        "这个",
        "那个",
    ),
    *("是", "很", "太", "最", "更", "不", "没", "都", "也", "又", "只", "就", "要", "我的", "你的"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    language: str
    corrections: tuple[LineCorrection, ...]  # of this episode; only source and speaker are read


def run(work: Work, settings: Settings) -> None:
    hearing = read_json(work.inputs["transcribe"] / "hearing.json", Hearing)
    diarization = read_json(work.inputs["diarize"] / "diarization.json", Diarization)
    heard = transcript_of(hearing, diarization.turns, settings.language)
    own_script = utterances_written(heard.utterances, settings.language)
    utterances = correct(own_script, settings.corrections, work.label)
    if not utterances:
        raise no_lines(work.label, settings.language, heard.without_line)
    utterances = mark_two_voices(utterances, sound.read(work.inputs["separate"] / "speech.wav"))
    write_json(work.out / "transcript.json", replace(heard, utterances=utterances))


def no_lines(label: str, language: str, unscripted: Sequence[SpeechWithoutLine]) -> Rejected:
    found = "sound, but no speech"
    if unscripted:
        where = ", ".join(f"{one.span.start_ms / 1000:.1f} s ({one.why})" for one in unscripted[:5])
        found = f"speech, but no words that could be understood: at {where}"
    return Rejected(
        label,
        found=found,
        expected=f"speech in the language {language!r}",
        remedy="Leave this episode out, or name the language that is spoken in it.",
    )


def transcript_of(hearing: Hearing, turns: Sequence[Turn], language: str) -> Transcript:
    """All that is said, in lines; and the speech that is in none of them.

    Every millisecond of `hearing.speech` is in the span of a line, or in `without_line`.
    """
    unheard = [one.span for one in hearing.without_words]
    utterances = reaching(
        utterances_of(hearing.words, turns, language), without(unheard, hearing.speech)
    )
    marked = tuple(_marked(one, hearing.doubts) for one in utterances)
    lines = [one.span for one in marked]
    unscripted = speech_without_line(lines, hearing.speech, hearing.without_words)
    return Transcript(language, marked, unscripted)


def utterances_of(
    words: Sequence[Word], turns: Sequence[Turn], language: str
) -> tuple[Utterance, ...]:
    """Words, given their speakers and grouped into lines, numbered from 1 in order of start.

    Where the diarizer hears nobody at all, nobody can be given the words.
    """
    if not words or not turns:
        return ()
    glued = _glued(words, language)
    speakers = [_speaker_of(word.span, turns) for word in words]
    speakers = _whole_words(_without_slips(words, speakers), words, glued)
    groups: list[list[int]] = []  # of indices of words
    for index in range(len(words)):
        new = not index or not (
            index in glued
            or (
                speakers[index] == speakers[index - 1]
                and words[index].language == words[index - 1].language
                and not _ends_line(words[index - 1], words[index])
            )
        )
        if new:
            groups.append([])
        groups[-1].append(index)
    lines = [line for group in groups for line in _split_long(group, words, glued)]
    return tuple(
        replace(
            _utterance(number, speakers[line[0]], [words[index] for index in line], language),
            continues=number > 1 and _goes_on(line[0], words, speakers, language),
        )
        for number, line in enumerate(lines, start=1)
    )


def _goes_on(index: int, words: Sequence[Word], speakers: Sequence[str], language: str) -> bool:
    """Whether a line that begins with a word goes on with the sentence of the line before."""
    before, first = words[index - 1], words[index]
    gap_ms = before.span.gap_ms(first.span)
    if (
        speakers[index] != speakers[index - 1]
        or before.language != first.language
        or before.text.endswith(_SENTENCE_END)
        or gap_ms >= _HESITATION_MS
    ):
        return False
    if gap_ms < _PAUSE_MS or before.text.endswith(_CLAUSE_END):
        return True
    if language.split("-")[0] == "zh":
        said = "".join(word.text for word in words[max(0, index - 2) : index])
        return said.endswith(_NEVER_LAST)
    return first.text[:1].islower()


def _utterance(number: int, speaker: str, words: Sequence[Word], language: str) -> Utterance:
    return Utterance(
        number=number,
        speaker=speaker,
        span=words[0].span.join(words[-1].span),
        text=text_of(words, language),
        words=tuple(words),
        language=words[0].language,
    )


def _marked(utterance: Utterance, doubts: Iterable[Doubt]) -> Utterance:
    review = tuple(
        ReviewItem(ReviewKind.HEARING, one.why)
        for one in doubts
        if any(one.span.overlap_ms(word.span) for word in utterance.words)
    )
    return replace(utterance, review=review + doubt.of_hearing(utterance.words))


def mark_two_voices(utterances: Sequence[Utterance], speech: Audio) -> tuple[Utterance, ...]:
    """The utterances, those marked that are the fewer of a speaker who sounds like a man and a woman."""
    pitches: dict[str, dict[int, float]] = {}  # speaker -> line -> Hz
    for one in utterances:
        pitch_hz = dsp.median_pitch_hz(speech.cut(one.span))
        pitches.setdefault(one.speaker, {})[one.number] = pitch_hz
    marks = {
        line: ReviewItem(
            ReviewKind.SPEAKER,
            f"{speaker} speaks at {of[line]:.0f} Hz here and at {_other_hz(of, others):.0f} Hz in other lines: "
            "a man and a woman may have been taken for one speaker.",
        )
        for speaker, of in pitches.items()
        if (others := of_the_other_voice(of))
        for line in others
    }
    return tuple(
        replace(one, review=(*one.review, marks[one.number])) if one.number in marks else one
        for one in utterances
    )


def _other_hz(pitches_hz: Mapping[int, float], fewer: Sequence[int]) -> float:
    return median(hz for line, hz in pitches_hz.items() if hz > 0.0 and line not in fewer)


def correct(
    utterances: Iterable[Utterance], corrections: Iterable[LineCorrection], label: str
) -> tuple[Utterance, ...]:
    """The utterances as people corrected them. A source text made empty takes the line out.

    Raises Rejected for a line or a speaker that the episode doesn't have, and for corrections of lines that say
    something else now.
    """
    utterances, corrections = tuple(utterances), tuple(corrections)
    refuse_unfit({u.number: u.text for u in utterances}, corrections, label)
    by_number = {utterance.number: utterance for utterance in utterances}
    speakers = sorted(
        {utterance.speaker for utterance in by_number.values()}
        | {c.new_speaker for c in corrections if c.new_speaker}
    )
    for correction in corrections:
        utterance = by_number[correction.line]
        if correction.speaker is not None:
            speaker = correction.new_speaker or correction.speaker
            if speaker not in speakers:
                raise Rejected(
                    f"correction of {label}, line {correction.line}",
                    found=f"the speaker {correction.speaker!r}",
                    expected=f"one of {', '.join(speakers)}",
                    remedy="Name a speaker of this episode, as the report shows them, or a new one as new:NAME.",
                )
            utterance = replace(utterance, speaker=speaker)
        if correction.source is not None:
            text = correction.source.strip()
            same = has_hanzi(text) == has_hanzi(utterance.text)
            language = (
                utterance.language if same else ""
            )  # a person wrote what was taken for another
            utterance = replace(utterance, text=text, words=(), review=(), language=language)
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


def _glued(words: Sequence[Word], language: str) -> set[int]:
    """The indices of words that go on with the word of the dictionary, or the number, that the word before began."""
    if language.split("-")[0] != "zh":
        return set()
    glued: set[int] = set()
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and not _ends_line(words[end - 1], words[end]):
            continue
        starts = list(accumulate((len(word.text) for word in words[start:end]), initial=0))
        inside = inside_words("".join(word.text for word in words[start:end]))
        glued |= {start + index for index, at in enumerate(starts[:-1]) if at in inside}
        start = end
    return glued


def _whole_words(speakers: list[str], words: Sequence[Word], glued: set[int]) -> list[str]:
    """Each word of the dictionary given to whoever says most of it: nobody takes over inside of one."""
    whole = list(speakers)
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and end in glued:
            continue
        said_ms: dict[str, int] = {}
        for index in range(start, end):
            speaker = speakers[index]
            said_ms[speaker] = said_ms.get(speaker, 0) + words[index].span.duration_ms
        whole[start:end] = [max(said_ms, key=said_ms.__getitem__)] * (end - start)
        start = end
    return whole


def _ends_line(last: Word, following: Word) -> bool:
    gap_ms = last.span.gap_ms(following.span)
    ended = last.text.endswith(_SENTENCE_END)
    return gap_ms >= _PAUSE_MS or (ended and gap_ms >= _BREATH_MS)


def _split_long(line: list[int], words: Sequence[Word], glued: set[int]) -> list[list[int]]:
    """A line too long, split at its sentence ends, else its clauses, else its longest silences; never in a word.

    A line is the indices of its words.
    """
    first, last = words[line[0]], words[line[-1]]
    places = [k for k in range(1, len(line)) if line[k] not in glued]
    if first.span.join(last.span).duration_ms <= _LONGEST_MS or not places:
        return [line]
    middle_ms = (first.span.start_ms + last.span.end_ms) / 2

    def worth(place: int) -> tuple[float, float]:
        before, after = words[line[place - 1]], words[line[place]]
        worth_ms = before.span.gap_ms(after.span) // 40 * 40
        if before.text.endswith(_SENTENCE_END):
            worth_ms += _SENTENCE_MS
        elif before.text.endswith(_CLAUSE_END):
            worth_ms += _CLAUSE_MS
        short_ms = max(0, _SHORT_MS - shorter_side_ms(place))
        return worth_ms - short_ms / 2, -abs(after.span.start_ms - middle_ms)

    def shorter_side_ms(place: int) -> int:
        return min(
            words[line[place]].span.start_ms - first.span.start_ms,
            last.span.end_ms - words[line[place - 1]].span.end_ms,
        )

    candidates = [k for k in places if shorter_side_ms(k) >= _SHORTEST_PART_MS]
    best = max(candidates or places, key=worth)
    return [
        *_split_long(line[:best], words, glued),
        *_split_long(line[best:], words, glued),
    ]
