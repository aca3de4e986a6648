"""The committed JSON Schemas are those of the types that the product reads and writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
SCHEMAS = TESTS.parent / "configs" / "schemas"


def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_schemas", TESTS / "make_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schemas_are_up_to_date() -> None:
    committed = {file.name: file.read_text("utf-8") for file in SCHEMAS.glob("*.json")}
    assert committed == _maker().schemas()
