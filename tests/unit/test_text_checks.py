"""What can be told of a translation by its characters: fixed cases, and properties of any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.pieces import pieces
from dubbing.engines.translating import text_checks
from dubbing.model.episode import Term

TARGETS = ["en", "es-419", "pt-BR", "vi", "ja", "ko", "th", "ar", "zh"]


@pytest.mark.parametrize(
    ("said", "target", "expected"),
    [
        ('"Who are you?"', "en", "Who are you?"),
        ("“Who are you?”", "en", "Who are you?"),
        ("«¿Quién eres?»", "es-419", "¿Quién eres?"),
        ('"No," he said, "never."', "en", '"No," he said, "never."'),
        ("Translation: Who are you?", "en", "Who are you?"),
        ("English: Who are you?", "en", "Who are you?"),
        ("你是谁？", "zh", "你是谁？"),
        ("Who are you？ Go！", "en", "Who are you? Go!"),
        ("Chen Feng，listen。", "en", "Chen Feng, listen."),
        ("Wait.....", "en", "Wait…"),
        ("……", "en", "…"),
        ("<i>Who</i> are\nyou?", "en", "Who are you?"),
        ("[music] Who are you? ♪", "en", "Who are you?"),
        ("- Who are you?", "en", "Who are you?"),
        ("Who are you ?", "en", "Who are you?"),
        ("Qui es-tu ?", "fr", "Qui es-tu ?"),
    ],
)
def test_a_translation_is_tidied(said: str, target: str, expected: str) -> None:
    assert text_checks.tidy(said, target) == expected


@pytest.mark.parametrize(
    ("text", "translation", "target", "fault"),
    [
        ("你好。", "", "en", "nothing said"),
        ("顾总，您的未婚妻来了。", "Mr. 顾, your fiancée is here.", "en", "left untranslated: 顾"),
        ("我们离婚吧。", "我们离婚吧。", "en", "not in the right script"),
        ("我们离婚吧。", "Let's get a divorce.", "th", "not in the right script"),
        ("我们离婚吧。", "我们现在就去离婚登记处办理吧", "ja", "not in the right script"),
        ("你好。", "Hello. (Note: this is a greeting)", "en", "talk about the translation: (Note:"),
        ("你好。", "Here is the translation: hello", "en", "talk about the translation"),
        ("你好。", "Hello " * 20, "en", "much longer than what is said"),
    ],
)
def test_what_is_no_translation_is_found(
    text: str, translation: str, target: str, fault: str
) -> None:
    assert fault in ", ".join(text_checks.faults(text, translation, "zh", target))


@pytest.mark.parametrize(
    ("text", "translation", "target"),
    [
        ("沈砚，我们离婚吧。", "Shen Yan, let's get a divorce.", "en"),
        ("你是谁？", "¿Quién eres?", "es-419"),
        ("不。", "No.", "pt-BR"),
        ("你怎么会在这里？", "Sao anh lại ở đây?", "vi"),
        ("他是我哥哥。", "彼は私の兄です。", "ja"),
        ("秘密。", "秘密", "ja"),
        ("我在KTV。", "노래방이야.", "ko"),
        ("我喜欢你。", "ฉันชอบเธอ", "th"),
        ("我喜欢你。", "أنا معجب بك", "ar"),
        ("她是CEO。", "CEO.", "en"),
        ("注意这一点。", "Note this well.", "en"),
    ],
)
def test_what_is_one_is_let_pass(text: str, translation: str, target: str) -> None:
    assert text_checks.faults(text, translation, "zh", target) == ()


def test_wishes_that_are_not_heeded_are_named() -> None:
    terms = [Term("沈砚", "en", "Shen Yan"), Term("顾总", "en", "Mr. Gu")]
    assert text_checks.unmet_wishes("SHEN YAN, Mr. Gu is here.", terms, 25) == ()
    assert text_checks.unmet_wishes("Shen Yan, the director is here.", terms, 25) == (
        "顾总 is not rendered as Mr. Gu",
        "over 25 characters",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("（哭）你为什么不说？", "你为什么不说？"),
        ("[门响] 谁？", "谁？"),
        ("<i>你好</i>", "你好"),
        ("♪我爱你♪", "我爱你"),
        ("（叹气）", "（叹气）"),
    ],
)
def test_stage_directions_are_not_translated(text: str, expected: str) -> None:
    assert text_checks.without_directions(text) == expected


@given(st.text(), st.sampled_from(TARGETS))
def test_any_text_is_tidied_to_one_line_and_stays_so(text: str, target: str) -> None:
    once = text_checks.tidy(text, target)
    assert once == once.strip()
    assert len(once.splitlines()) <= 1
    assert text_checks.tidy(once, target) == once


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(TARGETS))
def test_a_text_without_faults_is_in_the_script_of_its_language(
    text: str, translation: str, target: str
) -> None:
    if not text_checks.faults(text, translation, "zh", target):
        assert translation
        assert text_checks.foreign_letters(translation, target) == ""
        assert any(character.isalpha() for character in translation)


@given(st.text(alphabet="我你。，！ abc.,", max_size=300), st.integers(1, 50))
def test_pieces_are_short_and_lose_nothing_that_is_said(text: str, max_chars: int) -> None:
    cut = pieces(text, max_chars)
    assert all(0 < len(piece) <= max_chars for piece in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


def test_pieces_end_with_sentences_where_they_can() -> None:
    assert pieces("你来了。我走了，再见。好", 7) == ["你来了。", "我走了，再见。", "好"]
    assert pieces("Mr. Gu is here. Come in.", 16) == ["Mr. Gu is here.", "Come in."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qué haces?", "¿Qué haces?"),
        ("Lin Wan, qué haces aquí?", "Lin Wan, ¿qué haces aquí?"),
        ("Vete. No me toques!", "Vete. ¡No me toques!"),
        ("Lo sabías, ¿no?", "Lo sabías, ¿no?"),
        ("Lo sabías, no?", "Lo sabías, ¿no?"),
        ("Mamá, por qué lloras? Basta!", "Mamá, ¿por qué lloras? ¡Basta!"),
        ("¿Quién es? Dónde está?", "¿Quién es? ¿Dónde está?"),
        ("… Cómo te atreves!", "…¡Cómo te atreves!"),
        ("El Sr.Gu viene?", "¿El Sr.Gu viene?"),
        ("¡Fuera!", "¡Fuera!"),
        ("Me debes 3.500 yuanes!", "¡Me debes 3.500 yuanes!"),
        ("De verdad?!", "¿De verdad?!"),
        ("No lo sé.", "No lo sé."),
    ],
)
def test_spanish_opens_what_it_closes(text: str, expected: str) -> None:
    opened = text_checks.tidy(text, "es-419")
    assert opened.replace("… ", "…") == expected
    assert text_checks.tidy(opened, "es-419") == opened
    assert "¿" not in text_checks.tidy(text.replace("¿", ""), "pt-BR")
