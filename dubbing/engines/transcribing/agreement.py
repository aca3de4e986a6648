"""How far what else a network might have heard agrees with what it heard: at no cost, from one beam search.

A network that is wrong is often sure of every single character; but what came second and third in its own search
then differs just there. Confusion networks of recognizers weigh words so (Mangu, Brill and Stolcke, Finding
consensus in speech recognition, 2000); here the beams themselves do, since there are five.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from dubbing.formats.chinese_script import simplify

VERSION = 1  # of the rules here; part of the revision of who uses them

# Of 0, 1/2, 1, 2 and 4, that under which `tests/benchmarks/bench_doubt.py` tells wrong lines best.
WEIGHT = 2
# Sound alike, and are written by what was said before or by taste alone.
_ALIKE = str.maketrans("她它妳您0123456789", "他他你你零一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One end of a beam search."""

    text: str
    log_probability: float  # of the whole text


def agreements(hypotheses: Sequence[Hypothesis]) -> list[float]:
    """For each letter of the first hypothesis, the share of all hypotheses that have it in its place, 0 to 1.

    A hypothesis weighs as much as it is probable. Letters are those of `letters`.
    """
    first = letters(hypotheses[0].text)
    best = max(one.log_probability for one in hypotheses)
    weights = [math.exp(one.log_probability - best) for one in hypotheses]
    shares = [0.0] * len(first)
    for one, weight in zip(hypotheses, weights, strict=True):
        matcher = SequenceMatcher(None, first, letters(one.text), autojunk=False)
        for block in matcher.get_matching_blocks():
            for index in range(block.a, block.a + block.size):
                shares[index] += weight / sum(weights)
    return shares


def confidences(said: Iterable[tuple[str, float]], hypotheses: Sequence[Hypothesis]) -> list[float]:
    """How sure it is that pieces of text were said: a network's own probability of each, and how far its
    hypotheses agree on all letters of it.

    `said` are the pieces that the first hypothesis is made of, in order, with their probabilities.
    """
    shares = agreements(hypotheses)
    found = []
    at = 0
    for text, probability in said:
        count = len(letters(text))
        share = min(shares[at : at + count], default=1.0)
        at += count
        found.append(probability * share**WEIGHT)
    return found


def letters(text: str) -> str:
    """The letters, digits and hanzi of a text in lower case, simplified; what sounds alike and means as much is one."""
    return "".join(c for c in simplify(text).lower() if c.isalnum()).translate(_ALIKE)
