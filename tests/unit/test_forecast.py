"""How long a run is expected to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.ports import EngineInfo, Port
from dubbing.making.speeds import read_speeds, remember_speeds
from dubbing.model.cue import CueRules
from dubbing.model.episode import Release
from dubbing.model.job import Job, LoudnessTarget, Profile
from dubbing.model.language import Language
from dubbing.planning.forecast import forecast, makespan, speed_key
from dubbing.planning.graph import Node, Plan
from dubbing.stages import Per, Stage

PROFILE = Profile(
    "local", "none", "dvector", "faster-whisper:base", ("llama:qwen2.5-coder-1.5b", "bergamot:base"),
    ("kokoro:82m", "espeak-ng"), loudness=LoudnessTarget(-14.0, 1.0, -1.0),
)  # fmt: skip


def node(key: str, *needs: Node, stage: str = "mix", episode: int = 1, per: Per = Per.LANGUAGE) -> Node:  # fmt: skip
    inputs = {given.key: given for given in needs}
    return Node(stage, Stage(per, (), ()), episode, "en", "ep", "ep", key, key, inputs, lambda _: None)  # fmt: skip


def plan(*engines: tuple[Port, str]) -> Plan:
    chinese = Language("zh", "Chinese", "中文", "zho", 4.5, CueRules(16, 9.0))
    infos = tuple(EngineInfo(name, port, "1", frozenset(), "MIT", True) for port, name in engines)
    job = Job((1, 2), ("en",), frozenset(), PROFILE)
    return Plan(Release("r", "R", Path("r"), "zh", ()), job, chinese, {}, (), infos, {}, {}, "k")


def test_what_waits_for_nothing_runs_at_the_same_time_as_far_as_there_are_workers() -> None:
    nodes = [node(str(i)) for i in range(6)]
    seconds = {one.key: 10.0 for one in nodes}
    assert [makespan(nodes, seconds, workers) for workers in (1, 2, 4, 8)] == [60, 30, 20, 10]


def test_what_waits_for_another_runs_after_it() -> None:
    first = node("first")
    nodes = [node("last", node("middle", first)), first, *(node(f"other {i}") for i in range(3))]
    nodes.insert(0, next(iter(nodes[0].inputs.values())))  # type: ignore[arg-type]
    assert makespan(nodes, {one.key: 5.0 for one in nodes}, 8) == 15
    assert makespan([], {}, 2) == 0


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(1, 6))
def test_it_takes_no_less_than_its_share_and_no_more_than_all(seconds: list[float], workers: int) -> None:  # fmt: skip
    nodes: list[Node] = []
    for i in range(len(seconds)):
        nodes.append(node(str(i), *nodes[-1:] if i % 3 else ()))
    node_s = {one.key: took for one, took in zip(nodes, seconds, strict=True)}
    found = makespan(nodes, node_s, workers)
    assert max(seconds) - 1e-6 <= found <= sum(seconds) + 1e-6
    assert found >= sum(seconds) / workers - 1e-6


def test_a_series_of_80_episodes_in_5_languages_is_forecast_at_once() -> None:
    nodes = [node(f"{e} {n}", episode=e) for e in range(80) for n in range(40)]
    assert makespan(nodes, {one.key: 2.0 for one in nodes}, 8) == 80 * 40 * 2 / 8


def test_a_speed_is_of_a_second_of_the_episode_or_of_the_series() -> None:
    one, whole = node("a", episode=2), node("b", stage="names", per=Per.SERIES)
    found = forecast(
        plan(),
        [one, whole],
        {1: 60.0, 2: 90.0},
        {speed_key(one, PROFILE): 0.5, speed_key(whole, PROFILE): 0.1},
        1,
    )
    assert found.node_s == {"a": 45.0, "b": 15.0}
    assert (found.total_s, found.measured, found.unknown) == (60.0, True, ())


def test_without_a_measure_the_slowest_engine_of_the_job_counts() -> None:
    work = [node("a", stage="translate"), node("b", stage="synthesize")]
    few = plan((Port.TRANSLATOR, "bergamot:base"), (Port.SYNTHESIZER, "espeak-ng"))
    more = plan(
        *((e.port, e.name) for e in few.engines), (Port.TRANSLATOR, "llama:qwen2.5-coder-1.5b")
    )
    quick, slow = (forecast(one, work, {1: 100.0}, {}, 1) for one in (few, more))
    assert not quick.measured
    assert slow.node_s["a"] > 2 * quick.node_s["a"] > 0
    assert slow.node_s["b"] == quick.node_s["b"]


@pytest.mark.parametrize("name", ["endpoint:mine", "madlad:3b", "a-new-one"])
def test_what_nothing_is_known_of_is_named(name: str) -> None:
    found = forecast(
        plan((Port.TRANSLATOR, name)), [node("a", stage="translate")], {1: 60.0}, {}, 1
    )
    assert found.unknown == (f"translate ({name})",)
    assert forecast(plan(), [node("a", stage="new")], {1: 60.0}, {}, 1).unknown == ("new",)


def test_speeds_are_remembered_by_what_did_the_work(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "speeds.json"
    assert read_speeds(file) == {}
    spoken = node("a", stage="synthesize")
    remember_speeds(file, plan(), {1: 50.0}, [(spoken, 100.0), (node("m"), 5.0)])
    assert read_speeds(file) == {
        "synthesize en kokoro:82m espeak-ng": 2.0,
        "mix en": 0.1,
    }
    other = replace(PROFILE, synthesizers=("xtts:v2",))
    assert speed_key(spoken, other) not in read_speeds(file)


def test_a_corrected_line_does_not_make_a_stage_seem_fast(tmp_path: Path) -> None:
    file = tmp_path / "speeds.json"
    one = node("m")
    for seconds in (60.0, 0.1, 60.0, 0.1, 0.1):
        remember_speeds(file, plan(), {1: 60.0}, [(one, seconds)])
    assert read_speeds(file)["mix en"] == pytest.approx(2 / 3, abs=0.01)
    for _ in range(100):
        remember_speeds(file, plan(), {1: 60.0}, [(one, 120.0)])
    assert read_speeds(file)["mix en"] == 2.0
    file.write_text("{")
    assert read_speeds(file) == {}
