"""Stages say themselves what they read and leave, and the graph of a job follows from that."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from series import make_series

from dubbing import stages
from dubbing.engines.registry import Engines
from dubbing.errors import Defect
from dubbing.formats.digest import sha256_of
from dubbing.formats.language_toml import load_language
from dubbing.formats.market_toml import load_market
from dubbing.formats.release_json import read_release
from dubbing.making.runner import Runner
from dubbing.model.job import Decisions
from dubbing.planning.asked import Asked
from dubbing.planning.config import configs_folder
from dubbing.planning.graph import Plan
from dubbing.planning.orders import Wishes, job_of
from dubbing.planning.pipeline import Planner
from dubbing.planning.table import NEEDED_BY_OTHERS, TABLE, Row, Task
from dubbing.publishing import publish
from dubbing.publishing.pages import render
from dubbing.stages import From, Leaf, Per, Published, Read, Stage, Work
from dubbing.store.artifacts import ArtifactStore
from voices import VoiceBank

NAMES = [row.module.NAME for row in TABLE]


def test_every_stage_is_in_the_table_once() -> None:
    modules = {module.name for module in pkgutil.iter_modules(stages.__path__)}
    assert sorted(NAMES) == sorted(modules)


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_inputs_come_first_in_the_table(row: Row) -> None:
    name = row.module.NAME
    earlier = NAMES[: NAMES.index(name)]
    for read in row.module.STAGE.reads:
        known = {
            From.RELEASE: ["video", "bed"],
            From.BEFORE: [name],
        }.get(read.of, earlier)
        assert read.name in known


def test_what_other_episodes_build_on_is_found() -> None:
    """By name: whoever adds to these must know that a series goes on where they can be made."""
    assert {
        "probe", "extract", "separate", "diarize", "identify", "transcribe", "script", "reference",
        "names", "memory",
    } <= NEEDED_BY_OTHERS  # fmt: skip
    assert not NEEDED_BY_OTHERS & {"translate", "caption", "cast", "synthesize", "mix", "mux"}


SAYS = Stage(
    per=Per.LANGUAGE,
    reads=(Read("caption"), Read("video", From.RELEASE), Read("names")),
    leaves=(Leaf("poster.txt", published=Published("{name}/{tag}/poster.txt", "poster")),),
    reported=True,
)


@dataclass(frozen=True)
class Poster:
    """A stage that nothing else knows of."""

    NAME: str = "poster"
    VERSION: int = 1
    STAGE: Stage = SAYS
    also: tuple[str, ...] = ()  # files that it doesn't declare
    leaves_it_out: bool = False

    def run(self, work: Work, settings: str) -> None:
        cues = (work.inputs["caption"] / "cues.srt").read_text("utf-8")
        assert work.inputs["video"].is_file()
        if not self.leaves_it_out:
            (work.out / "poster.txt").write_text(f"{settings}: {cues[:40]}", "utf-8")
        for name in self.also:
            (work.out / name).write_text("more")


def _poster(asked: Asked) -> Task:
    return Task(f"{asked.episode.name} in {asked.language.name}")


Laid = tuple[Plan, ArtifactStore, Engines]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    return make_series(tmp_path_factory.mktemp("graph") / "fated", make_video)


def lay(folder: Path, engines: Engines, *more: Row) -> Plan:
    release = read_release(folder)
    configs = configs_folder()
    planner = Planner(
        engines=engines,
        voices=VoiceBank.here(),
        languages={tag: load_language(configs / "languages", tag) for tag in ("zh", "en", "id")},
        decisions=Decisions(),
        market_of=partial(load_market, configs / "markets"),
        digest_of=sha256_of,
        table=(*TABLE, *more),
    )
    return planner.plan(release, job_of(release, Wishes(("en", "id"), (2,), "fake")))


def test_a_new_stage_is_a_module_and_a_row(release: Path, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    with Engines() as engines:
        plan = lay(release, engines, Row(Poster(), _poster))
        assert not Runner(store, engines).run(plan.targets()).failures
    manifest = publish.publish(store, plan, tmp_path / "out", render)
    posters = [file.path for file in manifest.files if file.kind == "poster"]
    assert posters == ["ep02/en/poster.txt", "ep02/id/poster.txt"]
    written = (tmp_path / "out" / "ep02" / "id" / "poster.txt").read_text("utf-8")
    assert written.startswith("ep02 in Indonesian: 1\n00:00:")


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Poster(leaves_it_out=True), "the stage poster left no poster.txt"),
        (Poster(also=("b.txt", "a.txt")), "left a.txt, b.txt, which it doesn't declare"),
    ],
)
def test_a_stage_is_held_to_what_it_says(
    release: Path, tmp_path: Path, stage: Poster, message: str
) -> None:
    store = ArtifactStore(tmp_path / "store")
    with Engines() as engines:
        plan = lay(release, engines, Row(stage, _poster))
        made = plan.episodes[0].languages[0].stages["poster"]
        failures = Runner(store, engines).run([made]).failures
    assert [(node, type(error)) for node, error in failures] == [(made, Defect)]
    assert message in str(failures[0][1])
    assert made.key not in store


def test_an_input_that_nobody_makes_is_our_mistake(release: Path) -> None:
    lost = replace(SAYS, reads=(Read("lyrics"),))
    with Engines() as engines, pytest.raises(Defect, match="no lyrics"):
        lay(release, engines, Row(Poster(STAGE=lost), _poster))
