"""XTTS: what of it can be tried with random weights."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from recordings import record

from dubbing.engines.synthesizing import xtts
from dubbing.engines.synthesizing.xtts import XttsSynthesizer
from dubbing.media import sound

pytestmark = [pytest.mark.torch, pytest.mark.xdist_group("xtts:v2")]

_VOICE = "Viktor Eka"
_LINES = ["No.", "I never thought you would come back to this house.", "Who are you?", "At last!"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        tiny.install_xtts(tmp_path_factory.mktemp("tiny"), patch)
        yield xtts.MODELS["v2"].folder


@pytest.fixture
def engine(models: Path) -> Iterator[XttsSynthesizer]:
    with XttsSynthesizer() as one:
        yield one


@pytest.fixture
def chosen(engine: XttsSynthesizer, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts of each call that chose codes."""
    calls: list[list[str]] = []
    choose = engine._choose

    def one(pieces: list[xtts._Piece]) -> list[torch.Tensor]:
        calls.append([piece.text for piece in pieces])
        return choose(pieces)

    monkeypatch.setattr(engine, "_choose", one)
    return calls


@pytest.mark.parametrize("text", _LINES)
def test_without_sampling_it_says_what_the_library_says(
    engine: XttsSynthesizer, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(xtts._Draws, "__call__", lambda _self, _ids, scores: scores)
    said = engine.synthesize(text, "en", _VOICE, 1.0)
    theirs = engine.network.inference(
        text,
        "en",
        *engine.network.speaker_manager.speakers[_VOICE].values(),
        do_sample=False,
        repetition_penalty=float(engine.network.config.repetition_penalty),
    )
    np.testing.assert_allclose(said.mono(), np.clip(theirs["wav"], -1, 1), atol=1e-6)


def test_lines_of_several_threads_are_spoken_together_and_as_alone(
    engine: XttsSynthesizer, chosen: list[list[str]]
) -> None:
    alone = [engine.synthesize(text, "en", _VOICE, 1.0) for text in _LINES]
    assert chosen == [[text] for text in _LINES]
    chosen.clear()
    engine._said.clear()
    # All have asked before the first call begins.
    with ThreadPoolExecutor(len(_LINES)) as pool:
        with engine._together._turn:
            asked = [pool.submit(engine.synthesize, text, "en", _VOICE, 1.0) for text in _LINES]
            while len(engine._together._waiting) < len(_LINES):
                threading.Event().wait(0.01)
        together = [one.result() for one in asked]
    assert [sorted(call) for call in chosen] == [sorted(_LINES)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_another_speed_says_the_same_codes(
    engine: XttsSynthesizer, chosen: list[list[str]]
) -> None:
    natural = engine.synthesize(_LINES[1], "en", _VOICE, 1.0)
    faster = engine.synthesize(_LINES[1], "en", _VOICE, 1.25)
    engine.synthesize(_LINES[1], "en", "Sofia Hellen", 1.0)
    assert len(chosen) == 2
    assert faster.duration_ms == pytest.approx(natural.duration_ms / 1.25, rel=0.05)


def test_a_long_text_is_said_in_pieces_that_are_chosen_together(
    engine: XttsSynthesizer, chosen: list[list[str]]
) -> None:
    engine.synthesize(" ".join(_LINES * 4), "en", _VOICE, 1.0)
    (pieces,) = chosen
    assert len(pieces) > 1
    assert " ".join(pieces) == " ".join(_LINES * 4)


def test_codes_are_drawn_by_their_odds() -> None:
    odds = torch.tensor([0.5, 0.3, 0.2, 0.0])
    drawn: Counter[int] = Counter()
    for text in range(200):
        draws = xtts._Draws([f"{text}", "another"])
        for _ in range(20):
            drawn[int(draws(None, odds.log().expand(2, -1)).argmax(dim=1)[0])] += 1
    assert drawn[3] == 0
    for code in range(3):
        assert drawn[code] / drawn.total() == pytest.approx(float(odds[code]), abs=0.03)


def test_what_does_not_fit_is_halved_and_said_all_the_same(
    engine: XttsSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = engine._choose

    def one(pieces: list[xtts._Piece]) -> list[torch.Tensor]:
        if len(pieces) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return choose(pieces)

    text = " ".join(_LINES * 4)
    whole = engine.synthesize(text, "en", _VOICE, 1.0)
    engine._said.clear()
    monkeypatch.setattr(engine, "_choose", one)
    np.testing.assert_array_equal(engine.synthesize(text, "en", _VOICE, 1.0).samples, whole.samples)
    assert engine._batches.size <= 2


def test_a_recording_is_heard_once_and_anew_when_it_was_exchanged(
    engine: XttsSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    decode = sound.decode
    monkeypatch.setattr(sound, "decode", lambda *given: heard.append(given) or decode(*given))
    voice = record(tmp_path / "voice.wav", 100)
    first = engine.synthesize("Who?", "en", str(voice), 1.0)
    engine.synthesize("Me?", "en", str(voice), 1.0)
    assert len(heard) == 1
    record(voice, 330)
    other = engine.synthesize("Who?", "en", str(voice), 1.0)
    assert len(heard) == 2
    assert first.frames != other.frames or np.abs(first.samples - other.samples).max() > 0.001
