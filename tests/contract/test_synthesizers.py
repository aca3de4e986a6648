"""One suite over all synthesizers: what the stages may rely on, whoever speaks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest
import tiny

from dubbing.engines import registry
from dubbing.engines.ports import Port, Synthesizer
from dubbing.errors import Rejected
from dubbing.media.takes import trim
from dubbing.model.audio import Audio
from voices import Voice, VoiceBank

_SENTENCES = {
    "ar": "لم أكن أعلم أنك ستعود إلى هذا البيت.",
    "de": "Ich hätte nie gedacht, dass du zurückkommst.",
    "en": "I never thought you would come back to this house.",
    "es": "Nunca pensé que volverías a esta casa.",
    "fr": "Je n'aurais jamais cru que tu reviendrais.",
    "hi": "मैंने कभी नहीं सोचा था कि तुम वापस आओगे।",
    "id": "Aku tidak pernah mengira kamu akan kembali.",
    "it": "Non avrei mai pensato che saresti tornata.",
    "ko": "당신이 돌아올 줄은 정말 몰랐어요.",
    "ms": "Saya tidak sangka awak akan kembali ke sini.",
    "nl": "Ik had nooit gedacht dat je terug zou komen.",
    "pl": "Nigdy nie myślałam, że wrócisz do tego domu.",
    "pt": "Nunca pensei que você voltaria para esta casa.",
    "pt-BR": "Nunca pensei que você voltaria para esta casa.",
    "ru": "Я никогда не думала, что ты вернёшься в этот дом.",
    "sv": "Jag trodde aldrig att du skulle komma tillbaka.",
    "th": "ฉันไม่เคยคิดว่าคุณจะกลับมาที่บ้านหลังนี้",
    "tr": "Bu eve geri döneceğini hiç düşünmemiştim.",
    "uk": "Я ніколи не думала, що ти повернешся.",
    "vi": "Tôi không bao giờ nghĩ rằng anh sẽ quay lại.",
    "zh": "我从来没想过你会回到这个家。",
}
_SPEED_TOLERANCE = 0.07
_AUDIBLE = 0.02  # RMS: -34 dBFS


@dataclass(frozen=True, slots=True)
class Speaking:
    engine: Synthesizer
    voices: list[Voice]
    languages: list[str]

    def __call__(
        self, text: str, language: str = "en", voice: int = 0, speed: float = 1.0
    ) -> Audio:
        return self.engine.synthesize(text, language, self.voices[voice].engine_voice, speed)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            name,
            marks=[pytest.mark.xdist_group(name)]
            + [pytest.mark.models] * name.startswith(("kokoro", "mms"))
            + [pytest.mark.torch] * name.startswith(("xtts", "mms")),
        )
        for name in registry.names(Port.SYNTHESIZER)
    ],
)
def speaking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Speaking]:
    name, languages, count = request.param, None, None
    with pytest.MonkeyPatch.context() as patch:
        if name.startswith("xtts"):
            tiny.install_xtts(tmp_path_factory.mktemp("tiny"), patch)
            languages, count = ["en", "es", "zh"], 3  # those that the tiny one knows
        if name.startswith("mms"):
            tiny.install_mms(tmp_path_factory.mktemp("tiny"), patch)
            count = 3
        with cast("Synthesizer", registry.create(Port.SYNTHESIZER, name)) as engine:
            voices = VoiceBank.shipped().speaking("en", name.partition(":")[0])
            spoken = sorted(engine.info.languages) or ["en", "es"]
            yield Speaking(engine, voices[:count], languages or spoken)


def skip_tiny(speaking: Speaking) -> None:
    """Random weights babble: length, loudness and speed mean nothing."""
    if speaking.engine.info.name.startswith("xtts"):
        pytest.skip("its weights are random here")


def test_it_is_known_by_the_name_it_was_asked_for(speaking: Speaking) -> None:
    info = speaking.engine.info
    assert info.name in registry.names(Port.SYNTHESIZER)
    assert info.port is Port.SYNTHESIZER
    assert registry.missing(info) == []
    assert info == speaking.engine.info


def test_every_language_it_declares_is_spoken(speaking: Speaking) -> None:
    for language in speaking.languages:
        take = speaking(_SENTENCES[language], language)
        assert take.channels == 1
        assert take.samples.dtype == np.float32
        assert take.rate_hz >= 16_000
        assert np.isfinite(take.samples).all()
        assert np.abs(take.samples).max() <= 1.0
        if speaking.engine.info.name.startswith("xtts"):
            continue
        said = trim(take)
        assert 1000 <= said.duration_ms <= 6000, language
        assert np.sqrt(np.mean(said.samples**2)) > _AUDIBLE, language


def test_the_same_call_gives_the_same_samples_from_any_thread(speaking: Speaking) -> None:
    texts = ["No.", _SENTENCES["en"], "Who are you?", _SENTENCES["es"]]
    languages = ["en", "en", "en", "es"]
    alone = [speaking(texts[i], languages[i], i % 3, 1.1) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: speaking(texts[i], languages[i], i % 3, 1.1), range(4)))
    for first, second in zip(alone, together, strict=True):
        np.testing.assert_array_equal(first.samples, second.samples)


@pytest.mark.parametrize(
    ("voice", "language", "speeds"), [(0, "en", (1.15,)), (2, "es", (0.9, 1.3))]
)
def test_the_speed_is_what_was_asked_for(
    speaking: Speaking, voice: int, language: str, speeds: tuple[float, ...]
) -> None:
    skip_tiny(speaking)
    natural = trim(speaking(_SENTENCES[language], language, voice))
    for speed in speeds:
        asked = trim(speaking(_SENTENCES[language], language, voice, speed))
        assert natural.duration_ms / asked.duration_ms == pytest.approx(speed, rel=_SPEED_TOLERANCE)


def test_a_speed_that_nobody_speaks_at_is_refused(speaking: Speaking) -> None:
    for speed in (0.0, -1.0, 10.0):
        with pytest.raises(ValueError, match="speed"):
            speaking("Hello", speed=speed)


@pytest.mark.parametrize("text", ["", "   ", "…", "?!", "(laughs)", "♪"])
def test_nothing_to_say_is_a_short_silence(speaking: Speaking, text: str) -> None:
    take = speaking(text)
    assert 0 < take.duration_ms < 1000
    assert not take.samples.any()


def test_a_long_text_is_spoken_whole(speaking: Speaking) -> None:
    skip_tiny(speaking)
    once = trim(speaking(_SENTENCES["en"], speed=2.0)).duration_ms  # soon done
    long = trim(speaking(" ".join([_SENTENCES["en"]] * 12), speed=2.0)).duration_ms
    assert long == pytest.approx(12 * once, rel=0.25)


def test_each_voice_sounds_its_own(speaking: Speaking) -> None:
    takes = [speaking("Who are you?", voice=i) for i in range(len(speaking.voices))]
    for i, take in enumerate(takes):
        for other in takes[:i]:
            assert take.frames != other.frames or not np.allclose(
                take.samples, other.samples, atol=0.01
            )


def test_what_it_has_not_is_refused(speaking: Speaking) -> None:
    if speaking.engine.info.name == "fake":
        pytest.skip("the fake speaks anything")
    with pytest.raises(Rejected, match="klingon"):
        speaking("Hello", language="klingon")
    for voice in ("nobody", "kumo*0.5", "kumo*0.5+kumo*0.5", "kumo*0.5+nobody*0.5", "m1+f1", ""):
        with pytest.raises(Rejected, match="voice"):
            speaking.engine.synthesize("Hello", "en", voice, 1.0)
