"""Whether all speech is accounted for: in a line, or named as speech without one. It must be 100 %.

Twenty short episodes of human speech (`shared/speech`, where it is at hand), Kokoro's voices and espeak-ng's, in Mandarin and in English,
with music at three levels under them. The truth is where the clips can be heard before the music is put under them.
Where that begins and ends is exact to 100 ms: so much of an edge is not counted as missed, and printed beside.
Run it from the root of the checkout: python tests/benchmarks/bench_accounted.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import episodes
import numpy as np

from dubbing.demo.series import load_series
from dubbing.demo.soundtrack import make_music
from dubbing.engines.diarizing.dvector import DVectorDiarizer
from dubbing.engines.ports import Synthesizer
from dubbing.engines.synthesizing.espeak import EspeakSynthesizer
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.model.accounting import without
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Transcript
from dubbing.model.time import Span
from dubbing.stages.script import transcript_of

EPISODES = 20
LEVELS_DB = (-18.0, -10.0, -3.0)  # of the music, against the speech
EDGE_MS = 100
LONGEST_MS = 6000  # of a clip: longer ones are cut at their pauses

_ZH = (
    "你为什么现在才告诉我这件事情？",
    "我不是故意瞒着你的，那天晚上我真的没有办法。",
    "够了，从今天开始，我们之间没有任何关系了。",
    "三年前的那场车祸，根本就不是意外。",
    "谢谢大家的观看，我们下期再见。",
    "今天打九点五折，一共三万五千六百二十一块。",
    "嗯。",
    "你给我站住！",
)
_EN = (
    "Excuse me, I am the chief executive of this company.",
    "Shut up and get out of my office right now.",
    "No!",
    "I never wanted your money, and you know it.",
)


@dataclass(slots=True)
class Count:
    speech_ms: int = 0
    in_lines_ms: int = 0
    named_ms: int = 0
    edges_ms: int = 0
    missed: tuple[Span, ...] = ()
    stretches: int = 0
    untold: int = 0  # stretches of which nothing at all is in a line or named

    def add(self, truth: Sequence[Span], found: Transcript) -> None:
        lines = [one.span for one in found.utterances]
        named = [one.span for one in found.without_line]
        outside = without(lines, truth)
        left = without(named, outside)
        self.speech_ms += _length_ms(truth)
        self.in_lines_ms += _length_ms(truth) - _length_ms(outside)
        self.named_ms += _length_ms(outside) - _length_ms(left)
        self.stretches += len(truth)
        self.untold += sum(span in left for span in truth)
        missed = [span for span in left if span.duration_ms > EDGE_MS]
        self.edges_ms += _length_ms(left) - _length_ms(missed)
        self.missed += tuple(missed)


def main() -> None:
    count = Count()
    by_level = {level_db: Count() for level_db in LEVELS_DB}
    started_s = time.perf_counter()
    with FasterWhisper() as transcriber, DVectorDiarizer() as diarizer:
        for number, clips in enumerate(islice(_casts(), EPISODES)):
            level_db = LEVELS_DB[number % len(LEVELS_DB)]
            episode = _episode(clips, level_db, number)
            speech = episode.speech
            hearing = transcriber.transcribe(speech, "zh")
            found = transcript_of(hearing, diarizer.diarize(speech).turns, "zh")
            truth = [part for line in episode.lines for part in line.parts]
            before = len(count.missed)
            for one in (count, by_level[level_db]):
                one.add(truth, found)
            named = ", ".join(
                f"{one.span.start_ms}-{one.span.end_ms} {one.why}" for one in found.without_line
            )
            print(
                f"episode {number + 1:2}, music {level_db:3.0f} dB: {len(found.utterances)} lines, "
                f"{sum(bool(one.review) for one in found.utterances)} marked; "
                f"named: {named or 'none'}; missed: {list(count.missed[before:]) or 'none'}",
                flush=True,
            )
    for name, one in [(f"music {db:.0f} dB", by_level[db]) for db in LEVELS_DB] + [("all", count)]:
        accounted_ms = one.speech_ms - _length_ms(one.missed)
        print(
            f"{name:12} {one.speech_ms / 1000:6.1f} s of speech: {accounted_ms / one.speech_ms:.2%} accounted for "
            f"({one.in_lines_ms / one.speech_ms:.2%} in lines, {one.named_ms / one.speech_ms:.2%} named, "
            f"{one.edges_ms / one.speech_ms:.2%} edges of up to {EDGE_MS} ms); "
            f"{one.stretches - one.untold} of {one.stretches} stretches are in a line or named"
        )
    print(f"{time.perf_counter() - started_s:.0f} s")
    if count.missed:
        sys.exit(1)


def _length_ms(spans: Sequence[Span]) -> int:
    return sum(span.duration_ms for span in spans)


def _episode(clips: Sequence[episodes.Clip], level_db: float, seed: int) -> episodes.Episode:
    """Clips over music: of the benchmarks in even episodes, of the demo in odd ones."""
    if seed % 2 == 0:
        return episodes.build(clips, music_db=level_db, seed=seed)
    episode = episodes.build(clips, music_db=None)
    scenes = load_series().episodes
    chords = scenes[seed // 2 % len(scenes)].chords
    music = make_music(chords, episode.audio.duration_ms + 1000)
    under = music.samples[: episode.audio.frames]
    under = under * (0.1 * 10 ** (level_db / 20) / np.sqrt(np.mean(under**2)))
    mixed = np.clip(episode.audio.samples + under, -1, 1).astype(np.float32)
    return replace(episode, audio=Audio(mixed, episode.audio.rate_hz))


def _casts() -> Iterator[list[episodes.Clip]]:
    """The clips of one episode after another: three or four each, human and synthetic ones in turn."""
    human = _human() if episodes.SPEECH_FOLDER.exists() else []
    with KokoroSynthesizer() as kokoro, EspeakSynthesizer() as espeak:
        made = list(_synthetic(kokoro, espeak))
    for number in range(EPISODES):
        clips = human if human and number % 2 == 0 else made
        yield [clips[(4 * (number // 2) + k) % len(clips)] for k in range(4)]


def _human() -> list[episodes.Clip]:
    whole = [clip for tag in ("zh", "en") for clip in episodes.clips(tag)]
    return [piece for clip in whole for piece in episodes.pieces(clip, LONGEST_MS)]


def _synthetic(kokoro: Synthesizer, espeak: Synthesizer) -> Iterator[episodes.Clip]:
    voices = ("kumo", "alpha", "tebukuro", "gongitsune", "nezumi")
    for number, text in enumerate((*_ZH, *_EN) * 2):
        language = "en" if text.isascii() else "zh"
        if number % 5 == 4:
            voice, said = "f2", espeak.synthesize(text, language, "f2", 1.0)
        else:
            voice = voices[number % len(voices)]
            said = kokoro.synthesize(text, language, voice, 1.0)
        sound = episodes.at_rate(said, SPEECH_RATE_HZ)
        yield episodes.Clip(text, language, voice, sound)


if __name__ == "__main__":
    main()
