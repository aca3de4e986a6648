"""What the system says of a disk, as the user's to mend."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from dubbing.errors import Rejected

_LITTLE_BYTES = 16_000_000  # what fails for want of room fails somewhere near here, not at nothing
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def check_cache(folder: Path) -> None:
    """Raises Rejected if nothing can be written to the cache."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=".dubbing-", dir=folder)).rmdir()
    except OSError as error:
        if error.errno in _FULL:
            raise rejected(error, folder) from error
        raise Rejected(
            f"the cache, {folder}",
            found=f"that nothing can be written there: {error.strerror}",
            expected="a folder that can be written to",
            remedy="Set DUBBING_CACHE to such a folder, or XDG_CACHE_HOME to the one that it lies in.",
        ) from error


def rejected(error: OSError, *folders: Path) -> Exception:
    """A full disk, what may not be written, and a name that is too long, as the user's to mend; any other
    error of the system as it is. `folders` are where the work that failed writes to.
    """
    if error.errno in _FULL:
        return _rejected_for_room(error, folders)
    place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    if not place:
        return error
    if error.errno in _FORBIDDEN:
        return Rejected(
            place,
            found=f"that it can't be read or written: {error.strerror}",
            expected="a file or folder that may be used",
            remedy="Change its permissions, or name another place.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return Rejected(
            place,
            found="a name that is too long for this file system",
            expected=f"at most {_longest(place)} bytes",
            remedy="Give it a shorter name.",
        )
    return error


def _rejected_for_room(error: OSError, folders: tuple[Path, ...]) -> Rejected:
    places = [*folders, Path(tempfile.gettempdir())]
    if isinstance(error.filename, (str, bytes)):
        named = Path(os.fsdecode(error.filename)).parent
        places = [named, *places] if _is_full(named) else places
    full = [place for place in places if _is_full(place)] or places[:1]
    return Rejected(
        f"the disk of {_existing(full[0])}",
        found=f"no space left: {_free_bytes(full[0]) / 1e6:.0f} MB free",
        expected="room for what is made",
        remedy=f"Free some space there{_cleaning(full[0], folders)}, and run the same command again: it goes on "
        "where it stopped.",
    )


def _cleaning(full: Path, folders: tuple[Path, ...]) -> str:
    store = folders[0] if folders else full
    same = _existing(store).stat().st_dev == _existing(full).stat().st_dev
    return f" (`dub clean` removes what can be made again from {store})" if same else ""


def _is_full(folder: Path) -> bool:
    system = os.statvfs(_existing(folder))
    no_names = system.f_files > 0 and system.f_favail == 0
    return no_names or _free_bytes(folder) < _LITTLE_BYTES


def _free_bytes(folder: Path) -> int:
    system = os.statvfs(_existing(folder))
    return system.f_bavail * system.f_frsize


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _longest(place: str) -> int:
    return os.pathconf(_existing(Path(place).parent), "PC_NAME_MAX")
