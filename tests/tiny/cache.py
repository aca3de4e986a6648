"""What all of them need: lines to learn words from, and a place where engines look for models."""

from __future__ import annotations

import json
from pathlib import Path

from dubbing.engines.hub import HubModel
from dubbing.formats.digest import sha256_of

# What tokenizers are trained on: a few lines in the languages of the tests.
LINES = (
    "你终于回来了。沈砚，我不是为你回来的。", "那你为什么站在我家门口？我来拿我妈妈的照片。",
    "You're back at last. Shen Yan, I didn't come back for you.",
    "Then why are you standing at my door? I came for my mother's photo.",
    "Você finalmente voltou. Eu não voltei por você.", "Por fin has vuelto. No he vuelto por ti.",
)  # fmt: skip


def install(model: HubModel, made: Path) -> None:
    """Lays a folder of files where an engine looks for a model that was fetched, as `fetch` would."""
    model.folder.parent.mkdir(parents=True, exist_ok=True)
    made.rename(model.folder)
    digests = {
        str(path.relative_to(model.folder)): sha256_of(path)
        for path in model.folder.rglob("*")
        if path.is_file()
    }
    (model.folder / "digests.json").write_text(json.dumps(digests))
