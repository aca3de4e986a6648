"""Settings: where configs lie, and the profiles, platforms and folders they name."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dubbing.engines.weights import cache_folder
from dubbing.errors import Rejected
from dubbing.formats.documents import read_document
from dubbing.model.job import LoudnessTarget, Profile


class _ProfileDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    separator: str
    diarizer: str
    transcriber: str
    translators: list[str]
    synthesizers: list[str]
    platform: str
    allow_noncommercial: bool = False


class _PlatformDocument(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    integrated_lufs: float
    tolerance_lu: float
    true_peak_dbtp: float


def configs_folder() -> Path:
    """The configs that came with the installed package, or the checkout's."""
    packaged = Path(__file__).parents[1] / "_configs"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "configs"


def artifacts_folder() -> Path:
    """Where artifacts are kept unless told otherwise."""
    return cache_folder() / "artifacts"


def load_profile(name: str) -> Profile:
    """A profile by its name in `configs/profiles`, or by the path of a TOML file. Raises Rejected."""
    file = Path(name) if name.endswith(".toml") else _named("profiles", name)
    document = read_document(file, _ProfileDocument, "configs/profiles/local.toml")
    platform = read_document(
        _named("platforms", document.platform),
        _PlatformDocument,
        "configs/platforms/streaming.toml",
    )
    return Profile(
        name=file.stem,
        separator=document.separator,
        diarizer=document.diarizer,
        transcriber=document.transcriber,
        translators=tuple(document.translators),
        synthesizers=tuple(document.synthesizers),
        allow_noncommercial=document.allow_noncommercial,
        loudness=LoudnessTarget(
            platform.integrated_lufs, platform.tolerance_lu, platform.true_peak_dbtp
        ),
    )


def _named(folder: str, name: str) -> Path:
    file = configs_folder() / folder / f"{name}.toml"
    # A name that is a path would lead out of the folder; those there are, are all there is.
    known = sorted(path.stem for path in file.parent.glob("*.toml")) if "/" not in name else []
    if name not in known:
        raise Rejected(
            folder.removesuffix("s"),
            found=repr(name),
            expected=f"one of {', '.join(known)}" if known else "a name",
            remedy=f"Name one of these, or give the path of a TOML file like those in configs/{folder}.",
        )
    return file
