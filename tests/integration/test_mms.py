"""MMS in the voice of a recording: what of it can be tried with random weights."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from recordings import record

from dubbing.engines import torch_engine
from dubbing.engines.devices import Device
from dubbing.engines.synthesizing import freevc, mms
from dubbing.engines.synthesizing.mms import MmsSynthesizer
from dubbing.errors import Rejected
from dubbing.media import sound
from dubbing.model.time import samples_to_ms

pytestmark = [pytest.mark.torch, pytest.mark.xdist_group("mms:tts")]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        tiny.install_mms(tmp_path_factory.mktemp("tiny"), patch)
        yield mms.MODELS["tts"].folder


@pytest.fixture
def engine(models: Path) -> Iterator[MmsSynthesizer]:
    with MmsSynthesizer() as one:
        yield one


Change = Callable[[str, Callable[[Path], bytes]], None]


@pytest.fixture
def change(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """Has a file hold something else for the length of a test, by somebody who has made its digest fit."""
    before: dict[Path, bytes] = {}

    def one(file: str, how: Callable[[Path], bytes]) -> None:
        path = models / file
        before[path] = path.read_bytes()
        path.write_bytes(how(path))
        monkeypatch.setattr(mms.HubModel, "verify", lambda *_: None)

    yield one
    for path, content in before.items():
        path.write_bytes(content)


@pytest.mark.parametrize("speed", [1.0, 1.15, 0.9])
def test_a_voice_changes_nothing_of_the_time(
    engine: MmsSynthesizer, tmp_path: Path, speed: float
) -> None:
    low = record(tmp_path / "low.wav", 100)
    own = engine.synthesize("You came back. At last!", "en", "own", speed)
    converted = engine.synthesize("You came back. At last!", "en", str(low), speed)
    assert (own.rate_hz, converted.rate_hz) == (16_000, 24_000)
    assert converted.frames == own.frames * 24 // 16
    natural = engine.synthesize("You came back. At last!", "en", "own", 1.0)
    frame_ms = samples_to_ms(256, 16_000)
    assert own.duration_ms == pytest.approx(natural.duration_ms / speed, abs=3 * frame_ms)


def test_a_recording_is_heard_once_and_anew_when_it_was_exchanged(
    engine: MmsSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    decode = sound.decode
    monkeypatch.setattr(sound, "decode", lambda *given: heard.append(given) or decode(*given))
    voice = record(tmp_path / "voice.wav", 100)
    takes = [engine.synthesize(text, "en", str(voice), 1.0) for text in ("Who?", "Me?", "Who?")]
    assert len(heard) == 1
    np.testing.assert_array_equal(takes[0].samples, takes[2].samples)
    record(voice, 330, noise=1.0)
    other = engine.synthesize("Who?", "en", str(voice), 1.0)
    assert len(heard) == 2
    assert np.abs(other.samples - takes[0].samples).max() > 0.01


def test_what_half_the_bits_hear_is_said_as_much_the_same(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU. What is heard in it may differ by what bfloat16 rounds, and it is heard as fast and as long."""
    voice = record(tmp_path / "voice.wav", 100)
    takes, heard = [], []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(torch_engine, "best_device", lambda dtype=dtype: Device("cpu", dtype))
        with MmsSynthesizer() as engine:
            takes.append(engine.synthesize("Who are you?", "en", str(voice), 1.0))
            network = engine._converter._network
            assert {weight.dtype for weight in network.wavlm.encoder.parameters()} == {dtype}
            assert {weight.dtype for weight in network.dec.parameters()} == {torch.float32}
            heard.append(network.extract_wavlm_features(torch.from_numpy(takes[0].mono())[None]))
    assert heard[1].dtype is torch.float32
    likeness = torch.nn.functional.cosine_similarity(*heard, dim=1)
    assert 0.999 < likeness.min() < 1.0
    assert takes[0].frames == takes[1].frames


def test_models_of_languages_come_and_go(engine: MmsSynthesizer) -> None:
    said = {
        language: engine.synthesize("na na na", language, "own", 1.0)
        for language in ("en", "es", "fr", "de", "pt")
    }
    assert list(engine._speakers) == ["fr", "de", "pt"]
    again = engine.synthesize("na na na", "en", "own", 1.0)
    np.testing.assert_array_equal(again.samples, said["en"].samples)


