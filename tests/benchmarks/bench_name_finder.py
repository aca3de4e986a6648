"""How many common phrases are taken for people, and how many people are found, line by line.

The lists (`names_and_words.py`) are our own. The limits in `chinese_names.py` were set with both halves in view, so that the
figures say how well they fit rather than what they are worth on other phrases. Run it from the root of the checkout: python tests/benchmarks/bench_name_finder.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from names_and_words import NAMES, PHRASES, SENTENCES

from dubbing.engines.translating.chinese_names import find_names


def main() -> None:
    for half, first in (("even", 0), ("odd", 1)):
        phrases, names = PHRASES[first::2], NAMES[first::2]
        taken = {phrase: list(find_names(phrase)) for phrase in phrases}
        taken = {phrase: people for phrase, people in taken.items() if people}
        found = {
            name: sum(name in find_names(sentence.format(name)) for sentence in SENTENCES)
            for name in names
        }
        print(
            f"{half}: {len(taken)} of {len(phrases)} phrases taken for people {taken}; "
            f"{sum(map(bool, found.values()))} of {len(names)} people found in any of {len(SENTENCES)} lines, "
            f"in {sum(found.values())} of {len(names) * len(SENTENCES)} lines"
        )


if __name__ == "__main__":
    main()
