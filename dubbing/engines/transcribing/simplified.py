"""Chinese in simplified characters, whatever a transcriber writes."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

# OpenCC leaves 著 alone, which in Taiwan is also the particle 着. It is a word of its own in these only.
_ASPECT_PARTICLE = re.compile(
    r"(?<![原名显顯昭卓编編巨专專论論译譯土拙遗遺合])著(?![名作者称稱述书書录錄])"
)


def simplify(text: str) -> str:
    """Chinese in simplified characters; any other text as it is."""
    with _simplifier_lock:  # OpenCC reads its tables on first use
        return _ASPECT_PARTICLE.sub("着", str(_simplifier().convert(text)))


_simplifier_lock = threading.Lock()


@cache
def _simplifier() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
