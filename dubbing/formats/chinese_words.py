"""Where words and numbers of Chinese writing begin and end, as jieba has it, which knows 350,000 words."""

from __future__ import annotations

import logging
import re
from itertools import accumulate, pairwise

_DIGITS = "0-9〇零一二三四五六七八九十百千万亿两半萬億兩"
# 三万五千, 七点半, 9.5万, 第十二, 百分之八十: a value is lost where it is cut.
_NUMBER = re.compile(rf"(?:第|百分之)?[{_DIGITS}]+(?:[点點.,:][{_DIGITS}]+)*[%％]?")


_HANZI = re.compile(r"[\u3400-\u9fff]")


def has_hanzi(text: str) -> bool:
    return _HANZI.search(text) is not None


def inside_words(text: str) -> set[int]:
    """The offsets of a Chinese text that lie inside a word or a number."""
    edges = set(accumulate(map(len, dictionary_words(text)), initial=0))
    inside = set(range(1, len(text))) - edges
    for number in _NUMBER.finditer(text):
        inside |= set(range(number.start() + 1, number.end()))
    return inside


def words(text: str) -> list[str]:
    """A Chinese text in words; joined, they are the text."""
    edges = sorted(set(range(len(text) + 1)) - inside_words(text))
    return [text[start:end] for start, end in pairwise(edges)]


def dictionary_words(text: str) -> list[str]:
    """A Chinese text in words of the dictionary, numbers as they come."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.dt
    with tokenizer.lock:  # it would keep what it read in a file that all users of the machine share
        if not tokenizer.initialized:
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
    return list(tokenizer.lcut(text))
