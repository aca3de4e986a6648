"""Sound for engines that listen: a Mandarin sentence of human speech or, where that is not at hand, of Kokoro's."""

from __future__ import annotations

import episodes
import pytest

from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio

SENTENCE = "希望你以后能够做的比我还好呦。"
# Without words that sound alike, such as 的 and 得: between these, two engines may choose otherwise.
SPOKEN_BY_KOKORO = "你为什么现在才告诉我这件事情？"


@pytest.fixture(scope="session")
def scene() -> episodes.Episode:
    """An episode of one sentence, without music."""
    if (episodes.SPEECH_FOLDER / "zh_cosyvoice_zero_shot.flac").exists():
        text, spoken = SENTENCE, episodes.read("zh_cosyvoice_zero_shot.flac")
    else:
        from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer

        with KokoroSynthesizer() as kokoro:
            take = kokoro.synthesize(SPOKEN_BY_KOKORO, "zh", "alpha", 1.0)
        text, spoken = SPOKEN_BY_KOKORO, episodes.at_rate(take, SPEECH_RATE_HZ)
    clip = episodes.Clip(text, "zh", "a", spoken)
    return episodes.build([clip], music_db=None, lead_ms=700)


@pytest.fixture(scope="session")
def spoken_zh(scene: episodes.Episode) -> Audio:
    """One sentence, mono, 16 kHz, with silence around it."""
    return scene.speech


@pytest.fixture(scope="session")
def sentence(scene: episodes.Episode) -> episodes.Line:
    """What is said in it, and when."""
    return scene.lines[0]


@pytest.fixture(scope="session")
def music() -> Audio:
    """Six seconds of music as loud as speech, mono, 16 kHz."""
    sound = Audio(0.1 * episodes.music(6 * MASTER_RATE_HZ), MASTER_RATE_HZ)
    return episodes.at_rate(Audio.of_mono(sound.mono(), MASTER_RATE_HZ), SPEECH_RATE_HZ)
