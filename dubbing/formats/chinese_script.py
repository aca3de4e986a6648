"""The two ways of writing Chinese: simplified, in which all work is done, and the source's own.

Transcribers and translators know simplified characters best, and so do the dictionaries. A source that is
written in traditional characters is given back in them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import langcodes

from dubbing.model.language import base
from dubbing.model.speech import Utterance

# OpenCC leaves 著 alone, which in Taiwan is also the particle 着. It is a word of its own in these only.
_ASPECT_PARTICLE = re.compile(
    r"(?<![原名显顯昭卓編编巨专專论論译譯土拙遗遺合])著(?![名作者称稱述书書录錄])"
)
# OpenCC's tables by territory. None of them exchanges words (软件 is 軟件 in Taiwan too): what is heard stays.
_TABLES = {"HK": "s2hk", "MO": "s2hk"}
_TABLE = "s2tw"


def simplify(text: str) -> str:
    """Chinese in simplified characters; Latin letters and all else as they are."""
    return _simplified(text) if not text.isascii() else text


def working_text(text: str, language: str) -> str:
    """A text of a language (BCP-47) as it is worked with: Chinese simplified, any other as it is."""
    return simplify(text) if base(language) == "zh" else text


def is_traditional(language: str) -> bool:
    """Whether a language (BCP-47) is Chinese in traditional characters: zh-Hant, zh-TW, zh-HK, zh-MO."""
    return base(language) == "zh" and langcodes.get(language).maximize().script == "Hant"


def written(text: str, language: str) -> str:
    """Simplified Chinese in the characters of a language (BCP-47); as it is if those are simplified."""
    if not is_traditional(language):
        return text
    territory = langcodes.get(language).maximize().territory or ""
    with _lock:
        return str(_converter(_TABLES.get(territory, _TABLE)).convert(text))


def utterances_written(utterances: Iterable[Utterance], language: str) -> tuple[Utterance, ...]:
    """What was heard, in the characters of the source language (BCP-47), its words with it.

    A line is converted as a whole, since one character depends on the next. A line in another language stays.
    """
    if not is_traditional(language):
        return tuple(utterances)
    return tuple(
        one if one.language and base(one.language) != "zh" else _written(one, language)
        for one in utterances
    )


def _written(utterance: Utterance, language: str) -> Utterance:
    whole = "".join(word.text for word in utterance.words)
    converted = written(whole, language)
    words, position = [], 0
    for word in utterance.words:
        text = converted[position : position + len(word.text)]
        words.append(replace(word, text=text if len(converted) == len(whole) else word.text))
        position += len(word.text)
    return replace(utterance, text=written(utterance.text, language), words=tuple(words))


_lock = threading.Lock()  # OpenCC reads its tables on first use


@lru_cache(maxsize=20_000)
def _simplified(text: str) -> str:
    with _lock:
        return _ASPECT_PARTICLE.sub("着", str(_converter("t2s").convert(text)))


@cache
def _converter(table: str) -> Any:
    from opencc import OpenCC

    return OpenCC(table)
