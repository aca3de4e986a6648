"""What every separator must do, whether it separates or not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dubbing.engines import fakes
from dubbing.engines.ducking import NoSeparation
from dubbing.engines.ports import Port, Separator
from dubbing.model.audio import MASTER_RATE_HZ, Audio


@pytest.fixture(
    params=[
        pytest.param(fakes.FakeSeparator, id="fake"),
        pytest.param(NoSeparation, id="none"),
    ]
)
def separator(request: pytest.FixtureRequest) -> Iterator[Separator]:
    with request.param() as engine:
        yield engine


def test_it_says_what_it_is(separator: Separator) -> None:
    assert separator.info.port is Port.SEPARATOR
    assert separator.info.name
    assert separator.info.revision


@pytest.mark.parametrize("frames", [0, 1, 48_000])
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
