"""What a run would come to, without doing it."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import msgspec

from dubbing.assembly import Intended
from dubbing.cli import tables
from dubbing.cli.console import print_json, stdout
from dubbing.cli.progress import duration
from dubbing.planning.graph import Node, Plan

_SHARED = "shared"  # what languages have in common


class _Stage(msgspec.Struct, frozen=True):
    stage: str
    language: str | None
    to_make: int
    there: int


class _File(msgspec.Struct, frozen=True):
    path: str
    there: bool  # one of that name is published; it may be replaced


class _Estimate(msgspec.Struct, frozen=True):
    seconds: float
    measured: bool  # whether from runs on this machine alone
    unknown: tuple[str, ...]


class _DryRun(msgspec.Struct, frozen=True):
    out: str
    published: bool
    episodes: tuple[int, ...]
    languages: tuple[str, ...]
    stages: tuple[_Stage, ...]
    files: tuple[_File, ...]
    estimate: _Estimate


def show_intended(intended: Intended, *, as_json: bool) -> None:
    found = _of(intended)
    if as_json:
        print_json(found)
        return
    if intended.published:
        stdout.print("All of it is published already: nothing would be made.")
        return
    title = f"{intended.plan.release.title}: what would be made (of how many)"
    columns = (_SHARED, *found.languages)
    by_stage: dict[str, dict[str, _Stage]] = {}
    for one in found.stages:
        by_stage.setdefault(one.stage, {})[one.language or _SHARED] = one
    tables.show(
        ("stage", *map(tables.number, columns)),
        (
            (stage, *(_cell(cells.get(column)) for column in columns))
            for stage, cells in by_stage.items()
        ),
        title=title,
    )
    kinds = Counter(PurePath(file.path).suffix.removeprefix(".") for file in found.files)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    there = sum(file.there for file in found.files)
    stdout.print(
        f"To publish in {found.out}: {len(found.files)} files ({listed}), {there} of them there now.",
        markup=False,
        soft_wrap=True,
    )
    stdout.print(_told(found.estimate), markup=False, soft_wrap=True)


def _cell(stage: _Stage | None) -> str:
    if stage is None:
        return ""
    whole = stage.to_make + stage.there
    return f"{stage.to_make}/{whole}"


def _told(estimate: _Estimate) -> str:
    basis = (
        "from how fast earlier runs were on this machine"
        if estimate.measured
        else "from typical speeds, since not all of it was ever done on this machine"
    )
    left_out = f"; of {', '.join(estimate.unknown)} nothing is known" if estimate.unknown else ""
    return f"About {duration(estimate.seconds)}, an estimate {basis}{left_out}."


def _of(intended: Intended) -> _DryRun:
    plan = intended.plan
    missing = {node.key for node in intended.missing}
    made: Counter[tuple[str, str | None]] = Counter()
    there: Counter[tuple[str, str | None]] = Counter()
    for node in _nodes(plan):
        language = None if node.language not in plan.job.languages else node.language
        (made if node.key in missing else there)[node.stage, language] += 1
    stages = dict.fromkeys((node.stage, None) for node in _nodes(plan))
    rows = [
        _Stage(stage, language, made[stage, language], there[stage, language])
        for stage, _ in stages
        for language in (None, *plan.job.languages)
        if made[stage, language] + there[stage, language]
    ]
    return _DryRun(
        out=str(intended.out),
        published=intended.published,
        episodes=plan.job.episodes,
        languages=plan.job.languages,
        stages=tuple(rows),
        files=tuple(_File(path, (intended.out / path).is_file()) for path in intended.files),
        estimate=_Estimate(
            round(intended.forecast.total_s, 1),
            intended.forecast.measured,
            intended.forecast.unknown,
        ),
    )


def _nodes(plan: Plan) -> list[Node]:
    """Every node of a plan, inputs before what is made from them."""
    found: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if node.key not in found:
            for given in node.inputs.values():
                if isinstance(given, Node):
                    visit(given)
            found[node.key] = node

    for target in plan.targets():
        visit(target)
    return list(found.values())
