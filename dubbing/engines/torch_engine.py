"""What engines on torch have in common: where their weights lie, the device they work on, what they hold while
they are loaded, and how a checkpoint is read without running anything in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from dubbing.engines.batches import Batches
from dubbing.engines.devices import Device, best_device
from dubbing.engines.hub import HubModel, tensors_only
from dubbing.errors import Defect

Network = TypeVar("Network")  # what an engine makes of its weights


class TorchEngine(ABC, Generic[Network]):
    """An engine that is loaded to the best device there is.

    It may be left and entered again at any time; nothing of it stays on the device in between.
    """

    def __init__(self, name: str, hub: HubModel | None, at_once: int = 1) -> None:
        """`name` as profiles write it; `hub` is None where the weights come as packages; `at_once` items are
        worked on together, at first."""
        self._name = name
        self._hub = hub
        self._at_once = at_once
        self._loaded: tuple[Network, Device] | None = None
        self._batches = Batches(at_once)

    @property
    def hub(self) -> HubModel | None:
        return self._hub

    @property
    def folder(self) -> Path:
        """Where a hub's weights lie. Raises Rejected if they were not fetched, or are not what was published."""
        return self._published().path(self._name)

    @property
    def network(self) -> Network:
        """Raises Defect while it is not loaded."""
        return self._loaded_or_defect()[0]

    @property
    def device(self) -> Device:
        """Raises Defect while it is not loaded."""
        return self._loaded_or_defect()[1]

    def __enter__(self) -> Self:
        device = self._best_device()
        self._loaded = (self._load(device), device)
        self._batches = Batches(self._at_once)  # there may be more room now than at the last load
        return self

    def __exit__(self, *error: object) -> None:
        if self._loaded is not None:
            _, device = self._loaded
            self._loaded = None
            self._forget()
            device.clear()

    @abstractmethod
    def _load(self, device: Device) -> Network:
        """The network on a device, ready to be asked."""

    def _best_device(self) -> Device:
        return best_device()

    def _published(self) -> HubModel:
        if self._hub is None:
            raise Defect(f"the weights of {self._name} are no hub's")
        return self._hub

    def _forget(self) -> None:
        """Drops what it keeps on the device besides the network."""

    def _loaded_or_defect(self) -> tuple[Network, Device]:
        if self._loaded is None:
            raise Defect(f"{self._name} was asked before it was loaded")
        return self._loaded


def read_checkpoint(path: Path, engine: str, also: Sequence[Any] = ()) -> Any:
    """A checkpoint's content on the CPU, read with `weights_only`. `also` are classes besides tensors that hold
    data and may be in it. Raises Rejected for one that would run code."""
    import torch

    with ExitStack() as stack:
        stack.enter_context(tensors_only(path, engine))
        stack.enter_context(torch.serialization.safe_globals(list(also)))
        return torch.load(path, map_location="cpu", weights_only=True)
