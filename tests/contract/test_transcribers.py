"""What every transcriber must do, whatever network it runs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import partial

import episodes
import full_size
import jiwer
import numpy as np
import pytest
import tiny

from dubbing.engines import fakes
from dubbing.engines.batches import Batches
from dubbing.engines.ports import Port, Transcriber
from dubbing.engines.transcribing import openai_whisper
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.engines.transcribing.hearing import BASE
from dubbing.engines.transcribing.openai_whisper import OpenAIWhisper
from dubbing.engines.transcribing.sensevoice import SenseVoice
from dubbing.engines.transcribing.tokens import spoken_characters
from dubbing.errors import Rejected
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Hearing, Word

_LARGE = partial(FasterWhisper, "large-v3")  # by its own loader, with the base model's weights
_REFERENCE = partial(OpenAIWhisper, "turbo")  # likewise
_PUBLISHED = dict(openai_whisper.HUB)  # before a test puts others in their place
# In one process each, so that the reference hears the sentence once.
_SLOW = [pytest.mark.models, pytest.mark.whisper]
_REAL = [
    pytest.param(SenseVoice, id="sensevoice", marks=pytest.mark.models),
    pytest.param(_LARGE, id="faster-whisper:large-v3", marks=pytest.mark.models),
    pytest.param(FasterWhisper, id="faster-whisper", marks=pytest.mark.models),
    pytest.param(
        OpenAIWhisper, id="openai-whisper", marks=[*_SLOW, pytest.mark.xdist_group("whisper:base")]
    ),
    pytest.param(
        _REFERENCE, id="openai-whisper:turbo", marks=[*_SLOW, pytest.mark.xdist_group("whisper")]
    ),
]


@pytest.fixture(scope="module", params=[pytest.param(fakes.FakeTranscriber, id="fake"), *_REAL])
def transcriber(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Transcriber]:
    if request.param in (OpenAIWhisper, _REFERENCE):
        pytest.importorskip("whisper")
    with pytest.MonkeyPatch.context() as patch:
        if request.param is _LARGE:
            tiny.install_whisper("large-v3", tmp_path_factory.mktemp("large"), patch)
        if request.param is SenseVoice:
            tiny.install_sensevoice(tmp_path_factory.mktemp("sensevoice"), patch)
        if request.param is _REFERENCE:
            tiny.install_openai_whisper("turbo", tmp_path_factory.mktemp("turbo"), patch)
        with request.param() as engine:
            yield engine


def test_it_says_what_it_is(transcriber: Transcriber) -> None:
    info = transcriber.info
    assert info.port is Port.TRANSCRIBER
    assert info.name
    assert info.revision
    assert info.licence
    assert info.covers("zh")
    assert info.covers("en")


@pytest.mark.parametrize("duration_ms", [0, 40, 3000])
def test_silence_has_no_words(transcriber: Transcriber, duration_ms: int) -> None:
    silence = Audio.silence(duration_ms * 16, 1, SPEECH_RATE_HZ)
    assert transcriber.transcribe(silence, "zh") == Hearing()


@pytest.fixture(scope="module")
def hearing(transcriber: Transcriber, spoken_zh: Audio) -> Hearing:
    """Heard once for all tests: the reference takes its time."""
    return transcriber.transcribe(spoken_zh, "zh")


@pytest.fixture(scope="module")
def words(hearing: Hearing) -> tuple[Word, ...]:
    return hearing.words


def test_words_are_in_order_apart_and_inside_the_sound(
    words: tuple[Word, ...], spoken_zh: Audio
) -> None:
    assert words
    edge_ms = 0
    for word in words:
        assert word.span.start_ms >= edge_ms
        edge_ms = word.span.end_ms
        assert word.text.strip()
        assert 0 <= word.confidence <= 1
        assert sum(character.isalnum() for character in word.text) == 1
    assert edge_ms <= spoken_zh.duration_ms


def test_the_same_sound_gives_the_same_words(
    transcriber: Transcriber, hearing: Hearing, spoken_zh: Audio
) -> None:
    assert transcriber.transcribe(spoken_zh, "zh") == hearing


def test_all_speech_has_words_or_is_named(hearing: Hearing) -> None:
    assert hearing.speech
    accounted = [
        *(word.span for word in hearing.words),
        *(one.span for one in hearing.without_words),
    ]
    assert all(any(span.overlap_ms(one) for one in accounted) for span in hearing.speech)


def test_what_no_words_are_made_of_is_named(transcriber: Transcriber, spoken_zh: Audio) -> None:
    """A sentence backwards: it sounds like speech, and nobody can know what it says."""
    backwards = Audio(spoken_zh.samples[::-1].copy(), spoken_zh.rate_hz)
    heard = transcriber.transcribe(backwards, "zh")
    assert heard.speech
    covered = [one.span for one in heard.without_words] + [word.span for word in heard.words]
    assert all(any(span.overlap_ms(one) for one in covered) for span in heard.speech)


@pytest.mark.models
def test_what_is_heard_together_is_heard_as_it_would_be_alone(
    transcriber: Transcriber, spoken_zh: Audio, music: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU several stretches of speech are heard at once: here they are, too."""
    if "whisper" not in transcriber.info.name or transcriber.info.name == "openai-whisper:base":
        pytest.skip("hears one stretch after the other, or is slow and hears as the next one does")
    scene = np.concatenate([spoken_zh.mono(), music.mono(), spoken_zh.mono()[:-16_000]])
    heard = {}
    for size in (1, 2):
        monkeypatch.setattr(transcriber, "_batches", Batches(size))
        heard[size] = transcriber.transcribe(Audio.of_mono(scene, SPEECH_RATE_HZ), "zh").words
    assert len(heard[1]) > 20
    assert [word.text for word in heard[2]] == [word.text for word in heard[1]]
    for together, alone in zip(heard[2], heard[1], strict=True):
        assert abs(together.span.start_ms - alone.span.start_ms) <= 20
        assert together.confidence == pytest.approx(alone.confidence, abs=0.02)


