"""How well an episode is heard: words, speakers, starts and ends of speech, and how fast.

Episodes with music 18 dB under the speech are made from human speech (`episodes.py`), and, for the voices of
the demo, from Kokoro's. Run it from the root of the checkout: python tests/benchmarks/bench_hearing.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import episodes
import jiwer
import numpy as np

from dubbing.engines import vad
from dubbing.engines.diarizing.dvector import SAME_PERSON, DVectorDiarizer
from dubbing.engines.ports import Diarizer, Transcriber
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.engines.transcribing.tokens import spoken_characters
from dubbing.formats.chinese_script import simplify
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Word

_SCENE = (
    ("kumo", "你为什么现在才告诉我这件事情？"),
    ("alpha", "我不是故意瞒着你的，那天晚上我真的没有办法。"),
    ("kumo", "够了，从今天开始，我们之间没有任何关系了。"),
    ("tebukuro", "妈妈说得对，我根本就不应该相信你这种人。"),
    ("alpha", "你听我解释，事情不是你想的那样。"),
    ("tebukuro", "三年前的那场车祸，根本就不是意外。"),
    ("kumo", "你说什么？你再说一遍。"),
    ("tebukuro", "害死你父亲的人，就站在你的面前。"),
    ("alpha", "别听她的，她在骗你，我什么都没有做过。"),
    ("kumo", "把合同拿出来，我要亲眼看一看。"),
    ("tebukuro", "文件都在这里，你自己看清楚吧。"),
    ("alpha", "求求你，再给我一次机会，我会证明给你看。"),
)


def main() -> None:
    with FasterWhisper() as transcriber, DVectorDiarizer() as diarizer:
        human = {tag: episodes.build(episodes.clips(tag)) for tag in ("zh", "en")}
        scene = episodes.build(_scene(), gaps_ms=(250, 600, 400), music_db=-16.0)
        print("words, music 18 dB under human speech and 16 dB under Kokoro's")
        for name, tag, episode in (
            ("zh human", "zh", human["zh"]),
            ("en human", "en", human["en"]),
            ("zh Kokoro", "zh", scene),
        ):
            _words(name, tag, episode, transcriber)
        print("starts and ends of speech, against the clean clips")
        for name, episode in (
            ("zh human", human["zh"]),
            ("en human", human["en"]),
            ("zh Kokoro", scene),
        ):
            _edges(name, episode)
        print("speakers, % of speaking time")
        _speakers(scene, diarizer)
        _similarities(diarizer)


def _words(name: str, tag: str, episode: episodes.Episode, transcriber: Transcriber) -> None:
    started_s = time.perf_counter()
    words = transcriber.transcribe(episode.speech, tag).words
    factor = (time.perf_counter() - started_s) * 1000 / episode.audio.duration_ms
    measure, error = word_errors(words, [line.text for line in episode.lines], tag)
    starts = np.array([word.span.start_ms for word in words])
    misses = [int(np.abs(starts - line.span.start_ms).min()) for line in episode.lines]
    p50, p95 = np.percentile(misses, [50, 95])
    print(
        f"  {name:10} {measure} {error:6.1%}   line starts off by {p50:.0f} ms (p50), {p95:.0f} ms (p95)"
        f"   real-time factor {factor:.2f}"
    )


def word_errors(words: tuple[Word, ...], lines: list[str], tag: str) -> tuple[str, float]:
    """Character errors of Chinese, word errors of other languages, marks and capitals left out."""
    if tag == "zh":
        heard = spoken_characters("".join(word.text for word in words))
        return "CER", jiwer.cer(spoken_characters(simplify("".join(lines))), heard)
    truth = " ".join(spoken_characters(word) for word in " ".join(lines).split())
    return "WER", jiwer.wer(truth, " ".join(spoken_characters(word.text) for word in words))


def _edges(name: str, episode: episodes.Episode) -> None:
    spans = vad.speech_spans(episode.speech)
    starts = np.array([span.start_ms for span in spans])
    ends = np.array([span.end_ms for span in spans])
    for edge, found, truth in (
        ("start", starts, [line.span.start_ms for line in episode.lines]),
        ("end", ends, [line.span.end_ms for line in episode.lines]),
    ):
        misses = [int(np.abs(found - ms).min()) for ms in truth]
        p50, p95 = np.percentile(misses, [50, 95])
        within = np.mean(np.array(misses) <= 80)
        print(
            f"  {name:10} {edge:5} p50 {p50:3.0f} ms   p95 {p95:3.0f} ms   within 80 ms {within:4.0%}"
        )


def _speakers(scene: episodes.Episode, diarizer: Diarizer) -> None:
    voices = {
        clip.speaker: episodes.pieces(clip, 2500)
        for tag in ("zh", "en")
        for clip in episodes.clips(tag)
    }
    longest = sorted(voices, key=lambda name: -sum(c.audio.duration_ms for c in voices[name]))
    for count in (1, 2, 3, 4):
        chosen = [list(voices[name]) for name in longest[:count]]
        clips = [pieces[i] for i in range(5) for pieces in chosen if i < len(pieces)]
        for music_db in (None, episodes.MUSIC_DB):
            episode = episodes.build(clips, gaps_ms=(250, 600, 120, 900), music_db=music_db)
            under = "no music" if music_db is None else f"music {music_db:.0f} dB"
            _share(f"{count} of the clips, {under}", episode.speech, episode, diarizer)
    _share("3 Kokoro voices, music -16 dB", scene.speech, scene, diarizer)
    sound, _, turns = episodes.dialogue()
    found = diarizer.diarize(sound)
    share = episodes.shares_right(turns, found.turns)
    print(
        f"  {'2 on the telephone, talking fast':34} {share:4.0%}   {len(found.voiceprints)} found"
    )


def _share(name: str, speech: Audio, episode: episodes.Episode, diarizer: Diarizer) -> None:
    started_s = time.perf_counter()
    found = diarizer.diarize(speech)
    factor = (time.perf_counter() - started_s) * 1000 / speech.duration_ms
    share = episodes.shares_right(episode.turns, found.turns)
    print(
        f"  {name:34} {share:4.0%}   {len(found.voiceprints)} found   real-time factor {factor:.2f}"
    )


def _similarities(diarizer: Diarizer) -> None:
    """The voiceprints of one person in two episodes, with other music, against those of two people."""
    prints: list[tuple[str, np.ndarray]] = []
    for tag in ("zh", "en"):
        for clip in episodes.clips(tag):
            middle = clip.audio.frames // 2
            halves = (clip.audio.samples[:middle], clip.audio.samples[middle:])
            for seed, half in enumerate(halves, start=1):
                part = episodes.Clip("", tag, clip.speaker, Audio(half, SPEECH_RATE_HZ))
                prints += _voiceprint(part, seed, diarizer)
    with KokoroSynthesizer() as kokoro:
        for voice in ("kumo", "alpha", "tebukuro", "gongitsune"):
            for seed, lines in enumerate((_SCENE[1:4], _SCENE[4:7]), start=1):
                text = "".join(line for _, line in lines)
                spoken = episodes.at_rate(kokoro.synthesize(text, "zh", voice, 1.0), SPEECH_RATE_HZ)
                prints += _voiceprint(episodes.Clip(text, "zh", voice, spoken), seed, diarizer)
    same, other = [], []
    for index, (name, vector) in enumerate(prints):
        for second, compared in prints[index + 1 :]:
            (same if name == second else other).append(float(vector @ compared))
    print(f"voiceprints across episodes, cosine (threshold {SAME_PERSON})")
    for name, values in (("one person", same), ("two people", other)):
        low, middle, high = np.percentile(values, [5, 50, 95])
        right = np.mean([(v >= SAME_PERSON) == (name == "one person") for v in values])
        print(
            f"  {name}: p5 {low:.2f}   p50 {middle:.2f}   p95 {high:.2f}   right {right:.0%} of {len(values)}"
        )


def _voiceprint(clip: episodes.Clip, seed: int, diarizer: Diarizer) -> list[tuple[str, np.ndarray]]:
    """The print of whoever speaks longest in a clip with music of its own under it."""
    found = diarizer.diarize(episodes.build([clip], seed=seed).speech).voiceprints
    longest = sorted(found, key=lambda one: -one.speech_ms)[:1]
    return [(clip.speaker, np.array(one.embedding)) for one in longest]


def _scene() -> list[episodes.Clip]:
    with KokoroSynthesizer() as kokoro:
        return [
            episodes.Clip(
                text,
                "zh",
                voice,
                episodes.at_rate(kokoro.synthesize(text, "zh", voice, 1.0), SPEECH_RATE_HZ),
            )
            for voice, text in _SCENE
        ]


if __name__ == "__main__":
    main()
