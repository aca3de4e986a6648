"""Reads what a localized release holds."""

from __future__ import annotations

from pathlib import Path

from dubbing.model.report import EpisodeReport
from dubbing.publishing.publish import read_manifest
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
