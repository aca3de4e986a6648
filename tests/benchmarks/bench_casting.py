"""How well a series is cast: who is who over ten episodes, and whether anybody's voice ever changes.

The series is made of three people's human speech and four voices of Kokoro, with music 18 dB under them. One person has a
third of the lines and the least a few of them, and not all are in every episode. Human clips are short, so a
person says the same again in another episode, under other music. Run it from the root of the checkout:
python tests/benchmarks/bench_casting.py
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import episodes
import numpy as np

from dubbing.engines.diarizing.dvector import DVectorDiarizer
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.dub import Cast
from dubbing.model.speech import Diarization
from dubbing.model.time import Span
from dubbing.stages.cast import give_voices
from dubbing.stages.identify import add_episode
from voices import VoiceBank

_EPISODES = 10
_LINES_AN_EPISODE = 16
# How often each speaks, and in which episodes.
_SHARES = {
    "hero (kumo)": (30, range(1, 11)),
    "heroine (alpha)": (25, range(1, 11)),
    "rival (human 2)": (15, range(2, 11)),
    "mother (nezumi)": (10, range(1, 10, 2)),
    "brother (human 1)": (9, range(3, 11, 2)),
    "maid (tebukuro)": (6, range(4, 11, 3)),
    "boss (human 3)": (5, (2, 6, 10)),
}
_TEXTS = (
    "你为什么现在才告诉我这件事情？", "我不是故意瞒着你的，那天晚上我真的没有办法。", "够了，从今天开始，我们之间没有任何关系了。",
    "妈妈说得对，我根本就不应该相信你这种人。", "你听我解释，事情不是你想的那样。", "三年前的那场车祸，根本就不是意外。",
    "你说什么？你再说一遍。", "害死你父亲的人，就站在你的面前。", "别听她的，她在骗你，我什么都没有做过。",
    "把合同拿出来，我要亲眼看一看。", "文件都在这里，你自己看清楚吧。", "求求你，再给我一次机会，我会证明给你看。",
    "董事会已经决定了，明天就宣布新的人选。", "她才是沈家真正的大小姐，你不过是个冒牌货。", "这个孩子，不是你的。",
    "从你走进这个家门的那一天起，我就没打算让你好好出去。", "你放开我，我自己会走。", "今天的晚宴，谁都不许缺席。",
    "医生说，她可能再也醒不过来了。", "我等了你整整三年，你就这样回来吗？",
)  # fmt: skip


def main() -> None:
    started_s = time.perf_counter()
    series = list(_series())
    diarized, same_person = _heard(series)
    spoken_s = sum(e.audio.duration_ms for e in series) / 1000
    print(
        f"{len(series)} episodes, {spoken_s:.0f} s, made and heard in {time.perf_counter() - started_s:.0f} s"
    )
    casts = _arrived(diarized, same_person)
    _who_is_who(series, diarized, casts[-1])
    given = _voices(casts)
    _rerun(casts[-1], given, _arrived(*_heard(series))[-1])


def _heard(series: Sequence[episodes.Episode]) -> tuple[list[Diarization], float]:
    """What a diarizer that was just loaded hears in each episode, and from what likeness on it is one person."""
    with DVectorDiarizer() as diarizer:
        return [diarizer.diarize(episode.speech) for episode in series], diarizer.same_person


def _arrived(diarized: Sequence[Diarization], same_person: float) -> list[Cast]:
    """The cast after each episode, as they arrive one after another."""
    casts = [Cast(())]
    for number, one in enumerate(diarized, start=1):
        casts.append(add_episode(casts[-1], number, one.voiceprints, same_person))
    return casts[1:]


def _who_is_who(
    series: Sequence[episodes.Episode], diarized: Sequence[Diarization], cast: Cast
) -> None:
    together: Counter[tuple[str, str]] = Counter()
    right = []
    for number, (episode, found) in enumerate(zip(series, diarized, strict=True), start=1):
        names = {
            a.speaker: character.name
            for character in cast.characters
            for a in character.appearances
            if a.episode == number
        }
        for turn in episode.turns:
            for heard in found.turns:
                overlap_ms = turn.span.overlap_ms(heard.span)
                if overlap_ms:
                    together[turn.speaker, names[heard.speaker]] += overlap_ms
        right.append(episodes.shares_right(episode.turns, found.turns))
    total = together.total()
    characters = {found for _, found in together}
    pure = sum(max(n for (_, f), n in together.items() if f == found) for found in characters)
    complete = sum(max(n for (t, _), n in together.items() if t == true) for true in _SHARES)
    print(f"speakers right within an episode {np.mean(right):.1%}")
    print(
        f"characters {len(characters)} for {len(_SHARES)} people; purity {pure / total:.1%}, completeness {complete / total:.1%}"
    )
    for true in _SHARES:
        shares = {f: n for (t, f), n in together.most_common() if t == true}
        all_ms = sum(shares.values())
        print(
            f"  {true:18} {all_ms / 1000:5.0f} s  "
            + "  ".join(f"{f} {n / all_ms:.0%}" for f, n in shares.items() if n / all_ms > 0.005)
        )


def _voices(casts: Sequence[Cast]) -> dict[str, str]:
    """Each character's voice, given as the episodes arrive."""
    voices = VoiceBank.shipped().speaking("en", "kokoro")
    changed = 0
    given: dict[str, str] = {}
    for cast in casts:
        now = give_voices(cast, cast, voices)
        changed += sum(now[name] != voice for name, voice in given.items())
        given = now
    shared = sum(
        n - 1
        for number in range(1, len(casts) + 1)
        for n in Counter(
            given[c.name]
            for c in casts[-1].characters
            if any(a.episode == number for a in c.appearances)
        ).values()
    )
    print(
        f"voices: {len(voices)} for {len(given)} characters; changed when an episode arrived: {changed}; shared by two of an episode: {shared}"
    )
    return given


