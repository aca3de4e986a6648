"""Models from a hub or a server: pinned by revision and digest, fetched once, checked at every load.

Nothing is fetched unasked: `dub models fetch` does it, and a run without the files says so.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from dubbing.engines import downloads
from dubbing.engines.weights import cache_folder, checked_sha256
from dubbing.errors import Rejected, Transient
from dubbing.formats.digest import sha256_of

_DIGESTS = "digests.json"
# numpy reads arrays alone, unless it is told otherwise; ONNX holds arithmetic.
_TENSORS_ONLY = (".safetensors", ".npz", ".onnx", ".json", ".model", ".spm", ".txt")
# Checkpoints of torch: every engine loads them with `weights_only`, so that nothing in them is run.
_CHECKPOINTS = (".bin", ".pt", ".pth", ".th")


@dataclass(frozen=True, slots=True)
class HubModel:
    """Some files of a repository on the Hugging Face Hub, or on a mirror that `HF_ENDPOINT` names; or files
    that lie elsewhere on the web, or on a mirror that `DUBBING_MIRROR` names."""

    repository: (
        str  # facebook/nllb-200-distilled-600M; of files from elsewhere, what they are called here
    )
    revision: str  # a commit: 40 hex digits; of files from elsewhere, their version
    # File -> SHA-256. None: what was fetched first is what it has to be from then on.
    files: Mapping[str, str | None]
    bytes: int  # of all of them, about: what a fetch costs
    # File -> its address, of those that are not in the repository. `...zip#voice/model.pth` is one in an archive.
    urls: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in self.files:
            if not file.endswith((*_TENSORS_ONLY, *_CHECKPOINTS)):
                raise ValueError(f"{self.repository}: {file} could be code")

    @property
    def mark(self) -> str:
        """What tells its content from any other's, for an engine's revision."""
        return f"{self.repository}@{self.revision[:12]}"

    @property
    def folder(self) -> Path:
        """Where its files lie, or would."""
        name = self.repository.replace("/", "--")
        return cache_folder() / "models" / "hub" / name / self.revision[:12]

    def is_here(self) -> bool:
        """Whether it was fetched whole; its content is not looked at."""
        return (self.folder / _DIGESTS).is_file()

    def path(self, engine: str) -> Path:
        """The folder of its files, their checksums verified. Raises Rejected."""
        if not self.is_here():
            raise Rejected(
                engine,
                found=f"no model {self.mark} on this machine",
                expected="a model that was fetched before",
                remedy=f"Fetch it: dub models fetch {engine}.",
            )
        self.verify(engine, checked_sha256)
        return self.folder

    def verify(self, engine: str, digest: Callable[[Path], str] = sha256_of) -> None:
        """Raises Rejected for a file that is missing or is not what it was pinned to be."""
        recorded: dict[str, str] = json.loads((self.folder / _DIGESTS).read_text())
        for file, pinned in self.files.items():
            expected = pinned or recorded.get(file, "")
            path = self.folder / file
            found = digest(path) if path.is_file() else ""
            if not found or found != expected:
                raise Rejected(
                    str(path),
                    found=f"SHA-256 {found}" if found else "no such file",
                    expected=f"SHA-256 {expected}",
                    remedy="The model file is damaged or was changed: fetch it again with "
                    f"dub models fetch {engine} --again.",
                )

    def fetch(
        self, engine: str, *, again: bool = False, told: Callable[[str], None] = lambda _file: None
    ) -> Path:
        """Fetches what is not here yet, goes on where it was stopped, and verifies it.

        Processes that fetch at once wait for each other. `told` is called with each file before it is
        fetched. Raises Rejected for a file that is not what it was pinned to be, Transient if the hub does
        not answer.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder.with_name(f"{self.folder.name}.lock")):
            if again:
                shutil.rmtree(self.folder, ignore_errors=True)
            if not self.is_here():
                partial = self.folder.with_name(f"{self.folder.name}.part")
                digests = {}
                for file, pinned in self.files.items():
                    told(file)
                    digests[file] = sha256_of(self._download(file, partial))
                    if pinned is not None and digests[file] != pinned:
                        (partial / file).unlink()
                        shutil.rmtree(partial / ".cache", ignore_errors=True)
                        raise Rejected(
                            f"{self.repository}/{file}",
                            found=f"SHA-256 {digests[file]}",
                            expected=f"SHA-256 {pinned}",
                            remedy="The hub, or what HF_ENDPOINT or DUBBING_MIRROR names, gave another file "
                            "than the one that was looked at: do not use it.",
                        )
                # What had come of files, and archives that they are from.
                shutil.rmtree(partial / ".cache", ignore_errors=True)
                with (partial / _DIGESTS).open("w") as record:
                    json.dump(digests, record, indent=2)
                    record.flush()
                    os.fsync(record.fileno())
                partial.rename(self.folder)
        self.verify(engine)
        return self.folder

    def _download(self, file: str, to: Path) -> Path:
        if file not in self.urls:
            return self._from_hub(file, to)
        if not (to / file).exists():
            downloads.download(self.urls[file], to / file, to / ".cache")
        return to / file

    def _from_hub(self, file: str, to: Path) -> Path:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import (
            EntryNotFoundError,
            GatedRepoError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
        )

        try:
            return Path(
                hf_hub_download(
                    self.repository,
                    file,
                    revision=self.revision,
                    local_dir=to,
                    endpoint=os.environ.get("HF_ENDPOINT"),
                )
            )
        except LocalEntryNotFoundError as error:
            # An EntryNotFoundError too, but the hub said nothing.
            raise Transient(f"{self.repository}/{file}: the hub did not answer") from error
        except (EntryNotFoundError, GatedRepoError, RepositoryNotFoundError) as error:
            raise Rejected(
                f"{self.repository}/{file}",
                found=str(error).splitlines()[0],
                expected=f"the file at revision {self.revision}",
                remedy="See whether the model asks you to accept its licence first; "
                "then log in with `hf auth login`.",
            ) from None
        except OSError as error:
            raise Transient(f"{self.repository}/{file} could not be fetched: {error}") from error


@contextmanager
def tensors_only(path: Path, engine: str) -> Iterator[None]:
    """For reading checkpoints with `weights_only`: raises Rejected for one that would run code."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise Rejected(
            str(path),
            found="a checkpoint that would run code when it is read",
            expected="tensors and nothing else",
            remedy=f"Don't use it; fetch the model again: dub models fetch {engine} --again.",
        ) from error
