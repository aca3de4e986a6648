"""Writes `configs/schemas/` anew: JSON Schemas of the files that others write for us, or read from us.

They are made from the types that the product itself reads and writes with. Run it after a change of these:

    .venv/bin/python tests/make_schemas.py && git diff configs/schemas
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from dubbing.formats.release_json import ReleaseDocument
from dubbing.publishing.publish import Manifest
from dubbing.service.news import messages

FOLDER = Path(__file__).parents[1] / "configs" / "schemas"
DOCUMENTS: dict[str, type[Any]] = {"release": ReleaseDocument, "manifest": Manifest}
VERSION = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    documents = {f"{name}-{VERSION}.json": _schema(kind) for name, kind in DOCUMENTS.items()}
    events = {
        f"{kind.model_fields['type'].default}-{messages.VERSION}.json": _event_schema(kind)
        for kind in (*messages.INCOMING, *messages.OUTGOING)
    }
    return documents | events


def _event_schema(kind: type[BaseModel]) -> str:
    document = kind.model_json_schema()
    # Constant in what we send; required of whoever sends to us.
    document["required"] = sorted({*document["required"], "specversion", "type"})
    return json.dumps({"$schema": DIALECT, **document}, indent=2) + "\n"


def _schema(kind: type[Any]) -> str:
    (root,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    document = parts.pop(name)
    document["properties"]["schema"] = {"const": VERSION}
    document = {
        "$schema": DIALECT,
        **document,
        "$defs": dict(sorted(parts.items())),
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in schemas().items():
        (FOLDER / file).write_text(text, "utf-8")
