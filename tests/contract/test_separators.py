"""What every separator must do, whether it separates or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines import fakes
from dubbing.engines.ports import Port, Separator
from dubbing.engines.separating.demucs import DemucsSeparator, stretch_starts
from dubbing.engines.separating.ducking import NoSeparation
from dubbing.errors import Rejected
from dubbing.formats.digest import sha256_of
from dubbing.model.audio import MASTER_RATE_HZ, Audio


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(fakes.FakeSeparator, id="fake"),
        pytest.param(NoSeparation, id="none"),
        pytest.param(DemucsSeparator, id="demucs", marks=pytest.mark.torch),
    ],
)
def separator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Separator]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param is DemucsSeparator:
            tiny.install_demucs(tmp_path_factory.mktemp("demucs"), patch)
        with request.param() as engine:
            yield engine


def test_it_says_what_it_is(separator: Separator) -> None:
    assert separator.info.port is Port.SEPARATOR
    assert separator.info.name
    assert separator.info.revision


@pytest.mark.parametrize("frames", [0, 1, 48_000, 250_001])
def test_the_parts_have_the_shape_of_the_whole_and_add_up_to_it(
    separator: Separator, frames: int
) -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, (frames, 2)).astype(np.float32)
    whole = Audio(samples.copy(), MASTER_RATE_HZ)
    parts = separator.separate(whole)
    assert np.array_equal(whole.samples, samples), "what is separated is left as it was"
    if parts is None:
        return
    for part in (parts.speech, parts.bed):
        assert (part.frames, part.channels, part.rate_hz) == (frames, 2, MASTER_RATE_HZ)
    assert np.allclose(parts.speech.samples + parts.bed.samples, samples, atol=1e-3)


def test_without_a_separation_whoever_asks_is_told_so() -> None:
    with NoSeparation() as separator:
        assert separator.separate(Audio.silence(100, 2, MASTER_RATE_HZ)) is None
        assert separator.info.name == "none"


def test_the_same_sound_gives_the_same_parts(separator: Separator) -> None:
    samples = np.random.default_rng(3).normal(0, 0.1, (100_000, 2)).astype(np.float32)
    first, again = (separator.separate(Audio(samples, MASTER_RATE_HZ)) for _ in range(2))
    if first is not None and again is not None:
        assert np.array_equal(first.speech.samples, again.speech.samples)


def test_silence_stays_silent(separator: Separator) -> None:
    parts = separator.separate(Audio.silence(48_000, 2, MASTER_RATE_HZ))
    assert parts is None or not parts.speech.samples.any()


@given(st.integers(0, 10_000), st.integers(1, 500))
def test_stretches_cover_the_sound_and_overlap(frames: int, size: int) -> None:
    starts = stretch_starts(frames, size)
    assert starts[0] == 0
    assert max(0, frames - size) == starts[-1]
    steps = np.diff(starts)
    assert all(0 < step <= max(1, round(size * 0.75)) for step in steps)


@pytest.mark.torch
def test_what_does_not_fit_is_worked_in_halves_and_sounds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    tiny.install_demucs(tmp_path / "cache", monkeypatch)
    samples = np.random.default_rng(4).normal(0, 0.1, (400_000, 2)).astype(np.float32)
    with DemucsSeparator() as engine:
        whole = engine.separate(Audio(samples, MASTER_RATE_HZ))
        network, sizes = engine.network, []

        class Small(torch.nn.Module):
            """A GPU that has room for one stretch."""

            samplerate, segment, sources = network.samplerate, network.segment, network.sources

            def forward(self, stretches: torch.Tensor) -> torch.Tensor:
                sizes.append(len(stretches))
                if len(stretches) > 1:
                    raise torch.cuda.OutOfMemoryError("out of memory")
                return network(stretches)

        engine._loaded = (Small(), engine.device)
        parts = engine.separate(Audio(samples, MASTER_RATE_HZ))
        assert sizes[:3] == [4, 2, 1]
        assert sizes.count(4) == 1, "memory runs out once, not each time"
    assert parts is not None
    assert whole is not None
    assert np.allclose(parts.speech.samples, whole.speech.samples, atol=1e-5)


@pytest.mark.torch
def test_stretches_are_put_together_as_demucs_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from demucs.apply import apply_model

    tiny.install_demucs(tmp_path / "cache", monkeypatch)
    with DemucsSeparator() as engine:
        size = int(engine.network.samplerate * engine.network.segment)
        stride = round(size * 0.75)
        heard = np.random.default_rng(5).normal(0, 1, (size + 2 * stride, 2)).astype(np.float32)
        ours = engine._voices(heard)
        mix = torch.from_numpy(heard.T[np.newaxis].copy())
        theirs = apply_model(engine.network, mix, shifts=0)[0, -1].numpy().T
    # Demucs then adds a stretch that is mostly silence, which changes the last one's second half.
    assert np.allclose(ours[: 3 * stride], theirs[: 3 * stride], atol=1e-4)
    assert ours.std() > 1e-3


@pytest.mark.torch
def test_a_file_that_names_another_class_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    tiny.install_demucs(tmp_path / "cache", monkeypatch)
    engine = DemucsSeparator()
    (file,) = engine.hub.files
    path = engine.hub.folder / file
    hostile = {"klass": "pathlib.Path", "args": "[]", "kwargs": "{}"}
    save_file(load_file(path), path, hostile)
    record = engine.hub.folder / "digests.json"
    record.write_text(json.dumps({file: sha256_of(path)}))
    with pytest.raises(Rejected, match=r"run code.*pathlib\.Path"), engine:
        pass
