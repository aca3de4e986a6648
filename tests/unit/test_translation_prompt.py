"""The prompt says what is wanted, in the same words for every line of a pair."""

from __future__ import annotations

import itertools

import pytest

from dubbing.engines import text_checks, translation_prompt
from dubbing.engines.translation_prompt import Wishes
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
def test_the_wishes_shown_are_heeded_by_their_examples(target: str) -> None:
    source = "zh" if target != "zh" else "en"
    _, *turns = translation_prompt.conversation(source, target)
    named, short = turns[6:8], turns[12:14]
    _, _, name = named[0].text.splitlines()[0].strip("[]").partition(" = ")
    assert name.casefold() in named[1].text.casefold()
    assert short[0].text.splitlines()[0] == f"[at most {len(short[1].text)} characters]"


def test_a_variety_is_asked_for_by_its_own_name() -> None:
    def asked(target: str) -> str:
        return translation_prompt.conversation("zh", target)[0].text

    assert "Latin American Spanish" in asked("es-419") == asked("es")
    assert "European Spanish" in asked("es-ES")
    assert "Brazilian Portuguese" in asked("pt-BR")
    assert "European Portuguese" in asked("pt-PT")


def test_wishes_stand_before_the_line() -> None:
    wishes = Wishes((Term("沈砚", "en", "Shen Yan"),), 20, ("over 20 characters",))
    assert translation_prompt.question("沈砚！", wishes) == (
        "[沈砚 = Shen Yan; at most 20 characters; not as before: over 20 characters]\n沈砚！"
    )
    assert translation_prompt.question("沈砚！", Wishes()) == "沈砚！"