@pytest.mark.models
def test_real_engines_hear_what_is_said_from_where_it_starts(
    transcriber: Transcriber, words: tuple[Word, ...], sentence: episodes.Line
) -> None:
    if transcriber.info.name in ("fake", "sensevoice:small"):
        pytest.skip("what these hear is made up")
    heard = spoken_characters("".join(word.text for word in words))
    assert jiwer.cer(spoken_characters(sentence.text), heard) <= 0.2
    assert abs(words[0].span.start_ms - sentence.span.start_ms) <= 80
    assert abs(words[-1].span.end_ms - sentence.span.end_ms) <= 250


@pytest.mark.models
@pytest.mark.whisper
def test_the_fast_engine_hears_what_the_reference_hears(
    transcriber: Transcriber, words: tuple[Word, ...], spoken_zh: Audio
) -> None:
    if not transcriber.info.name.startswith("openai-whisper:"):
        pytest.skip("compared with the reference's words")
    with FasterWhisper() as fast:
        heard = fast.transcribe(spoken_zh, "zh").words
    assert [word.text for word in heard] == [word.text for word in words]
    apart_ms = [abs(a.span.start_ms - b.span.start_ms) for a, b in zip(heard, words, strict=True)]
    assert max(apart_ms) <= 100


@pytest.mark.models
@pytest.mark.parametrize("engine", [FasterWhisper, OpenAIWhisper])
def test_a_model_without_weights_is_refused_with_those_there_are(engine: type) -> None:
    with pytest.raises(Rejected, match=r"medium.*:base"):
        engine("medium")


@pytest.mark.models
def test_neither_music_nor_noise_has_words(music: Audio) -> None:
    noise = np.random.default_rng(1).normal(size=SPEECH_RATE_HZ * 6) * 0.05
    with FasterWhisper() as transcriber:
        assert transcriber.transcribe(music, "zh").words == ()
        assert transcriber.transcribe(Audio.of_mono(noise, SPEECH_RATE_HZ), "zh").words == ()
        with pytest.raises(Rejected, match="tlh"):
            transcriber.transcribe(music, "tlh")


@pytest.mark.models
@pytest.mark.whisper
def test_what_benchmarks_make_for_faster_whisper_is_what_its_own_converter_makes() -> None:
    torch = pytest.importorskip("torch")
    checkpoint = torch.load(openai_whisper.converted(), weights_only=True)
    state = {name: values.half().numpy() for name, values in checkpoint["model_state_dict"].items()}
    written = io.BytesIO()
    full_size.write_variables(written, state, checkpoint["dims"])
    assert hashlib.sha256(written.getvalue()).hexdigest() == BASE["model.bin"].sha256


@pytest.mark.whisper
@pytest.mark.parametrize("model", ["large-v3", "turbo"])
def test_the_large_models_are_those_that_openai_publishes(model: str) -> None:
    whisper = pytest.importorskip("whisper")
    assert list(_PUBLISHED[model].urls.values()) == [whisper._MODELS[model]]
    (sha256,) = _PUBLISHED[model].files.values()
    assert sha256 is not None
    assert sha256 in whisper._MODELS[model]
