"""Numbers are spoken as people say them in the language, and what is no number stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.engines.synthesizing.spoken_numbers import in_words

LANGUAGES = ["en", "es-419", "pt-BR", "pt-PT", "id", "it", "fr", "de", "vi", "th", "ja", "ko", "zh"]


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "138-0013-8000", "one three eight, zero zero one three, eight zero zero zero"),
        ("en", "13800138000", "one three eight, zero zero one three, eight zero zero zero"),
        ("en", "at 3:30", "at three thirty"),
        ("en", "at 3:05 pm", "at three oh five pm"),
        ("en", "at 3:00", "at three o'clock"),
        ("en", "on March 15, 2026", "on March fifteenth, twenty twenty-six"),
        ("en", "2026-03-15", "March fifteenth, twenty twenty-six"),
        ("en", "35,621.78", "thirty-five thousand six hundred and twenty-one point seven eight"),
        ("en", "$1", "one dollar"),
        ("en", "¥1,299", "one thousand two hundred and ninety-nine yuan"),
        ("en", "the 22nd floor", "the twenty-second floor"),
        ("en", "2000 yuan", "two thousand yuan"),
        ("en", "room 007", "room zero zero seven"),
        ("en", "20% off 3 kg", "twenty percent off three kilograms"),
        ("es-419", "$50", "cincuenta dólares"),
        ("es-419", "1.299 yuanes", "mil doscientos noventa y nueve yuanes"),
        ("es-419", "21 años", "veintiún años"),
        ("es", "a la 1:30", "a la una y treinta"),
        ("es", "el 15/03/2026", "el quince de marzo de dos mil veintiséis"),
        ("es", "la 5.ª vez", "la quinta vez"),
        ("pt-BR", "R$ 35,50", "trinta e cinco vírgula cinco reais"),
        ("pt-BR", "às 2:15", "às duas e quinze"),
        ("pt-BR", "o 3º", "o terceiro"),
        ("id", "20%", "dua puluh persen"),
        ("id", "Rp500", "lima ratus rupiah"),
        ("id", "35.000 yuan", "tiga puluh lima ribu yuan"),
        ("fr", "15h30", "quinze heures trente"),
        ("fr", "1 299 €", "mille deux cent quatre-vingt-dix-neuf euros"),
        ("fr", "le 1er", "le premier"),
        ("de", "um 15:30", "um fünfzehn Uhr dreißig"),
        ("de", "am 15. März", "am fünfzehnten März"),
        ("it", "il 20%", "il venti per cento"),
        ("vi", "20%", "hai mươi phần trăm"),
        ("th", "20%", "ยี่สิบเปอร์เซ็นต์"),
        ("ja", "15:30", "十五時三十分"),
        ("ko", "1,299원", "천이백구십구원"),
        ("zh", "打13800138000", "打一三八零零一三八零零零"),
        ("zh", "20%", "百分之二十"),
    ],
)
def test_a_number_is_said(language: str, text: str, said: str) -> None:
    assert in_words(text, language) == said


@pytest.mark.parametrize("text", ["A380", "R2D2", "mp3", "No numbers here."])
def test_what_is_part_of_a_word_stays(text: str) -> None:
    assert in_words(text, "en") == text


def test_a_language_that_nobody_knows_stays_as_it_is_written() -> None:
    assert in_words("20%", "sw") == "20%"


@given(st.integers(0, 10**12 - 1), st.sampled_from(LANGUAGES))
def test_every_number_is_said_in_words(number: int, language: str) -> None:
    said = in_words(f"{number:,}" if language == "en" else str(number), language)
    assert said
    assert not any("0" <= character <= "9" for character in said)


@given(st.text("0123456789.,:-/ %$€¥hºª°kgm円元"), st.sampled_from(LANGUAGES))
def test_nothing_written_with_digits_breaks(text: str, language: str) -> None:
    in_words(text, language)
