"""Names of people in Mandarin lines, and how they are written in Latin letters.

A small translation model says 沈砚 in as many ways as there are lines; told how it is written, it says it
so. What is found here is a guess, made to be right rather than complete: the glossary goes before it.
"""

from __future__ import annotations

import itertools
import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from dubbing.engines.weights import cache_folder

# The surnames of nine in ten people, and those that series like to give.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
    "沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
    "温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴"
    "霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧阳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄"
    "窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池"
    "查麻苑迟邝封厉慕楚容宴"
)
_DOUBLE_SURNAMES = frozenset(
    {"欧阳", "上官", "慕容", "司马", "诸葛", "司徒", "夏侯", "南宫", "东方", "皇甫"}
)
# What no name has in it: pronouns, particles, what things are done with; and titles, after a surname.
_NEVER = frozenset(
    "你我他她它您们咱谁这那哪的了吗呢吧啊呀哦嘛么不没别很也都就才还又再在是有要会能让把被给对跟和"
    "到去来说看想做吃走点个些次下上里外前后谢痴好大声"
)
_TITLES = frozenset("总少董爷兄哥姐弟妹叔姨伯婶妈爸嫂家氏某局队导工处")
# No given name has these: blood, and sounds of foreign words (马卡龙).
_NEVER_GIVEN = frozenset("血卡咖啡啤")
# What ends the names of dishes, drinks and arts: 柳橙汁, 宫保鸡, 易容术. 赵小糖 is a person.
_DISHES = frozenset("汁饭饼糕鸡鸭鹅肉粥酱醋饺虾蟹面粉菜汤羹糖术")
# These end names too, and dishes only after a word: 陆知茶 is a person.
_DISHES_AFTER_A_WORD = frozenset("酒茶鱼丁瓜豆丸")
# What people who are close put before the last syllable of a name, and colleagues before a surname.
_ENDEARING = {"小": "Xiao", "阿": "A"}
_FAMILIAR = {"小": "Xiao", "老": "Lao"}
_RARE = 20  # how often jieba's dictionary has a word that hardly anybody says
# 白眼狼, 桂花糕: a name whose first two characters are a word this common is one only if what follows a surname in it
# is much more usual in names than in words (in nats), and the word not too common.
_COMMON, _VERY_COMMON = 15, 1000
_LIKE_A_NAME, _LIKE_AN_END = 2.0, 0.7
# 白月光, 宫娘娘: what follows the surname is a noun.
_NOUN, _COMMON_NOUN = 50, 500
_LIKE_A_GIVEN_NAME = 1.5
_lock = threading.Lock()  # jieba builds its dictionary on first use, in a global


def romanized(text: str) -> str:
    """Hanzi by their sounds, in words of one syllable; what is not Chinese as it is."""
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(text))


def find_names(text: str) -> dict[str, str]:
    """Full names of people in a line of Mandarin, in order, and how each is written: Shen Yan."""
    with _lock:
        import jieba
        import jieba.posseg

        jieba.setLogLevel(logging.WARNING)
        jieba.dt.tmp_dir = str(cache_folder())
        words = [(word.word, word.flag) for word in jieba.posseg.lcut(text)]
        known: Mapping[str, int] = jieba.dt.FREQ
        found = [
            name
            for name in _candidates(words, known)
            if (not known.get(name) or (len(name) == 3 and known[name] < _RARE))
            and not _common_words(name, known, jieba.posseg.dt.word_tag_tab)
        ]
    return {name: _written(name) for name in found}


def recurring_names(lines: Collection[str], found: Collection[str]) -> dict[str, str]:
    """Full names that no single line shows to be names, but all lines together do, and how each is written.

    A surname and two syllables that are no words, said in several lines and at least once at the beginning of a clause: 陆景行答应了.
    `found` are those that are known already.
    """
    with _lock:
        import jieba

        jieba.setLogLevel(logging.WARNING)
        jieba.dt.tmp_dir = str(cache_folder())
        jieba.initialize()
        known: Mapping[str, int] = jieba.dt.FREQ
    begun: set[str] = set()
    for line in lines:
        for clause in re.split(r"[^\w]+", line):
            name = clause[:3]
            words = known.get(name, 0), known.get(name[:2], 0), known.get(name[1:], 0)
            if len(name) == 3 and _is_name(name) and max(words) < _RARE:
                begun.add(name)
    recurring = {
        name
        for name in begun
        if not any(name.startswith(other) or other in name for other in found)
        and sum(name in line for line in lines) > 1
    }
    return {name: _written(name) for name in sorted(recurring)}


def short_forms(name: str) -> dict[str, str]:
    """What else a person of a full name may be called, and how that is written: 砚秋 Yanqiu, 小沈 Xiao Shen.

    What is a word of its own is left out: 小心 is no name.
    """
    surname = _surname(name)
    given = name[len(surname) :]
    last = given[-1:]
    forms = {f"{mark}{last}": f"{sound} {_sound(last)}" for mark, sound in _ENDEARING.items()}
    forms |= {f"{mark}{surname}": f"{sound} {_sound(surname)}" for mark, sound in _FAMILIAR.items()}
    if len(given) == 2:
        forms[given] = _sound(given)
    with _lock:
        import jieba

        jieba.setLogLevel(logging.WARNING)
        jieba.dt.tmp_dir = str(cache_folder())
        jieba.initialize()
        known: Mapping[str, int] = jieba.dt.FREQ
    return {form: written for form, written in forms.items() if not known.get(form)}


