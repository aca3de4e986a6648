"""Single lines through translators: given together as they want it, kept as they come, and none made twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dubbing.engines import lines, registry
from dubbing.engines.fakes import FakeTranslator
from dubbing.engines.ports import EngineInfo, Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.translating.routes import Hop
from dubbing.store.artifacts import ArtifactStore

DIRECT = (Hop("fake", "zh", "en"),)
LINES = [TranslationRequest(f"第{n}句。") for n in range(10)]


class Network(FakeTranslator):
    """The fake translator, asked for three lines at once, and slow enough for others to come meanwhile."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.breaks_at = 0  # calls

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, lines_at_once=3)

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        self.asked.append((target, [request.text for request in requests]))
        if len(self.asked) == self.breaks_at:
            raise RuntimeError("cut off")
        time.sleep(0.01)
        return super().translate(requests, source, target)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    engine = Network()
    monkeypatch.setattr(registry, "create", lambda _port, _name: engine)
    return engine


def test_an_engine_is_given_as_many_lines_at_once_as_it_wants(
    network: Network, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    with Engines() as engines:
        said = lines.translate(
            engines, ArtifactStore(tmp_path), DIRECT, LINES, lambda *done: told.append(done)
        )
    assert [len(texts) for _, texts in network.asked] == [3, 3, 3, 1]
    assert said == FakeTranslator().translate(LINES, "zh", "en")
    assert told == sorted(told)
    assert told[-1] == (10, 10)


def test_what_was_made_before_a_failure_is_not_made_again(network: Network, tmp_path: Path) -> None:
    network.breaks_at = 3
    with Engines() as engines:
        with pytest.raises(RuntimeError, match="cut off"):
            lines.translate(engines, ArtifactStore(tmp_path), DIRECT, LINES)
        lines.translate(engines, ArtifactStore(tmp_path), DIRECT, LINES)
    # The third call was cut off, and is made once more.
    assert [len(texts) for _, texts in network.asked] == [3, 3, 3, 3, 1]


def test_languages_with_the_same_pivot_translate_into_it_once(
    network: Network, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path)
    together = threading.Barrier(3)
    with Engines() as engines, ThreadPoolExecutor(3) as pool:

        def translate(target: str) -> list[Translation]:
            together.wait()
            route = (Hop("fake", "zh", "en"), Hop("fake", "en", target))
            return lines.translate(engines, store, route, LINES)

        list(pool.map(translate, ("pt", "es", "fr")))
    into_pivot = [text for target, texts in network.asked if target == "en" for text in texts]
    assert sorted(into_pivot) == sorted(request.text for request in LINES)
    for target in ("pt", "es", "fr"):
        assert sum(len(texts) for to, texts in network.asked if to == target) == len(LINES)
