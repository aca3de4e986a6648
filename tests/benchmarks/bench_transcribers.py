"""faster-whisper against openai-whisper: the same weights, the same sound, in the same run.

Run it from the root of the checkout: python tests/benchmarks/bench_transcribers.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import episodes
import jiwer
from bench_hearing import word_errors

from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.engines.transcribing.openai_whisper import OpenAIWhisper
from dubbing.engines.transcribing.tokens import spoken_characters
from dubbing.model.speech import Word

_FAR_FIELD = (
    "unknown (far-field meeting)"  # nobody, nor base, understands it well: noise, not a measure
)


def main() -> None:
    engines = (FasterWhisper(), OpenAIWhisper())
    busy_s = dict.fromkeys((engine.info.name for engine in engines), 0.0)
    for tag in ("zh", "en"):
        clips = [clip for clip in episodes.clips(tag) if clip.speaker != _FAR_FIELD]
        episode = episodes.build(clips, music_db=None)
        lines = [line.text for line in episode.lines]
        heard: list[str] = []
        for engine in engines:
            with engine:
                started_s = time.perf_counter()
                words = engine.transcribe(episode.speech, tag).words
                took_s = time.perf_counter() - started_s
            busy_s[engine.info.name] += took_s
            heard.append(_text(words))
            measure, error = word_errors(words, lines, tag)
            print(
                f"{tag} {engine.info.name:20} {measure} {error:6.1%}   {took_s:6.1f} s"
                f" for {episode.audio.duration_ms / 1000:.1f} s"
            )
        fast, reference = heard
        print(f"{tag} one against the other: CER {jiwer.cer(reference, fast):.1%}")
    fast_s, reference_s = busy_s.values()
    print(f"faster-whisper is {reference_s / fast_s:.1f} times as fast")


def _text(words: tuple[Word, ...]) -> str:
    return spoken_characters("".join(word.text for word in words))


if __name__ == "__main__":
    main()
