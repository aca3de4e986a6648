"""A translator behind an endpoint: what it is asked, and what comes of the ways in which one fails."""

from __future__ import annotations

import json
import pickle
import time
from typing import Any

import pytest
from endpoints import Answering, line, says, scripted

from dubbing.engines import registry
from dubbing.engines.ports import Port, Scene, Translation, TranslationRequest
from dubbing.engines.translating.endpoint import EndpointTranslator
from dubbing.errors import Rejected, Transient
from dubbing.model.episode import Term

pytest.importorskip("openai")

KEY = "sk-very-secret"
REQUEST = TranslationRequest("沈砚，我们离婚吧。")
SHEN = Term("沈砚", "en", "Shen Yan", "the hero")
FAILED = {"error": {"message": "no such thing", "type": "invalid_request_error"}}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DUBBING_OPENAI_KEY", KEY)
    monkeypatch.delenv("DUBBING_OPENAI_COMMERCIAL", raising=False)
    return monkeypatch


def translate(
    answering: Answering, *requests: TranslationRequest, model: str = "qwen3-32b"
) -> tuple[list[Translation], list[dict[str, Any]]]:
    with scripted(answering) as (url, asked), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUBBING_OPENAI_BASE_URL", url)
        with EndpointTranslator(model) as engine:
            return engine.translate(requests or (REQUEST,), "zh", "en"), asked


def question(asked: dict[str, Any]) -> str:
    return str(asked["messages"][1]["content"])


def test_a_line_is_asked_for_with_all_that_is_known_around_it() -> None:
    scene = Scene(
        before=("你终于回来了。",), after=("你疯了吗？",), speaker="Lin Wan", gender="female",
        similar=(("我们分手吧。", "Let's break up."),), notes=("No swearing.",),
    )  # fmt: skip
    request = TranslationRequest(REQUEST.text, (SHEN,), scene=scene)
    found, (asked,) = translate(lambda *_: line("Shen Yan, let's get a divorce."), request)
    assert found == [Translation("Shen Yan, let's get a divorce.")]
    assert asked["model"] == "qwen3-32b"
    assert asked["temperature"] == 0
    assert asked["response_format"]["type"] == "json_schema"
    assert asked["key"] == f"Bearer {KEY}"
    for part in ("你终于回来了。", "你疯了吗？", "Lin Wan, a female voice", "我们分手吧。 = Let's break up.",
                 "No swearing.", "沈砚 = Shen Yan (the hero)"):  # fmt: skip
        assert part in question(asked)
    assert question(asked).endswith(REQUEST.text)


def test_lines_are_asked_for_at_once_and_come_in_order() -> None:
    texts = [f"第{number}个人来了。" for number in range(8)]

    def slow(request: dict[str, Any], _: int) -> Any:
        text = question(request).splitlines()[-1]
        time.sleep(0.4 if "0" in text else 0.2)
        return line(f"Number {text[1]} came.")

    started_s = time.monotonic()
    found, asked = translate(slow, *(TranslationRequest(text) for text in texts))
    assert [one.text for one in found] == [f"Number {number} came." for number in range(8)]
    assert len(asked) == 8
    assert time.monotonic() - started_s < 1.5, "one after another takes 1.8 s"


def test_an_answer_that_is_none_is_asked_for_once_more_with_more_room() -> None:
    for bad in (says("Sure! Shen Yan, let's"), says('{"line": "Shen', "length"), says('{"l": 1}')):
        found, asked = translate(lambda _, n, bad=bad: line("Let's divorce.") if n else bad)  # type: ignore[misc]
        assert found == [Translation("Let's divorce.")]
        assert asked[0]["max_completion_tokens"] < asked[1]["max_completion_tokens"]
        assert asked[0]["messages"] == asked[1]["messages"]


def test_what_never_becomes_a_line_is_noted_and_something_is_said() -> None:
    (found,), asked = translate(lambda *_: says("I'm sorry."))
    assert found.text == "shen yan ， wo men li hun ba 。"
    assert "cut off" in found.notes
    assert len(asked) == 4


def test_a_term_that_was_missed_is_named_and_then_put_into_the_line() -> None:
    request = TranslationRequest("干爹，走吧。", (Term("干爹", "en", "Godfather"),))
    answers = ("Let's go, dad.", "Dad, let's go.", "Godfather, let's go.")
    (found,), asked = translate(lambda _, n: line(answers[n]), request)
    assert found == Translation("Godfather, let's go.")
    assert "干爹 is not rendered as Godfather" in question(asked[1])
    assert question(asked[2]).endswith("Godfather，走吧。")
    (found,), _ = translate(lambda *_: line("Let's go, dad."), request)
    assert found == Translation("Let's go, dad.", ("干爹 is not rendered as Godfather",))