@pytest.mark.parametrize(
    ("language", "text", "letters"),
    [
        ("en", "Room 25!", "room twenty-five"),
        ("es", "Año 3", "año tres"),
        ("id", "25 orang", "dua puluh lima orang"),
        ("vi", "Anh 7", "anh bảy"),
        ("th", "ห้อง 5", "ห้อง ห้า"),
        ("en", "Złoty 沈 ok", "z oty ok"),
        ("en", "Č'est", "c'est"),
        ("en", "沈砚", ""),
        ("th", "...!", ""),
    ],
)
def test_what_is_read_are_letters_that_the_model_knows(
    engine: MmsSynthesizer, language: str, text: str, letters: str
) -> None:
    assert engine._speaker(language).letters(text, language) == letters


def test_a_text_without_a_letter_is_a_short_silence(engine: MmsSynthesizer) -> None:
    take = engine.synthesize("沈砚", "en", "own", 1.0)
    assert take.duration_ms == 200
    assert not take.samples.any()


def test_a_model_that_reads_romanized_text_is_refused(change: Change) -> None:
    change("models/fra/config.json", romanized)
    with MmsSynthesizer() as engine, pytest.raises(Rejected, match="romanized"):
        engine.synthesize("Qui ?", "fr", "own", 1.0)


class _Hostile:
    def __init__(self, to: Path) -> None:
        self.to = to

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.to,))


@pytest.mark.parametrize(
    "file", ["models/eng/G_100000.pth", "freevc-24.pth", "WavLM-Large.pt", "speaker_encoder.pt"]
)
def test_no_checkpoint_runs_code(change: Change, tmp_path: Path, file: str) -> None:
    hostile = pickle.dumps(_Hostile(tmp_path / "ran"), protocol=2)
    change(file, lambda _: hostile)
    voice = record(tmp_path / "voice.wav", 100)
    with MmsSynthesizer() as engine, pytest.raises(Rejected, match="run code"):
        engine.synthesize("Who?", "en", str(voice), 1.0)
    assert not (tmp_path / "ran").exists()


def test_layers_that_would_be_run_are_refused(change: Change, tmp_path: Path) -> None:
    """WavLM's own code evaluates what its checkpoint calls its layers."""

    def hostile(path: Path) -> bytes:
        checkpoint = torch.load(path, weights_only=True)
        checkpoint["cfg"]["conv_feature_layers"] = f"open({str(tmp_path / 'ran')!r}, 'w') or []"
        torch.save(checkpoint, tmp_path / "hostile.pt")
        return (tmp_path / "hostile.pt").read_bytes()

    change("WavLM-Large.pt", hostile)
    voice = record(tmp_path / "voice.wav", 100)
    with MmsSynthesizer() as engine, pytest.raises(Rejected, match="would be run"):
        engine.synthesize("Who?", "en", str(voice), 1.0)
    assert not (tmp_path / "ran").exists()


def test_weights_of_something_else_are_refused(change: Change, tmp_path: Path) -> None:
    def other(path: Path) -> bytes:
        checkpoint = torch.load(path, weights_only=True)
        checkpoint["model"]["enc_q.surplus"] = checkpoint["model"].pop("dec.conv_pre.weight")
        torch.save(checkpoint, tmp_path / "other.pth")
        return (tmp_path / "other.pth").read_bytes()

    change("freevc-24.pth", other)
    voice = record(tmp_path / "voice.wav", 100)
    with (
        MmsSynthesizer() as engine,
        pytest.raises(Rejected, match=r"without dec\.conv_pre\.weight, and with enc_q\.surplus"),
    ):
        engine.synthesize("Who?", "en", str(voice), 1.0)


def test_all_that_is_fetched_from_elsewhere_has_an_address() -> None:
    assert set(freevc.URLS) == set(freevc.FILES)


def romanized(path: Path) -> bytes:
    document = json.loads(path.read_text())
    document["data"]["training_files"] = "train.ltr.uroman"
    return json.dumps(document).encode()
