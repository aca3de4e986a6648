"""Text as it is spoken: what nobody says is gone, and all that is said is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.synthesizing.spoken import spoken


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "(sighs) Wait... “what?” [music] ♪", "Wait… what?"),
        ("en", "You *really* -- mean it?!", "You really, mean it?"),
        ("en", "STOP IT, GO AWAY!", "stop it, go away!"),
        ("en", "NO!", "no!"),
        ("en", "The CEO called. I know.", "The CEO called. I know."),
        ("en", "He IS HERE now.", "He is here now."),
        ("en", "It cost $50 & 20%", "It cost fifty dollars & twenty percent"),
        ("es-419", "¡Jajaja! ¿Qué?", "¡ja, ja, ja! ¿Qué?"),
        ("pt-BR", "kkkk para", "rá, rá, rá para"),
        ("id", "Wkwkwk, tidak", "ha, ha, ha, tidak"),
        ("zh", "（哭）等等……你——是谁？！", "等等…你, 是谁？"),
        ("fr", "Ça alors 😀", "Ça alors"),
        ("en", "... ?! —", ""),
        ("en", "", ""),
    ],
)
def test_what_is_read_becomes_what_is_said(language: str, text: str, expected: str) -> None:
    assert spoken(text, language) == expected


@given(st.text(), st.sampled_from(["en", "pt-BR", "zh", "th"]))
def test_any_text_gives_one_clean_line_and_stays_it(text: str, language: str) -> None:
    once = spoken(text, language)
    assert once == once.strip()
    assert "\n" not in once
    assert not once or any(character.isalnum() for character in once)


@given(
    st.lists(
        st.sampled_from(["Nunca", "pensé", "que", "volverías", "a", "casa", "mañana"]), min_size=1
    )
)
def test_plain_words_are_left_alone(words: list[str]) -> None:
    assert spoken(" ".join(words), "es") == " ".join(words)
