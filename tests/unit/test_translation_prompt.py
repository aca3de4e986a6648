"""The prompt says what is wanted, in the same words for every line of a pair."""

from __future__ import annotations

import itertools

import pytest

from dubbing.engines.translating import text_checks, translation_prompt
from dubbing.model.episode import Term

LANGUAGES = sorted(translation_prompt.languages())


@pytest.mark.parametrize(("source", "target"), itertools.permutations(LANGUAGES, 2))
def test_every_example_is_a_translation_that_would_pass(source: str, target: str) -> None:
    system, *turns = translation_prompt.conversation(source, target)
    assert system.role == "system"
    questions, answers = turns[::2], turns[1::2]
    assert len(questions) == len(answers) >= 6
    for question, answer in zip(questions, answers, strict=True):
        line = question.text.splitlines()[-1]
        assert (question.role, answer.role) == ("user", "assistant")
        assert text_checks.faults(line, answer.text, source, target) == ()
        assert text_checks.tidy(answer.text, target) == answer.text


@pytest.mark.parametrize("target", LANGUAGES)
def test_the_name_in_brackets_is_in_its_example(target: str) -> None:
    source = "zh" if target != "zh" else "en"
    _, *turns = translation_prompt.conversation(source, target)
    question, answer = turns[6:8]
    _, _, name = question.text.splitlines()[0].strip("[]").partition(" = ")
    assert name.casefold() in answer.text.casefold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shorter_example_is_shorter_by_a_quarter(language: str) -> None:
    _, *turns = translation_prompt.shortening(language) or (None,)
    for line, shorter in zip(turns[::2], turns[1::2], strict=True):
        assert line is not None
        assert shorter is not None
        assert len(shorter.text) <= 0.75 * len(line.text), shorter
        assert text_checks.faults(line.text, shorter.text, language, language) == ()
        assert text_checks.tidy(shorter.text, language) == shorter.text


def test_a_variety_is_asked_for_by_its_own_name() -> None:
    def asked(target: str) -> str:
        return translation_prompt.conversation("zh", target)[0].text

    assert "Latin American Spanish" in asked("es-419") == asked("es")
    assert "European Spanish" in asked("es-ES")
    assert "Brazilian Portuguese" in asked("pt-BR")
    assert "European Portuguese" in asked("pt-PT")


def test_wishes_stand_before_the_line() -> None:
    term = Term("沈砚", "en", "Shen Yan")
    assert translation_prompt.question("沈砚！", [term], ["left untranslated: 沈"]) == (
        "[沈砚 = Shen Yan; not as before: left untranslated: 沈]\n沈砚！"
    )
    assert translation_prompt.question("沈砚！") == "沈砚！"
