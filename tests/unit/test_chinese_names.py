"""Names of people are found in lines of drama, and words that look like them are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.translating.chinese_names import find_names, recurring_names, romanized

pytest.importorskip("jieba")
pytest.importorskip("pypinyin")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("沈砚，我们离婚吧。", {"沈砚": "Shen Yan"}),
        ("傅司年，你到底爱不爱我？", {"傅司年": "Fu Sinian"}),
        ("顾言之来了。", {"顾言之": "Gu Yanzhi"}),
        ("江晚晚，滚出去！", {"江晚晚": "Jiang Wanwan"}),
        ("他姓霍，叫霍霆琛。", {"霍霆琛": "Huo Tingchen"}),
        ("赵小曼是我女朋友。", {"赵小曼": "Zhao Xiaoman"}),
        ("吕岩，过来。", {"吕岩": "Lyu Yan"}),
    ],
)
def test_names_are_written_surname_first(text: str, names: dict[str, str]) -> None:
    assert find_names(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "谢谢你！", "高兴吧？", "白痴，你说什么？", "安静点！", "方便的话，我们谈谈。", "何必呢？",
        "不用了，祝你们幸福。", "他是我失散多年的孙子。", "阿姨，您觉得他就值五百万？", "雷声好大。",
        "连我都不信。", "包你满意。", "全都给我出去！", "时间不早了。", "明明是你！", "马屁精！",
        "陈家的女儿回来了。", "周律师，麻烦您了。", "沈太太，请自重。", "老公，我错了。", "",
    ],
)  # fmt: skip
def test_other_words_are_let_be(text: str) -> None:
    assert find_names(text) == {}


@given(st.text(alphabet="沈顾言之砚来了，我你的。王小明abc 1", max_size=12))
def test_what_is_found_is_in_the_text_and_written_in_latin_letters(text: str) -> None:
    for name, written in find_names(text).items():
        assert name in text
        assert 2 <= len(name) <= 4
        assert written.isascii()
        assert len(written.split()) == 2


def test_any_text_can_be_given_by_its_sounds() -> None:
    assert romanized("你好 Tom").split() == ["ni", "hao", "Tom"]


def test_what_no_line_shows_to_be_a_name_all_lines_together_do() -> None:
    lines = ["陆景行答应我了。", "陆景行昨天出国了。", "我只认苏念安一个人。", "苏念安已经走了。"]
    assert find_names(lines[0]) == {}
    assert recurring_names(lines, ()) == {"苏念安": "Su Nianan", "陆景行": "Lu Jingxing"}
    assert recurring_names(lines[:1], ()) == {}
    assert recurring_names(lines, {"陆景行"}) == {"苏念安": "Su Nianan"}


def test_words_that_recur_are_no_names() -> None:
    lines = [
        "马上回来！",
        "马上回公司。",
        "任何人都别动。",
        "任何人都不许走。",
        "时间到了。",
        "时间到此为止。",
    ]
    assert recurring_names(lines, ()) == {}


@pytest.mark.parametrize(
    "line",
    [
        "你这个白眼狼！", "余生请多指教。", "你许诺过的事，都忘了吗？", "我只是个路人甲。", "给你带了桂花糕。", "他就是个段子手。",
        "她是他的白月光。", "温柔乡是英雄冢。", "安全门在左边。", "和尚庙在山上。", "把简历表填好。", "来碗龙虾饭。", "梅雨季到了。",
    ],
)  # fmt: skip
def test_common_words_after_a_surname_are_no_people(line: str) -> None:
    assert find_names(line) == {}


@pytest.mark.parametrize("name", ["冷清秋", "金玉莲", "章子怡", "黄振华", "沈砚秋", "王建国"])
def test_people_whose_names_hold_a_word_are_found(name: str) -> None:
    assert name in find_names(f"{name}，你站住！") or name in find_names(f"是{name}干的。")


@pytest.mark.parametrize(
    "line",
    [
        "我想喝柳橙汁。", "给我来份宫保鸡丁。", "吃个马卡龙吧。", "毛血旺好辣。", "易容术真厉害。",
        "宫保虾不错。", "白切鸡真香。", "黄焖鸡来一份。",
    ],
)  # fmt: skip
def test_dishes_drinks_and_arts_are_no_people(line: str) -> None:
    assert find_names(line) == {}


@pytest.mark.parametrize("name", ["赵小糖", "周小丁", "陈阿丁", "沈知鱼", "陆知茶"])
def test_people_whose_names_end_like_dishes_are_found(name: str) -> None:
    assert name in find_names(f"{name}，你站住！")


@pytest.mark.parametrize(
    "line", ["江晚吟来了。", "江晚吟走了。", "江晚吟，你站住！", "去把江晚吟叫来。"]
)
def test_a_name_of_three_characters_is_not_cut_to_two(line: str) -> None:
    assert find_names(line) == {"江晚吟": "Jiang Wanyin"}
