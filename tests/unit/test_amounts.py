"""A translation keeps the numbers of its line, or is marked; and what only looks like a number marks nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from test_completeness import translated

from dubbing.engines import registry
from dubbing.engines.fakes import FakeTranslator
from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.translating.amounts import changed, in_digits, numbers, review
from dubbing.engines.translating.number_words import values
from dubbing.model.review import ReviewKind

# Lines, right translations of them, and wrong ones.
RIGHT = (
    ("三万五千六百二十一块七毛八，一分都不能少。", "en", "35,621.78 yuan, and not a cent less."),
    ("三万五千六百二十一块七毛八。", "en", "Thirty-five thousand six hundred and twenty-one yuan and seventy-eight cents."),
    ("三万五千六百二十一块七毛八。", "pt-BR", "R$ 35.621,78."),
    ("这件衣服原价1299元，打八折。", "en", "This dress was 1,299 yuan, now 20% off."),
    ("打八折。", "es-419", "Tiene un veinte por ciento de descuento."),
    ("打八折。", "en", "You pay 80 percent of the price."),
    ("这个包打五折。", "en", "The bag is half price."),
    ("八五折给你。", "de", "Für dich mit 15 % Rabatt."),
    ("我等了你三年。", "en", "I waited three years for you."),
    ("我等了你十年。", "en", "I waited a decade for you."),
    ("才两百块钱。", "es", "Son solo doscientos yuanes."),
    ("他欠我一万二。", "en", "He owes me twelve thousand."),
    ("三千五百万的合同。", "en", "A contract worth 35 million."),
    ("三千五百万的合同。", "fr", "Un contrat de trente-cinq millions."),
    ("百分之三十的股份归你。", "id", "Tiga puluh persen sahamnya milikmu."),
    ("百分之三十的股份归你。", "it", "Il trenta per cento delle azioni è tuo."),
    ("百分之五十归我。", "en", "Half is mine."),
    ("三点半见。", "en", "See you at half past three."),
    ("三点半见。", "es", "Nos vemos a las tres y media."),
    ("下午五点见。", "fr", "On se voit à 17 h."),
    ("晚上八点二十分。", "en", "Twenty past eight in the evening."),
    ("二零二六年我会回来。", "en", "I'll be back in twenty twenty-six."),
    ("二零二六年我会回来。", "en", "I'll be back in 2026."),
    ("三月十五号结婚。", "en", "The wedding is on March 15th."),
    ("我的电话是13800138000。", "en", "My number is 138 0013 8000."),
    ("打一三八零零一三八零零零。", "en", "Call 138-0013-8000."),
    ("公司估值1.5亿。", "en", "The company is worth 150 million."),
    ("公司估值1.5亿。", "es-419", "La empresa vale 150 millones."),
    ("给你五百万，离开我儿子。", "en", "Take five million and leave my son."),
    ("她今年二十五岁。", "pt-BR", "Ela tem vinte e cinco anos."),
    ("她二十多岁。", "en", "She's in her twenties, over 20."),
    ("第十二层。", "en", "The twelfth floor."),
    ("第三次了！", "en", "It's the third time!"),
    ("这是第三次了！", "pt-BR", "É a terceira vez!"),
    ("涨了三倍。", "en", "It tripled."),
    ("两年前的事。", "en", "It was a couple of years ago."),
    ("十二个鸡蛋。", "en", "A dozen eggs."),
    ("七天之内还钱。", "en", "Pay me back within a week."),
    ("三成的利润。", "en", "Thirty percent of the profit."),
    ("3万5，不能再少。", "en", "35,000, no less."),
    ("一共三块五。", "en", "That's 3.50."),
    ("三十五万现金。", "id", "Tiga ratus lima puluh ribu tunai."),
    ("三十五万现金。", "ja", "現金三十五万です。"),
    ("三百六十五天。", "de", "Dreihundertfünfundsechzig Tage."),
    ("会议改到下午三点一刻。", "en", "The meeting is moved to 3:15 pm."),
    ("三点三刻见。", "en", "See you at a quarter to four."),
    ("八点一刻出发。", "fr", "On part à huit heures et quart."),
    ("九点三刻。", "de", "Um 9.45 Uhr."),
    ("他身高一米八五。", "en", "He is 1.85 metres tall."),
    ("他身高一米八五。", "pt-BR", "Ele tem um metro e oitenta e cinco."),
    ("他一米八。", "de", "Er ist 180 Zentimeter groß."),
    ("这门两米二高。", "fr", "Cette porte fait 2,20 mètres."),
    ("给我两百五十万。", "en", "Give me two and a half million."),
    ("给我两百五十万。", "en", "Give me two million and a half."),
    ("给我两百五十万。", "pt-BR", "Dê-me dois milhões e meio."),
    ("给我两百五十万。", "es", "Dame dos millones y medio."),
    ("给我两百五十万。", "fr", "Donne-moi deux millions et demi."),
    ("给我两百五十万。", "it", "Dammi due milioni e mezzo."),
    ("给我两百五十万。", "de", "Gib mir zweieinhalb Millionen."),
    ("给我两百五十万。", "id", "Beri aku dua setengah juta."),
    ("一百五十万。", "de", "Anderthalb Millionen."),
    ("五十万。", "en", "Half a million."),
    ("五十万。", "es", "Medio millón."),
)  # fmt: skip
WRONG = (
    ("三万五千六百二十一块七毛八，一分都不能少。", "en", "Three thousand five hundred and sixty-two and one hundred and twenty-seven and eight cents."),
    ("这件衣服原价1299元，打八折。", "en", "This dress was originally 1299 yuan, discounted by 80%."),
    ("打八折。", "es", "Tiene un 80 % de descuento."),
    ("打七折。", "en", "It's 70% off."),
    ("他欠我一万二。", "en", "He owes me one thousand two hundred."),
    ("三千五百万。", "es", "Tres millones y medio."),
    ("五百万。", "pt-BR", "Quinhentos mil."),
    ("我等了你三年。", "en", "I waited four years for you."),
    ("二零二六年。", "fr", "En 2062."),
    ("三点半见。", "en", "See you at half past four."),
    ("百分之三十。", "id", "Tiga belas persen."),
    ("两百块。", "de", "Zwanzig Yuan."),
    ("公司估值1.5亿。", "en", "The company is worth 15 million."),
    ("我的电话是13800138000。", "en", "My number is 138 0013 800."),
    ("她今年二十五岁。", "it", "Ha ventisei anni."),
    ("三十五万现金。", "id", "Tiga puluh lima ribu tunai."),
    ("会议改到下午三点一刻。", "en", "The meeting is moved to 3:45 pm."),
    ("三点三刻见。", "en", "See you at a quarter to three."),
    ("八点一刻出发。", "es", "Salimos a las nueve y cuarto."),
    ("他身高一米八五。", "en", "He is 1.58 metres tall."),
    ("他一米八。", "en", "He is 1.5 metres tall."),
    ("这门两米二高。", "it", "Questa porta è alta 2,02 metri."),
    ("给我两百五十万。", "en", "Give me three and a half million."),
    ("两百万。", "pt-BR", "Dois milhões e meio."),
    ("两百五十万。", "fr", "Deux millions."),
)  # fmt: skip
NO_NUMBERS = (
    "万一他不来呢？", "千万别告诉他。", "我们一起走吧。", "他三心二意。", "心里七上八下的。", "等一下。", "十分抱歉。",
    "一个都不许走。", "乱七八糟！", "来了十几个人。", "两三天就好。", "三五个朋友。", "三叔来了。", "二姐别哭。",
    "老三在哪？", "百分之百可靠。", "我一点也不爱你。", "他是第三者。", "三更半夜的。", "五湖四海皆兄弟。", "百年好合。",
    "好几万呢。", "上百人看着呢。", "我们两个完了。", "一万个不愿意。", "半斤八两。", "星期三来。", "五星级酒店。",
    "接二连三地出事。", "朝三暮四。", "八卦新闻。", "小三！", "千金小姐。", "万事如意。", "四面楚歌。", "不管三七二十一。",
)  # fmt: skip


@pytest.mark.parametrize(("line", "language", "translation"), RIGHT)
def test_a_number_that_is_kept_is_not_marked(line: str, language: str, translation: str) -> None:
    assert changed(line, translation, "zh", language) == ()


@pytest.mark.parametrize(("line", "language", "translation"), WRONG)
def test_a_number_that_changed_is_marked(line: str, language: str, translation: str) -> None:
    (item,) = review(line, translation, "zh", language)
    assert item.kind is ReviewKind.NUMBERS


@pytest.mark.parametrize(("line", "language", "translation"), RIGHT)
def test_a_translation_without_the_number_is_marked(
    line: str, language: str, translation: str
) -> None:
    assert changed(line, "Hm 0", "zh", language)


@pytest.mark.parametrize(
    "translation",
    ["He is six foot one.", "He's 6'1\".", "Er ist sechs Fuß groß.", "Mide seis pies."],
)
def test_a_height_in_feet_is_marked_neither_way(translation: str) -> None:
    language = "de" if "Fuß" in translation else "es" if "Mide" in translation else "en"
    assert changed("他身高一米八五。", translation, "zh", language) == ()


@pytest.mark.parametrize("line", NO_NUMBERS)
def test_idioms_and_guesses_are_no_numbers(line: str) -> None:
    assert numbers(line, "zh") == []
    assert in_digits(line, "zh") == line


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("三万五千六百二十一块七毛八。", "35,621.78元。"),
        ("这件衣服打八折。", "这件衣服便宜20%。"),
        ("他欠我一万二。", "他欠我12000。"),
        ("百分之三十归你。", "30%归你。"),
        ("三萬兩千塊。", "32,000元。"),
    ],
)
def test_numbers_are_asked_for_again_in_digits(line: str, plain: str) -> None:
    assert in_digits(line, "zh") == plain


@pytest.mark.parametrize("language", ["th", "vi", "ko", "ar"])
def test_words_that_nothing_reads_mark_nothing(language: str) -> None:
    assert values("abc", language) is None
    assert changed("我等了三年。", "abc", "zh", language) == ()
    assert changed("我等了三年。", "4", "zh", language)


@pytest.mark.parametrize(("line", "language", "translation"), RIGHT)
def test_other_digits_in_a_right_translation_are_marked(
    line: str, language: str, translation: str
) -> None:
    wrong = re.sub(r"\d", lambda d: str((int(d[0]) + 3) % 10), translation)
    if wrong != translation and "3万" not in line:
        assert changed(line, wrong, "zh", language)


class Miscounting(FakeTranslator):
    """A translator that knows digits better than numerals, and one number not at all."""

    said: ClassVar = {
        "他欠我一万二。": "He owes me one thousand two hundred.",
        "他欠我12000。": "He owes me 12,000.",
        "她今年二十五岁。": "She is thirty-five.",
        "她今年25岁。": "She is thirty-five years old.",
        "签字吧。": "Sign it.",
    }

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        return [Translation(self.said[request.text], confidence=0.95) for request in requests]


def test_a_changed_number_is_asked_for_again_in_digits_and_marked_if_it_stays_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "create", lambda _port, _name: Miscounting())
    script = translated(["他欠我一万二。", "她今年二十五岁。", "签字吧。"], tmp_path)
    assert [line.text for line in script.lines] == [
        "He owes me 12,000.",
        "She is thirty-five.",
        "Sign it.",
    ]
    assert script.lines[0].source_text == "他欠我一万二。"
    assert [[item.kind for item in line.review] for line in script.lines] == [
        [],
        [ReviewKind.NUMBERS],
        [],
    ]
