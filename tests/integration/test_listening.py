"""What the listening engines hear in episodes whose truth is known."""

from __future__ import annotations

import episodes
import jiwer
import librosa
import numpy as np
import pytest

from dubbing.engines import vad
from dubbing.engines.diarizing import dvector
from dubbing.engines.diarizing.dvector import DVectorDiarizer
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.engines.transcribing.tokens import spoken_characters
from dubbing.model.audio import MASTER_RATE_HZ, SPEECH_RATE_HZ, Audio
from dubbing.model.speech import Turn
from dubbing.model.time import Span

pytestmark = [
    pytest.mark.models,
    pytest.mark.speech,
    pytest.mark.skipif(not episodes.SPEECH_FOLDER.exists(), reason="no human speech at hand"),
]


@pytest.fixture(scope="module")
def episode() -> episodes.Episode:
    """Three people, each clip once, music 18 dB under them."""
    wanted = ("周一到周五", "如果大家", "广州市房地产")
    clips = [clip for clip in episodes.clips("zh") if clip.text.startswith(wanted)]
    assert len(clips) == 3
    return episodes.build(clips)


def test_speech_starts_within_80_ms_of_where_it_does(episode: episodes.Episode) -> None:
    starts = np.array([span.start_ms for span in vad.speech_spans(episode.speech)])
    misses_ms = [int(np.abs(starts - line.span.start_ms).min()) for line in episode.lines]
    assert max(misses_ms) <= 80


def test_music_and_noise_and_silence_are_no_speech() -> None:
    music = Audio(0.1 * episodes.music(8 * MASTER_RATE_HZ), MASTER_RATE_HZ)
    noise = 0.05 * np.random.default_rng(1).normal(size=4 * SPEECH_RATE_HZ)
    for sound in (
        episodes.at_rate(Audio.of_mono(music.mono(), MASTER_RATE_HZ), SPEECH_RATE_HZ),
        Audio.of_mono(noise, SPEECH_RATE_HZ),
        Audio.silence(SPEECH_RATE_HZ, 1, SPEECH_RATE_HZ),
        Audio.silence(0, 1, SPEECH_RATE_HZ),
    ):
        assert vad.speech_spans(sound) == []


def test_words_are_heard_under_music_and_start_where_they_do(episode: episodes.Episode) -> None:
    with FasterWhisper() as transcriber:
        words = transcriber.transcribe(episode.speech, "zh").words
    heard = spoken_characters("".join(word.text for word in words))
    assert jiwer.cer(spoken_characters("".join(line.text for line in episode.lines)), heard) <= 0.2
    starts = np.array([word.span.start_ms for word in words])
    misses_ms = [int(np.abs(starts - line.span.start_ms).min()) for line in episode.lines]
    assert max(misses_ms) <= 80


def test_speakers_are_told_apart_under_music(episode: episodes.Episode) -> None:
    with DVectorDiarizer() as diarizer:
        found = diarizer.diarize(episode.speech)
    assert len(found.voiceprints) == 3
    assert episodes.shares_right(episode.turns, found.turns) >= 0.9
    assert all(60 <= voiceprint.pitch_hz <= 400 for voiceprint in found.voiceprints)


def test_one_speaker_is_one_speaker() -> None:
    clip = next(clip for clip in episodes.clips("zh") if clip.speaker == "MOSS-TTSD zh_spk1")
    with DVectorDiarizer() as diarizer:
        found = diarizer.diarize(episodes.build([clip]).speech)
    assert {turn.speaker for turn in found.turns} == {"s1"}


def test_the_encoder_hears_what_it_was_trained_on() -> None:
    """The mel frontend is that of librosa, which the encoder's own recipe names."""
    samples = np.random.default_rng(3).normal(0, 0.1, 2 * SPEECH_RATE_HZ).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=SPEECH_RATE_HZ,
        n_fft=512,
        win_length=400,
        hop_length=160,
        n_mels=40,
        window="hamming",
    )
    expected = np.log10(power + 1e-10).T
    assert np.allclose(dvector.log_mel(samples)[: len(expected)], expected, atol=1e-4)


def test_the_measure_counts_confusions_and_misses() -> None:
    truth = (Turn("a", Span(0, 1000)), Turn("b", Span(1000, 2000)))
    swapped = (Turn("s2", Span(0, 1000)), Turn("s1", Span(1000, 2000)))
    assert episodes.shares_right(truth, swapped) == pytest.approx(1)
    one = (Turn("s1", Span(0, 2000)),)
    assert episodes.shares_right(truth, one) == pytest.approx(0.5)
    half = (Turn("s1", Span(0, 500)), Turn("s2", Span(1000, 2000)))
    assert episodes.shares_right(truth, half) == pytest.approx(0.75)


def test_english_among_mandarin_is_heard_as_english() -> None:
    mandarin = next(clip for clip in episodes.clips("zh") if clip.text.startswith("周一到周五"))
    english = next(clip for clip in episodes.clips("en") if "fellow Americans" in clip.text)
    first, *_ = episodes.pieces(english)
    episode = episodes.build([mandarin, first, mandarin], gaps_ms=(900,))
    with FasterWhisper() as transcriber:
        hearing = transcriber.transcribe(episode.speech, "zh")
    foreign = [word.text for word in hearing.words if word.language == "en"]
    assert "".join(foreign).strip().startswith("And so my fellow")
    assert sum(word.language == "" for word in hearing.words) > 60
