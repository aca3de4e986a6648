"""What a localized release holds, or will."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dubbing.model.report import EpisodeReport
from dubbing.planning.graph import Plan
from dubbing.publishing import cast_sheet, pages
from dubbing.publishing.publish import MANIFEST, parts, read_manifest
from dubbing.store.artifacts import read_json


def reports_in(folder: Path) -> list[EpisodeReport]:
    """All reports of a localized release, by episode and in the languages' order; none if it is none."""
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    order = {language: index for index, language in enumerate(manifest.job.languages)}
    reports = [
        read_json(folder / file.path, EpisodeReport)
        for file in manifest.files
        if file.path.endswith("/report.json")
    ]
    return sorted(reports, key=lambda one: (one.episode, order.get(one.language, 0)))


def paths_of(plan: Plan) -> Iterator[str]:
    """Every file that a plan would publish, relative to the release."""
    yield MANIFEST
    yield pages.INDEX
    if plan.given:
        yield cast_sheet.FILE
    for episode in plan.episodes:
        name = episode.episode.name
        yield from (part.path for part in parts(episode))
        yield f"{name}/{pages.INDEX}"
        yield from (f"{name}/{nodes.language.tag}/report.json" for nodes in episode.languages)
