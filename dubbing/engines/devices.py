"""Where torch works: on a GPU if there is one, with half the bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
