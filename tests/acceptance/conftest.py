"""A small series of tones, which the fake engines hear as speech, localized with the command as a user runs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Dub
from series import make_series


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    """The series, made once. Tests work on copies."""
    return make_series(tmp_path_factory.mktemp("pristine") / "fated", make_video)


@pytest.fixture
def series(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "fated"))


@pytest.fixture
def dub(tmp_path: Path) -> Dub:
    return Dub(tmp_path / "cache")


@pytest.fixture(scope="session")
def _localized_once(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("localized-once")
    shutil.copytree(pristine, folder / "fated")
    Dub(folder / "cache").run(folder / "fated")
    return folder


@pytest.fixture
def localized_series(_localized_once: Path, tmp_path: Path) -> Path:
    """A copy of the series after a first run into en and es-419; `dub` has that run's cache."""
    shutil.copytree(_localized_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "fated"