def _rerun(cast: Cast, given: Mapping[str, str], again: Cast) -> None:
    """Whether anybody has another voice when the whole series is heard and cast anew, all episodes at once: from
    nothing, and beside the voices as they were published."""
    voices = VoiceBank.shipped().speaking("en", "kokoro")
    before = _heard_with(cast, given)
    for what, published in (("from nothing", None), ("with what was published", given)):
        now = _heard_with(again, give_voices(again, again, voices, published))
        changed = sum(now.get(speaker) != voice for speaker, voice in before.items())
        print(
            f"rerun {what}: {changed} of {len(before)} speakers of episodes have another voice, {len(now.keys() - before.keys())} are new"
        )


def _heard_with(cast: Cast, given: Mapping[str, str]) -> dict[tuple[int, str], str]:
    """The voice of each episode's speakers."""
    return {(a.episode, a.speaker): given[c.name] for c in cast.characters for a in c.appearances}


def _series() -> Iterator[episodes.Episode]:
    human = {clip.speaker: clip for tag in ("zh", "en") for clip in episodes.clips(tag)}
    people = {
        "rival (human 2)": _cut(human["MOSS-TTSD zh_spk2"]),
        "brother (human 1)": _cut(human["MOSS-TTSD zh_spk1"]),
        "boss (human 3)": _cut(human["LibriSpeech 1995"]),  # who speaks English
    }
    bank = VoiceBank.shipped()
    random = np.random.default_rng(7)
    with KokoroSynthesizer() as kokoro:
        for number in range(1, _EPISODES + 1):
            present = [name for name, (_, when) in _SHARES.items() if number in when]
            shares = np.array([_SHARES[name][0] for name in present], dtype=float)
            order = list(
                random.choice(present, _LINES_AN_EPISODE - len(present), p=shares / shares.sum())
            )
            order += present  # whoever is there says something
            random.shuffle(order)
            lines = []
            for index, name in enumerate(order):
                if name in people:  # nobody says the same twice in an episode
                    again = sum(line.speaker == name for line in lines)
                    if again < len(people[name]):
                        piece = people[name][(again + number) % len(people[name])]
                        lines.append(episodes.Clip("", "zh", name, piece))
                    continue
                text = _TEXTS[(number * 7 + index * 3) % len(_TEXTS)]
                voice = name.partition("(")[2][:-1]
                style = bank.get(voice).engine_voice if voice != "alpha" else "alpha"
                speed = float(random.uniform(0.9, 1.1))
                spoken = kokoro.synthesize(text, "zh", style, speed)
                lines.append(
                    episodes.Clip(text, "zh", name, episodes.at_rate(spoken, SPEECH_RATE_HZ))
                )
            gaps = [int(g) for g in random.integers(150, 900, 5)]
            yield episodes.build(lines, gaps_ms=gaps, seed=number)


def _cut(clip: episodes.Clip, length_ms: int = 2200) -> list[Audio]:
    """A clip without its pauses, in lines of some two seconds."""
    parts = [piece.audio for piece in episodes.pieces(clip)]
    starts = [(part, at) for part in parts for at in range(0, part.duration_ms - 1000, length_ms)]
    return [part.cut(Span(at, min(at + length_ms, part.duration_ms))) for part, at in starts]


if __name__ == "__main__":
    main()
