"""The embedded engines in too little memory for all of them: they come and go, and say the same as before."""

from __future__ import annotations

import numpy as np
import pytest

from dubbing.engines.ports import Port, TranslationRequest
from dubbing.engines.registry import Engines, create, names

LINE = [TranslationRequest("You came back at last.")]


def test_every_engine_with_weights_says_what_it_takes() -> None:
    without = {"none", "fake", "espeak-ng", "openai:<model>"}
    for port in Port:
        for name in names(port):
            memory_mb = create(port, name).info.memory_mb
            assert (memory_mb == 0) == (name in without), name


@pytest.mark.models
@pytest.mark.xdist_group("kokoro:82m")
def test_they_take_turns_and_say_the_same() -> None:
    def speak() -> np.ndarray:
        with engines.synthesizer("kokoro:82m") as kokoro:
            return kokoro.synthesize("Who are you?", "en", "kumo", 1.0).samples

    def translate() -> str:
        with engines.translator("bergamot:base") as bergamot:
            return bergamot.translate(LINE, "en", "pt-BR")[0].text

    def loaded() -> list[str]:
        return [name for name in engines.usage if engines.resident_mb(name)]

    with Engines(memory_mb=400) as engines:
        spoken, translated = speak(), translate()
        assert loaded() == ["translator bergamot:base"]
        np.testing.assert_array_equal(speak(), spoken)
        assert loaded() == ["synthesizer kokoro:82m"]
        assert translate() == translated
        assert {use.loads for use in engines.usage.values()} == {2}