def whole_words(text: str, words: Collection[str]) -> set[str]:
    """Those of some words that stand in a Mandarin text as words, not inside of others: no 总裁 in 副总裁."""
    with _lock:
        import jieba

        jieba.setLogLevel(logging.WARNING)
        jieba.dt.tmp_dir = str(cache_folder())
        tokens = jieba.lcut(text)
    ends = list(itertools.accumulate(map(len, tokens)))
    edges = {0, *ends}
    return {
        word
        for word in words
        if any(
            {match.start(), match.end()} <= edges for match in re.finditer(re.escape(word), text)
        )
    }


def _candidates(words: Sequence[tuple[str, str]], known: Mapping[str, int]) -> Iterator[str]:
    """Words tagged as names, with what the tagger cut off them: characters that are no word of two."""
    for index, (word, flag) in enumerate(words):
        if (flag not in {"nr", "nrfg"} or _titled(word)) and word not in _DOUBLE_SURNAMES:
            continue
        name = word
        for after, _ in words[index + 1 :]:
            joined = name + after
            if len(joined) > _longest(name) or not _is_name(joined):
                name += "" if known.get(after) else _cut_off(name, after)
                break
            if len(after) > 1 and known.get(after):
                break
            name = joined
        if _is_name(name):
            yield name


def _cut_off(name: str, after: str) -> str:
    """What of a token that is no word belongs to the name before it: 吟 of 江晚 + 吟来."""
    for length in range(len(after) - 1, 0, -1):
        part, rest = after[:length], after[length:]
        if len(name + part) <= _longest(name) and _is_name(name + part) and set(rest) <= _NEVER:
            return part
    return ""


def _common_words(name: str, known: Mapping[str, int], tags: Mapping[str, str]) -> bool:
    """Whether what could be a name is common words: a word and a character (路人甲, 段子手), or one and a noun (白月光)."""
    if len(name) != 3 or name[:2] in _DOUBLE_SURNAMES:
        return False
    if _is_dish(name, known):
        return True
    middle, last = (_usual_in_names(tags).get(character, _UNKNOWN) for character in name[1:])
    usual = middle + last
    first, noun = known.get(name[:2], 0), known.get(name[1:], 0)
    if first >= _COMMON and (usual < _LIKE_A_NAME or last < _LIKE_AN_END or first >= _VERY_COMMON):
        return True
    return tags.get(name[1:]) == "n" and (
        noun >= _COMMON_NOUN or (noun >= _NOUN and usual < _LIKE_A_GIVEN_NAME)
    )


def _is_dish(name: str, known: Mapping[str, int]) -> bool:
    if name[1] in _ENDEARING or name[1] == name[2]:
        return False
    if name[2] in _DISHES_AFTER_A_WORD:
        return bool(known.get(name[:2]) or known.get(name[1:]))
    return name[2] in _DISHES


_UNKNOWN = -1.0
_usual: dict[str, float] = {}


def _usual_in_names(tags: Mapping[str, str]) -> Mapping[str, float]:
    """Character -> how much more usual it is in given names than in words, in nats, of the 38,000 names jieba has."""
    if not _usual:
        given: Counter[str] = Counter()
        word: Counter[str] = Counter()
        for entry, tag in tags.items():
            if tag in {"nr", "nrfg"} and len(entry) == 3 and _surname(entry):
                given.update(entry[1:])
            elif tag not in {"nr", "nrt", "nrfg", "ns"} and 2 <= len(entry) <= 3:
                word.update(entry)
        of_names, of_words = given.total() + _SMOOTHING, word.total() + _SMOOTHING
        for character in given.keys() | word.keys():
            _usual[character] = math.log((given[character] + 1) / of_names) - math.log(
                (word[character] + 1) / of_words
            )
    return _usual


_SMOOTHING = 5000


def _titled(word: str) -> bool:
    """陈总, 陈家: the model knows what to do with these."""
    return len(word) == 2 and bool(_surname(word)) and word[1] in _TITLES


def _longest(word: str) -> int:
    return 4 if word[:2] in _DOUBLE_SURNAMES else 3


def _is_name(word: str) -> bool:
    surname = _surname(word)
    given = word[len(surname) :]
    return (
        bool(surname)
        and 1 <= len(given) <= 2
        and given.isalpha()
        and not set(given) & (_NEVER | _NEVER_GIVEN)
        and given[-1] not in _TITLES
    )


def _surname(word: str) -> str:
    if word[:2] in _DOUBLE_SURNAMES:
        return word[:2]
    return word[0] if word and word[0] in _SURNAMES else ""


def _written(name: str) -> str:
    """Surname, then given name in one word, ü as yu: GB/T 28039-2011."""
    surname = _surname(name)
    return f"{_sound(surname)} {_sound(name[len(surname) :])}"


def _sound(part: str) -> str:
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(part)).replace("v", "yu").capitalize()
