"""An API with a release to order, and one with a job that has completed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api import Api, api, order
from series import make_series


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    return make_series(tmp_path_factory.mktemp("pristine") / "fated", make_video)


@pytest.fixture(scope="module")
def localized_once(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a release, a database that knows a completed job, and its artifacts."""
    folder = tmp_path_factory.mktemp("once")
    shutil.copytree(pristine, folder / "fated")
    return folder


@pytest.fixture
def one(tmp_path: Path, pristine: Path) -> Iterator[Api]:
    """An API with a release to order, and nothing made yet."""
    shutil.copytree(pristine, tmp_path / "fated")
    with api(tmp_path) as it:
        yield it


@pytest.fixture(scope="module")
def done(localized_once: Path) -> Iterator[tuple[Api, str]]:
    """An API with a job that has completed, for tests that change nothing of it; and the job's id."""
    with api(localized_once) as it:
        answer = it.client().post("/v1/jobs", json=order(localized_once / "fated", "en", "es-419"))
        it.service.work()
        yield it, answer.json()["id"]
