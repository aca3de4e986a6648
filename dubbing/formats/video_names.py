"""What the files and folders of a video given alone are called, so that no two videos share any.

`clip.mp4` has `clip.corrections.toml`, `clip.cast.toml` and `clip-localized`; every other file has the same after
its whole name: `clip.mkv.corrections.toml`, `clip.v2.mp4-localized`. So two names in one folder never meet.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from dubbing.errors import Rejected

_ROOM = 64  # bytes for what is put around a name: languages, endings, what a half-written file is called
_VIDEOS = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mkv",
        ".mov",
        ".webm",
        ".avi",
        ".ts",
        ".m2ts",
        ".mts",
        ".flv",
        ".wmv",
        ".mpg",
        ".mpeg",
        ".3gp",
        ".ogv",
        ".mxf",
        ".vob",
    ]
)
_USUAL = 255  # bytes in a file's name, where the file system doesn't say


def name_of(video: Path) -> str:
    """What everything made from a video is called: its own name where that can be read and is short enough.

    A name that is cut, or not UTF-8, is told apart from others by a digest of its bytes.
    """
    plain = video.suffix == ".mp4" and "." not in video.stem
    raw = os.fsencode(video.stem if plain else video.name)
    name = legible(raw)
    limit = _longest(video.parent) - _ROOM
    if len(name.encode()) <= limit and os.fsencode(name) == raw:
        return name
    digest = hashlib.sha256(os.fsencode(video.name)).hexdigest()[:8]
    return name.encode()[: limit - 9].decode(errors="ignore") + "~" + digest


def legible(name: str | bytes) -> str:
    """A file's name as text, whatever its bytes are: UTF-8, else GB 18030, else with the bytes written out."""
    raw = name if isinstance(name, bytes) else os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            return text
    return raw.decode("utf-8", "backslashreplace")


def beside(video: Path, kind: str) -> Path:
    """The file beside a video in which people's decisions of a kind lie: `corrections` or `cast`.

    It used to be called by the video's name without its ending, and is found so unless it may be another
    video's. Raises Rejected where nobody can know whose it is.
    """
    own = video.parent / f"{name_of(video)}.{kind}.toml"
    earlier = video.parent / f"{video.stem}.{kind}.toml"
    if earlier == own or _exists(own) or not _exists(earlier):
        return own
    others = twins(video)
    if not others:
        return earlier
    if any(other.suffix == ".mp4" for other in others):
        return own
    raise Rejected(
        str(earlier),
        found=f"a file that {video.name} and {', '.join(o.name for o in others)} may mean",
        expected=f"{own.name}, for {video.name} alone",
        remedy="Rename it to the video that it is of.",
    )


def twins(video: Path) -> list[Path]:
    """Other videos of the same folder whose names differ in the ending alone."""
    try:
        beside_it = sorted(video.parent.iterdir())
    except OSError:
        return []
    return [
        other
        for other in beside_it
        if other.stem == video.stem and other.name != video.name and other.suffix.lower() in _VIDEOS
    ]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _longest(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return _USUAL
