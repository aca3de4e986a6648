"""Cues of real-life scenes in twelve languages: a change of what viewers read shows here first."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
SCENES = tomllib.loads((FOLDER / "golden_captions.toml").read_text("utf-8"))["scene"]


def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_goldens", FOLDER.parent / "make_goldens.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["vertical", "landscape"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene["language"])
def test_cues_are_as_they_were_read(scene: dict[str, Any], kind: str) -> None:
    cues, problems = _maker().captions(scene, vertical=kind == "vertical")
    assert cues == scene[kind]
    assert problems == scene[kind + "_problems"]
