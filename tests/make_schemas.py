"""Writes `configs/schemas/` anew: JSON Schemas of the files that others write for us, or read from us.

They are made from the types that the product itself reads and writes with. Run it after a change of these:

    .venv/bin/python tests/make_schemas.py && git diff configs/schemas
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from dubbing.formats.release_json import ReleaseDocument
from dubbing.publishing import Manifest

FOLDER = Path(__file__).parents[1] / "configs" / "schemas"
DOCUMENTS: dict[str, type[Any]] = {"release": ReleaseDocument, "manifest": Manifest}
VERSION = 1


def schemas() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    return {f"{name}-{VERSION}.json": _schema(kind) for name, kind in DOCUMENTS.items()}


def _schema(kind: type[Any]) -> str:
    (root,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    document = parts.pop(name)
    document["properties"]["schema"] = {"const": VERSION}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "$defs": dict(sorted(parts.items())),
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in schemas().items():
        (FOLDER / file).write_text(text, "utf-8")