def test_only_what_is_too_long_is_shortened_and_keeps_its_terms() -> None:
    long = "Shen Yan, I think that you and I should get a divorce today."

    def answering(request: dict[str, Any], _: int) -> Any:
        return line("Shen Yan, let's divorce." if "At most 30" in question(request) else long)

    free = TranslationRequest(REQUEST.text, (SHEN,), max_chars=80)
    short = TranslationRequest(REQUEST.text, (SHEN,), max_chars=30)
    found, asked = translate(answering, free, short)
    assert found == [Translation(long), Translation("Shen Yan, let's divorce.")]
    assert len(asked) == 3
    (found_one,), _ = translate(
        lambda r, _: line("Divorce!" if "At most" in question(r) else long), short
    )
    assert found_one == Translation(long, ("over 30 characters",))


def test_a_busy_endpoint_is_asked_again_and_then_given_up_for_now() -> None:
    busy = (429, {"retry-after-ms": "10"}, FAILED)
    found, asked = translate(lambda _, n: line("Let's divorce.") if n == 2 else busy)
    assert found == [Translation("Let's divorce.")]
    assert len(asked) == 3
    for status in (429, 503):
        with pytest.raises(Transient, match=str(status)):
            translate(lambda *_, status=status: (status, {"retry-after-ms": "10"}, FAILED))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("status", "named"),
    [
        (401, "DUBBING_OPENAI_KEY"),
        (403, "DUBBING_OPENAI_KEY"),
        (404, "DUBBING_OPENAI_BASE_URL"),
        (400, "json_schema"),
    ],
)
def test_what_the_endpoint_refuses_names_the_setting_and_never_the_key(
    status: int, named: str
) -> None:
    asked: list[int] = []

    def refusing(_: dict[str, Any], number: int) -> Any:
        asked.append(number)
        message = f"Incorrect API key provided: {KEY}" if status == 401 else "no such thing"
        return status, {}, {"error": {"message": message}}

    with pytest.raises(Rejected, match=named) as refusal:
        translate(refusing)
    assert KEY not in str(pickle.loads(pickle.dumps(refusal.value)))  # noqa: S301
    assert asked == [0], "it is not tried again"


def test_an_endpoint_that_does_not_answer_in_time_is_given_up_for_now(
    settings: pytest.MonkeyPatch,
) -> None:
    settings.setenv("DUBBING_OPENAI_TIMEOUT_S", "0.05")
    settings.setattr("dubbing.engines.translating.endpoint._RETRIES", 1)

    def slow(*_: object) -> Any:
        time.sleep(0.5)
        return line("Too late.")

    with pytest.raises(Transient, match="APITimeoutError"):
        translate(slow)


def test_nobody_at_the_address_is_for_now_too(settings: pytest.MonkeyPatch) -> None:
    with scripted(lambda *_: line("")) as (url, _):
        pass
    settings.setenv("DUBBING_OPENAI_BASE_URL", url)
    settings.setattr("dubbing.engines.translating.endpoint._RETRIES", 0)
    with EndpointTranslator("m") as engine, pytest.raises(Transient) as failure:
        engine.translate([REQUEST], "zh", "en")
    assert url not in str(failure.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DUBBING_OPENAI_BASE_URL", ""),
        ("DUBBING_OPENAI_BASE_URL", "gpu1:8000"),
        ("DUBBING_OPENAI_CONNECTIONS", "0"),
        ("DUBBING_OPENAI_CONNECTIONS", "many"),
        ("DUBBING_OPENAI_TIMEOUT_S", "-1"),
    ],
)
def test_a_setting_that_can_not_be_used_is_refused_before_work(
    settings: pytest.MonkeyPatch, name: str, value: str
) -> None:
    settings.setenv("DUBBING_OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    settings.setenv(name, value)
    with pytest.raises(Rejected, match=name):
        _ = EndpointTranslator("m").pairs


def test_a_profile_may_name_any_model_of_an_endpoint_and_of_no_other_engine() -> None:
    for model in ("qwen3-32b", "Qwen/Qwen3-32B", "qwen3:32b"):
        assert registry.create(Port.TRANSLATOR, f"openai:{model}").info.name == f"openai:{model}"
    for name in ("openai", "openai:", "nllb:9b", "nothing:x"):
        with pytest.raises(Rejected, match="openai:<model>"):
            registry.create(Port.TRANSLATOR, name)


def test_another_model_or_address_is_another_revision_and_no_secret_is_in_it(
    settings: pytest.MonkeyPatch,
) -> None:
    revisions = set()
    for model in ("a", "b"):
        for url in ("http://me:pw@one.example/v1", "http://two.example/v1"):
            settings.setenv("DUBBING_OPENAI_BASE_URL", url)
            info = EndpointTranslator(model).info
            revisions.add(info.revision)
            for secret in (KEY, "pw", "one.example", "two.example"):
                assert secret not in json.dumps(repr(info))
    assert len(revisions) == 4
    settings.setenv("DUBBING_OPENAI_BASE_URL", "http://you:other@two.example/v1/")
    assert EndpointTranslator("b").info.revision in revisions


def test_it_may_be_sold_with_only_where_somebody_says_so(settings: pytest.MonkeyPatch) -> None:
    for value, commercial in (("", False), ("0", False), ("yes", False), ("1", True)):
        settings.setenv("DUBBING_OPENAI_COMMERCIAL", value)
        assert EndpointTranslator("m").info.commercial is commercial
