"""The device that engines work on: a GPU in 16 bits if there is one; and how to tell that it is lost."""

from __future__ import annotations

import ctypes
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

# What torch and CTranslate2 say when a kernel has failed. A process never gets its GPU back after that:
# docs.nvidia.com/cuda/cuda-driver-api, CUDA_ERROR_ILLEGAL_ADDRESS and those like it.
_LOST = (
    "CUDA error",
    "CUDA failed with error",
    "CUDA driver error",
    "cuDNN error",
    "CUBLAS_STATUS_",
)
# Memory that is short although nothing else is loaded is most often in pieces too small to use.
_FULL = ("CUDA out of memory", "out of memory on device")


@dataclass(frozen=True, slots=True)
class Device:
    name: str  # as torch has it: cuda, cpu
    dtype: Any  # of weights and activations

    def clear(self) -> None:
        """Gives back what the last batch held."""
        if self.name == "cuda":
            import torch

            torch.cuda.empty_cache()


def best_device() -> Device:
    """bfloat16 on GPUs that have it, else float16; float32 on a CPU, where less is slower."""
    import torch

    if not torch.cuda.is_available():
        return Device("cpu", torch.float32)
    return Device("cuda", torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)


def budget_mb() -> int | None:
    """What models may take if nobody has said otherwise: nine tenths of a GPU, since CUDA takes some itself; None
    without one, for as much as they ask for."""
    found = gpu_memory_mb()
    return None if found is None else found * 9 // 10


def needs_mb(parameters_m: int, room_mb: int) -> int:
    """What a network of so many million parameters takes on the best device, about: two bytes each on a GPU,
    four on a CPU, and room for a batch."""
    return parameters_m * (4 if gpu_memory_mb() is None else 2) + room_mb


def seed_torch(said: str) -> None:
    """Seeds torch from what is to be said, so that the same text always sounds the same."""
    import torch

    torch.manual_seed(_seed(said))


def generator(said: str, device: Any) -> Any:
    """A `torch.Generator` of its own on a device, seeded from what is to be said."""
    import torch

    return torch.Generator(device).manual_seed(_seed(said))


def _seed(said: str) -> int:
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big") >> 1


def is_full(error: BaseException) -> bool:
    """Whether an engine's error says that what it was asked for does not fit into the GPU's memory."""
    return isinstance(error, RuntimeError) and "out of memory" in str(error)


def is_lost(error: BaseException) -> bool:
    """Whether an engine's error says that this process can't use its GPU any more, or that it is full."""
    text = str(error)
    return isinstance(error, RuntimeError) and any(sign in text for sign in (*_LOST, *_FULL))


@cache
def gpu_memory_mb() -> int | None:
    """All memory of the GPU that engines work on, the first that CUDA shows; None where there is none.

    Asks the driver itself: what would load torch to ask takes seconds, and may not be installed. A process that
    has asked may not be forked any more, if its children are to use the GPU.
    """
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, found = ctypes.c_int(), ctypes.c_size_t()
    if (
        cuda.cuInit(0)
        or cuda.cuDeviceGet(ctypes.byref(device), 0)
        or cuda.cuDeviceTotalMem_v2(ctypes.byref(found), device)
    ):
        return None  # a driver without a GPU, or none that we may see
    return found.value // 1_000_000
