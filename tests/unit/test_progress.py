"""What a terminal, or a pipe, is shown while a run is at work."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console

from dubbing.cli.progress import RunProgress, duration
from dubbing.errors import Rejected
from dubbing.planning.graph import Node
from dubbing.stages import Per, Stage

LANGUAGES = ("en", "es-419", "pt-BR", "zh-Hant-HK", "sr-Latn-RS")


def node(episode: int, stage: str, language: str | None = None) -> Node:
    key = f"{episode} {stage} {language}"
    name, says = f"ep{episode:02d}", Stage(Per.EPISODE, (), ())
    return Node(stage, says, episode, language, name, name, key, key, {}, lambda _: None)


def series(episodes: int, languages: Sequence[str]) -> list[Node]:
    return [
        made
        for episode in range(1, episodes + 1)
        for made in (
            node(episode, "transcribe"),
            *(node(episode, "synthesize", language) for language in languages),
        )
    ]


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def terminal(rows: int, columns: int = 80) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=columns, height=rows, legacy_windows=False
    )


def shown(progress: RunProgress, console: Console) -> list[str]:
    lines = console.render_lines(progress.rows(), console.options, pad=False)
    return ["".join(segment.text for segment in line) for line in lines]


@pytest.mark.parametrize("rows", [24, 10, 6])
@pytest.mark.parametrize(("episodes", "workers"), [(1, 2), (80, 8), (80, 64), (9999, 400)])
def test_it_fits_the_terminal(rows: int, episodes: int, workers: int, clock: Clock) -> None:
    console = terminal(rows)
    progress = RunProgress(console, clock=clock)
    nodes = series(episodes, LANGUAGES)
    progress.planned(nodes)
    for begun, one in enumerate(nodes[:workers]):
        clock.now_s += 1
        progress.started(one)
        progress.progressed(one, begun % 7, 7)
    lines = shown(progress, console)
    assert len(lines) < rows
    assert all(len(line) <= 80 for line in lines)
    under_way = [line for line in lines if line.startswith("ep")]
    assert len(under_way) == min(workers, len(nodes), max(1, rows - 4))
    hidden = min(workers, len(nodes)) - len(under_way)
    assert (f"and {hidden} more under way" in lines) == (hidden > 0)


def test_what_is_under_way_is_seen_and_what_is_finished_leaves(clock: Clock) -> None:
    console = terminal(24)
    progress = RunProgress(console, clock=clock)
    nodes = series(80, LANGUAGES)
    progress.planned(nodes)
    for one in nodes[:90]:
        progress.started(one)
        progress.finished(one, 1.0)
    clock.now_s = 65
    progress.started(nodes[90])
    progress.started(nodes[479])
    lines = shown(progress, console)
    assert [line.split()[:3] for line in lines[:2]] == [
        ["ep16", "transcribe", lines[0].split()[2]],
        ["ep80", "synthesize", "sr-Latn-RS"],
    ]
    assert len(lines) == 4
    assert "90 of 480 steps, 15 of 80 episodes" in lines[-1]


def test_the_time_left_is_told_from_the_speed_so_far(clock: Clock) -> None:
    progress = RunProgress(terminal(24), clock=clock)
    nodes = series(10, ("en",))
    progress.planned(nodes)
    assert progress.time_left_s() is None
    for one in nodes[:5]:
        clock.now_s += 10
        progress.started(one)
        progress.finished(one, 10.0)
    assert progress.time_left_s() == pytest.approx(150)
    progress.started(nodes[5])
    progress.progressed(nodes[5], 1, 2)
    assert progress.time_left_s() == pytest.approx(50 / 5.5 * 14.5)


def test_a_forecast_is_believed_until_the_speed_is_known(clock: Clock) -> None:
    progress = RunProgress(terminal(24), clock=clock)
    nodes = series(100, ("en",))
    progress.planned(nodes)
    progress.expected({one.key: 9.0 if one.stage == "synthesize" else 1.0 for one in nodes}, 400.0)
    assert progress.time_left_s() == pytest.approx(400)
    for one in nodes[:20]:
        clock.now_s += 1
        progress.started(one)
        progress.finished(one, 1.0)
    # A tenth of the work, by its weight, took 20 s.
    assert progress.time_left_s() == pytest.approx(180)


def test_a_node_that_is_planned_twice_counts_once(clock: Clock) -> None:
    console = terminal(24)
    progress = RunProgress(console, clock=clock)
    for _ in range(2):
        progress.planned(series(2, ("en",)))
    assert "0 of 4 steps, 0 of 2 episodes" in shown(progress, console)[-1]


def events(nodes: Sequence[Node]) -> Iterator[str]:
    file = io.StringIO()
    console = Console(file=file, width=40, color_system=None)
    progress = RunProgress(console)
    with progress:
        progress.planned(nodes)
        for one in nodes[:-1]:
            progress.started(one)
            progress.progressed(one, 1, 2)
            progress.finished(one, 1.26)
        progress.failed(
            nodes[-1],
            Rejected("[a].mp4", found="text\nand more " * 9, expected="a video", remedy="Mend it."),
        )
    yield from file.getvalue().splitlines()


@pytest.mark.parametrize("languages", [(), ("en",), LANGUAGES])
def test_a_pipe_gets_one_plain_line_an_event(languages: Sequence[str]) -> None:
    nodes = series(3, languages)
    lines = list(events(nodes))
    assert len(lines) == len(nodes)
    assert lines[0] == f"ep01 transcribe: 1.3 s (1 of {len(nodes)})"
    assert ": failed [a].mp4: found text" in lines[-1]
    assert "\x1b" not in "".join(lines)


def test_durations_as_people_write_them() -> None:
    assert [duration(s) for s in (0.4, 7, 720, 12_000)] == ["0:00", "0:07", "12:00", "3:20:00"]
