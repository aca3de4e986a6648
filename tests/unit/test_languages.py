"""`configs/languages/`: complete, true to the standards they name, and strict about mistakes."""

from __future__ import annotations

import shutil
from pathlib import Path

import langcodes
import pytest

from dubbing.errors import Rejected
from dubbing.formats.language_toml import all_languages, load_language

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "languages"


def test_the_languages_of_the_markets_are_there() -> None:
    tags = {language.tag for language in all_languages(CONFIGS)}
    assert tags >= {
        "en", "es", "es-419", "es-ES", "pt", "pt-BR", "fr", "de", "id", "vi", "it", "th", "ar", "ko", "zh", "ja",
    }  # fmt: skip


@pytest.mark.parametrize("language", all_languages(CONFIGS), ids=lambda language: language.tag)
def test_codes_are_those_of_the_standard(language: object) -> None:
    tag, code = language.tag, language.iso639_2  # type: ignore[attr-defined]
    assert langcodes.standardize_tag(tag) == tag
    assert langcodes.Language.get(tag).to_alpha3(variant="T") == code


def test_no_word_is_listed_twice_or_bound_both_ways() -> None:
    for language in all_languages(CONFIGS):
        rules = language.cues
        for words in (rules.conjunctions, rules.prepositions, rules.bound_to_next):
            assert len(set(words)) == len(words), language.tag
        assert not set(rules.bound_to_next) & set(rules.bound_to_previous), language.tag


@pytest.mark.parametrize(
    ("asked", "tag", "name"),
    [
        ("es-MX", "es-MX", "Spanish"),
        ("pt_br", "pt-BR", "Portuguese (Brazil)"),
        ("zh-TW", "zh-TW", "Chinese (Traditional)"),
        ("zh-CN", "zh-CN", "Chinese (Simplified)"),
        ("cmn", "zh", "Chinese"),
        ("en-US", "en-US", "English"),
    ],
)
def test_a_tag_is_served_by_its_nearest_relative(asked: str, tag: str, name: str) -> None:
    language = load_language(CONFIGS, asked)
    assert (language.tag, language.name) == (tag, name)


def test_a_regional_variety_has_the_rules_of_its_language() -> None:
    assert load_language(CONFIGS, "es-419").cues == load_language(CONFIGS, "es").cues
    assert load_language(CONFIGS, "zh-TW").cues.segmenter == "zh-hant"


@pytest.mark.parametrize("tag", ["", "english", "es-", "not a tag", "12", "xx", "../es"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(Rejected, match="BCP-47"):
        load_language(CONFIGS, tag)


def test_a_language_without_a_file_is_refused_with_those_there_are() -> None:
    with pytest.raises(Rejected, match=r"es-419.*fr.*zh"):
        load_language(CONFIGS, "fi")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("chars_per_line =", "chars_a_line =", "cues.chars_a_line"),
        ("chars_per_line = 42", "", "cues.chars_per_line"),
        ("chars_per_line = 42", 'chars_per_line = "42"', "chars_per_line"),
        ("name =", "nam =", "nam"),
        ("[cues]", "[captions]", "captions"),
        ("[cues]", "cues = 1\n[captions]", "captions"),
        ("speaking_cps = 15.0", "", "speaking_cps"),
        ('name = "English"', "name = English", "en.toml"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "en.toml"
    shutil.copy(CONFIGS / "en.toml", file)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Rejected) as refusal:
        load_language(tmp_path, "en")
    assert refusal.value.where == str(file)
    assert named in str(refusal.value)
