"""What becomes of a Whisper's tokens: words, and no inventions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.transcribing import hearing
from dubbing.engines.transcribing.hearing import language_code
from dubbing.engines.transcribing.stretches import Stretch
from dubbing.engines.transcribing.tokens import Token, words_of
from dubbing.engines.transcribing.verdicts import Heard
from dubbing.errors import Rejected
from dubbing.formats.chinese_script import simplify
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from dubbing.model.time import Span

_PARTS = (Span(1000, 1800), Span(2200, 3000), Span(3300, 4000))
_STRETCH = Stretch((Span(1000, 4000),), Span(900, 4100))


def tokens(*texts: str, step_s: float = 0.3) -> list[Token]:
    return [Token(t, i * step_s, (i + 1) * step_s, 0.9) for i, t in enumerate(texts)]


def test_chinese_is_one_word_a_character_simplified_with_its_marks() -> None:
    words = words_of(tokens("我們", "什麼", "時候", "走", "?"), _STRETCH, "zh")
    assert [w.text for w in words] == ["我", "们", "什", "么", "时", "候", "走？"]


def test_letters_and_digits_in_a_row_stay_one_word() -> None:
    words = words_of(tokens("用", " Open", "AI", " GP", "T", "的", "7", "点"), _STRETCH, "zh")
    assert [w.text for w in words] == ["用", "OpenAI", " GPT", "的", "7", "点"]


def test_words_of_spaced_languages_take_their_marks() -> None:
    words = words_of(tokens(" It", " does", "n", "'t", " matter", ",", " Bob", "!"), _STRETCH, "en")
    assert [w.text for w in words] == ["It", "doesn't", "matter,", "Bob!"]


def test_opening_marks_go_with_the_word_after_them() -> None:
    words = words_of(tokens("他", "说", "“", "走", "”"), _STRETCH, "zh")
    assert [w.text for w in words] == ["他", "说", "“走”"]


def test_the_first_and_last_word_reach_the_edges_of_the_speech() -> None:
    words = words_of([Token("你", 0.2, 0.5, 0.9), Token("好", 2.0, 2.6, 0.9)], _STRETCH, "zh")
    assert words[0].span.start_ms == 1000
    assert words[-1].span.end_ms == 4000


def test_a_word_far_from_the_edge_stays_where_it_was_heard() -> None:
    words = words_of([Token("你", 1.2, 1.5, 0.9)], _STRETCH, "zh")
    assert words[0].span == Span(2100, 2400)


def test_words_around_a_pause_lie_in_the_speech_on_their_side_of_it() -> None:
    parts = (Span(1000, 1800), Span(2200, 3000))
    early = [Token("你", 0.0, 0.4, 0.9), Token("好", 0.4, 1.2, 0.9), Token("吗", 1.2, 1.9, 0.9)]
    words = words_of(early, Stretch(parts, Span(1000, 3000)), "zh")
    assert [w.span for w in words] == [Span(1000, 1400), Span(1400, 1800), Span(2200, 3000)]


@given(
    st.lists(
        st.tuples(
            st.text("你好我們 ab7,。“”", max_size=4),
            st.floats(-2, 6),
            st.floats(-2, 6),
            st.floats(0, 1),
        ),
        max_size=12,
    ),
    st.sampled_from(["zh", "ja", "en"]),
)
def test_words_are_always_in_order_and_inside_the_speech(
    raw: list[tuple[str, float, float, float]], language: str
) -> None:
    words = words_of([Token(*one) for one in raw], Stretch(_PARTS, Span(900, 4100)), language)
    edge_ms = 0
    for word in words:
        assert edge_ms <= word.span.start_ms <= word.span.end_ms
        assert any(part.join(word.span) == part for part in _PARTS)
        edge_ms = word.span.end_ms
        assert any(character.isalnum() for character in word.text)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("现在9.5折", "9.5"),
        ("一共35,621.78元", "35,621.78"),
        ("8:30见", "8:30"),
        ("别说don't", "don't"),
        ("用Wi-Fi吧", "Wi-Fi"),
        ("给$5吧", "$5"),
    ],
)
def test_numbers_and_latin_words_are_whole_words(text: str, whole: str) -> None:
    assert whole in [w.text for w in words_of(tokens(*text), _STRETCH, "zh")]
    assert "".join(w.text for w in words_of(tokens(*text), _STRETCH, "zh")) == text


def test_a_mark_between_a_digit_and_a_hanzi_is_a_mark() -> None:
    assert [w.text for w in words_of(tokens(*"8.走"), _STRETCH, "zh")] == ["8.", "走"]


def test_the_particle_is_simplified_and_the_noun_left() -> None:
    assert simplify("我不是故意瞞著你的，她看著我") == "我不是故意瞒着你的，她看着我"
    assert simplify("原著、名著和著名的著作") == "原著、名著和著名的著作"


def test_languages_are_known_by_their_base_tag() -> None:
    assert language_code("zh-Hans") == "zh"
    assert language_code("es-419") == "es"
    with pytest.raises(Rejected, match="xx"):
        language_code("xx")


_LINES = {
    # Whose speech begins with these samples: language, in the language asked for, in its own
    0.1: ("zh", ("你到底想怎么样", -0.2), None),
    0.2: ("en", ("接下来接下来", -1.2), (" Get out", -0.1)),
    0.3: ("en", (" Excuse me", -0.3), (" Excuse me!", -0.35)),
    0.4: ("ja", ("你给我站住", -0.3), ("お前", -0.6)),
    0.5: ("yue", ("我不走", -0.5), ("我唔走", -0.1)),
}


def network(sounds: Sequence[np.ndarray], language: str) -> list[Heard]:
    """Hears what stands above by how loud a sound begins."""
    heard = []
    for sound in sounds:
        spoken, asked, own = _LINES[round(float(sound[0]), 1)]
        text, sure = own if own and language == spoken else asked
        heard.append(Heard(tuple(tokens(text, step_s=0.8)), sure, 0.0, spoken, 0.9))
    return heard


@pytest.mark.parametrize(
    ("loudness", "text", "language"),
    [
        (0.1, "你到底想怎么样", ""),
        (0.2, "Get out", "en"),
        (0.3, "Excuse me!", "en"),
        (0.4, "你给我站住", ""),
        (0.5, "我不走", ""),
    ],
)
def test_a_stretch_is_heard_in_the_language_that_is_spoken_in_it(
    loudness: float, text: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "stretches", lambda _: [Stretch((Span(0, 2000),), Span(0, 2000))])
    sound = Audio.of_mono(np.full(32_000, loudness, np.float32), SPEECH_RATE_HZ)
    found = hearing.transcribe(sound, "zh", network)
    assert "".join(word.text for word in found.words).strip() == text
    assert {word.language for word in found.words} == {language}
    assert found.without_words == ()
