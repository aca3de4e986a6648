"""The pages that a person reads after a job."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.engines.ports import EngineInfo, Port
from dubbing.model.cue import Cue, CueRules
from dubbing.model.dub import BedKind, FitKind, MixReport
from dubbing.model.episode import Episode, Release
from dubbing.model.job import Deliverable, Job, Profile
from dubbing.model.language import Language
from dubbing.model.report import EpisodeReport, LineReport, NameReport
from dubbing.model.review import ReviewItem, ReviewKind, SpeechWithoutLine, Unscripted
from dubbing.model.time import Span
from dubbing.planning.graph import Plan
from dubbing.publishing.pages import render
from dubbing.publishing.pages.wording import COLOURS, change, clock, clock_tenths, direction_of
from dubbing.publishing.reporting import EpisodeAccount

NAMES = {"en": "English", "es-419": "Spanish (Latin America)", "ar": "Arabic"}
VOICES = {"c1": "alpha", "c2": "kumo", "c3": "gongitsune"}
PEOPLE = {"s1": ("c1", "Shen Qing"), "s2": ("c2", "Lu Yan"), "s3": ("c3", "")}

# Start and end in ms, speaker, and what is said in each language.
SCENE: tuple[tuple[int, int, str, dict[str, str]], ...] = (
    (1200, 2900, "s1", {"zh": "你怎么来了？", "en": "What are you doing here?", "es-419": "¿Qué haces aquí?", "ar": "ماذا تفعل هنا؟"}),
    (3100, 5600, "s2", {"zh": "我不来，你是不是打算一辈子不见我？", "en": "If I hadn't come, were you going to avoid me for the rest of your life?", "es-419": "Si no venía, ¿pensabas evitarme toda la vida?", "ar": "لو لم آتِ، هل كنت ستتجنبينني طوال حياتك؟"}),
    (7400, 8300, "s1", {"zh": "你走吧。", "en": "Go.", "es-419": "Vete.", "ar": "ارحل."}),
    (9000, 13200, "s2", {"zh": "三年前那场火，不是意外。我有证据。", "en": "That fire three years ago was no accident. I have proof.", "es-419": "El incendio de hace tres años no fue un accidente. Tengo pruebas.", "ar": "لم يكن حريق ما قبل ثلاث سنوات حادثًا. لديّ دليل."}),
    (13900, 14700, "s1", {"zh": "什么？", "en": "What?", "es-419": "¿Qué?", "ar": "ماذا؟"}),
    (17000, 20100, "s3", {"zh": "沈总，董事会的人都到齐了，就等您一个。", "en": "Director Shen, the whole board is here. They are only waiting for you.", "es-419": "Directora Shen, ya está toda la junta. Solo falta usted.", "ar": "المديرة شين، وصل جميع أعضاء المجلس، ولم يبقَ سواك."}),
    (20400, 21300, "s1", {"zh": "让他们等。", "en": "Let them wait.", "es-419": "Que esperen.", "ar": "دعهم ينتظرون."}),
    (24800, 28700, "s2", {"zh": "你爸签的那份合同，最后一页被人换过。", "en": "The last page of the contract your father signed was replaced.", "es-419": "Cambiaron la última página del contrato que firmó tu padre.", "ar": "تم استبدال الصفحة الأخيرة من العقد الذي وقّعه والدك."}),
    (30500, 33000, "s1", {"zh": "所以这三年，我恨错人了？", "en": "So for three years I hated the wrong man?", "es-419": "¿Entonces odié a la persona equivocada tres años?", "ar": "إذن كرهت الشخص الخطأ ثلاث سنوات؟"}),
    (35600, 37400, "s2", {"zh": "跟我走，我带你去见一个人。", "en": "Come with me. There is someone you must meet.", "es-419": "Ven conmigo. Hay alguien que debes ver.", "ar": "تعالي معي. هناك من يجب أن تقابليه."}),
)  # fmt: skip
# How line after line fits: kind, speed, stretch, and how long it sounds against its utterance.
FITS = (
    (FitKind.IN_TIME, 1.0, 1.0, 0.9),
    (FitKind.BORROWED, 1.0, 1.0, 1.3),
    (FitKind.IN_TIME, 1.0, 1.0, 0.7),
    (FitKind.SPED, 1.08, 1.0, 1.0),
    (FitKind.IN_TIME, 1.0, 1.0, 0.8),
    (FitKind.STRETCHED, 1.15, 1.04, 1.05),
    (FitKind.IN_TIME, 1.0, 1.0, 0.95),
    (FitKind.SHORTENED, 1.05, 1.0, 1.0),
    (FitKind.FLAGGED, 1.15, 1.21, 1.4),
    (FitKind.BORROWED, 1.0, 1.0, 1.2),
)
ENGINES = (
    EngineInfo("ducking", Port.SEPARATOR, "1", frozenset(), "Apache-2.0", True, note="Separates nothing."),
    EngineInfo("voicefilter", Port.DIARIZER, "0.2.0+sha256:1f2e3d4c5b6a79880112233445566778899aabbccddeeff", frozenset(), "Apache-2.0", True),
    EngineInfo("faster-whisper:base", Port.TRANSCRIBER, "1.2.1+sha256:9a8b7c6d5e4f30211213141516171819", frozenset(), "MIT", True),
    EngineInfo("smollm:135m", Port.TRANSLATOR, "0.2.0+sha256:00aa11bb22cc33dd44ee55ff", frozenset(), "Apache-2.0", True, note="A small model: its translations are drafts."),
    EngineInfo("espeak", Port.SYNTHESIZER, "1.51", frozenset(), "GPL-3.0-or-later", False, stand_in=True, note="A last resort."),
)  # fmt: skip
# In the first episode alone. Nobody says how Arabic writes it.
NAMES_SAID = {
    "en": (NameReport("沈总", ("Director Shen",), (6,), ()),),
    "es-419": (NameReport("沈总", ("Director Shen",), (6,), (6,)),),
    "ar": (NameReport("沈总", (), (6,), ()),),
}
BROKEN = (
    "cue 4: faster than can be read (21.4 characters a second, allowed: 20 characters a second)"
)
UNHEARD = (
    SpeechWithoutLine(Span(15_000, 16_400), Unscripted.UNSURE, "滚出去"),
    SpeechWithoutLine(Span(39_000, 40_200), Unscripted.OTHER_LANGUAGE),
)
DRAFT = "Translation: A small model: its translations are drafts."


def _review(number: int, language: str) -> tuple[ReviewItem, ...]:
    if number == 5:
        return (ReviewItem(ReviewKind.HEARING, "heard with little confidence: 43%"),)
    if number == 8 and language == "en":
        return (ReviewItem(ReviewKind.NUMBERS, "3 is not said"),)
    return ()


def sample_line(number: int, language: str, *, dubbed: bool = True) -> LineReport:
    start_ms, end_ms, speaker, texts = SCENE[number - 1]
    kind, speed, stretch, length = FITS[(number - 1 + len(language)) % len(FITS)]
    character, label = PEOPLE[speaker]
    length_ms = round((end_ms - start_ms) * length)
    text = texts[language]
    line = LineReport(
        number=number,
        speaker=speaker,
        character="",
        label="",
        utterance=Span(start_ms, end_ms),
        source_text=texts["zh"],
        confidence=0.43 if number == 5 else 0.94,
        text=text,
        translated_by=("person",) if number == 3 else ("smollm:135m",),
        notes=("retried: Chinese left over",) if number == 6 else (),
        review=_review(number, language),
        voice="",
        spoken_text="",
        fit=None,
        sounds=None,
        natural_ms=0,
        speed=1.0,
        stretch=1.0,
        overrun_ms=0,
        stand_in=False,
    )
    if not dubbed:
        return line
    return replace(
        line,
        character=character,
        label=label,
        voice=VOICES[character],
        spoken_text=text[: len(text) * 2 // 3] + "." if kind is FitKind.SHORTENED else text,
        fit=kind,
        sounds=Span(start_ms, start_ms + length_ms),
        natural_ms=round(length_ms * speed * stretch),
        speed=speed,
        stretch=stretch,
        overrun_ms=320 if kind is FitKind.FLAGGED else 0,
        stand_in=language == "ar",
    )


def sample_report(episode: int, language: str, *, dubbed: bool = True) -> EpisodeReport:
    lines = tuple(sample_line(n, language, dubbed=dubbed) for n in range(1, len(SCENE) + 1))
    flagged = [str(line.number) for line in lines if line.fit is FitKind.FLAGGED]
    drafts = [
        DRAFT,
        *(["Voices: a stand-in speaks this language; do not publish this dub."]
          if dubbed and language == "ar" else []),
        "Transcript: lines heard with little confidence: 5.",
        *([f"Fit: lines much faster than natural or too long: {', '.join(flagged)}."]
          if flagged else []),
    ]  # fmt: skip
    return EpisodeReport(
        schema=1,
        release="fated",
        episode=episode,
        name=f"ep{episode:02d}",
        title="错嫁良缘",
        source_language="zh",
        language=language,
        language_name=NAMES[language],
        duration_ms=41_360 + 1000 * episode,
        lines=lines,
        speech_without_line=UNHEARD if episode == 1 else (),
        cues=12,
        cue_problems=(BROKEN,) if language == "en" else (),
        mix=MixReport(BedKind.DUCKED, -18.0, -14.2 if language != "ar" else -16.3, -1.3, 41_360)
        if dubbed
        else None,
        overlap=0.714,
        names=NAMES_SAID[language] if episode == 1 else (),
        drafts=tuple(drafts),
    )


def sample_plan(
    languages: Sequence[str] = tuple(NAMES), *, dubbed: bool = True, title: str = "错嫁良缘"
) -> Plan:
    """All of a plan that the page reads."""
    episodes = (1, 2)
    release = Release(
        name="fated",
        title=title,
        root=Path("fated"),
        source_language="zh",
        episodes=tuple(Episode(number, Path(f"{number}.mp4")) for number in episodes),
    )
    profile = Profile("local", "ducking", "voicefilter", "whisper", ("smollm",), ("espeak",))
    deliverables = {Deliverable.SUBTITLES} | ({Deliverable.DUB} if dubbed else set())
    job = Job(episodes, tuple(languages), frozenset(deliverables), profile)
    chinese = Language("zh", "Chinese", "中文", "zho", 4.5, CueRules(16, 9.0))
    engines = tuple(e for e in ENGINES if dubbed or e.port is not Port.SYNTHESIZER)
    return Plan(release, job, chinese, {}, (), engines, {}, {}, "5f0c" * 16)


def account(*reports: EpisodeReport) -> EpisodeAccount:
    """With a cue a line, also in Chinese."""
    every = [*reports, replace(reports[0], language="zh")]
    return EpisodeAccount(
        reports,
        {
            report.language: tuple(
                Cue(line.utterance, (SCENE[line.number - 1][3][report.language],), (line.number,))
                for line in report.lines
                if line.number <= len(SCENE)
            )
            for report in every
        },
        reports[0].name,
    )


def sample_accounts(*, dubbed: bool = True) -> list[EpisodeAccount]:
    return [
        account(*(sample_report(e, language, dubbed=dubbed) for language in NAMES)) for e in (1, 2)
    ]


VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "source", "track"})


class Page(HTMLParser):
    """Reads a page and holds it to its nesting: what is opened is closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, f"<{tag}/> outside SVG"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.elements if tag == name]

    def having(self, attribute: str, value: str) -> dict[str, str | None]:
        """The one element that has it."""
        (found,) = [attrs for _, attrs in self.elements if attrs.get(attribute) == value]
        return found


INDEX, FIRST, SECOND = "report.html", "ep01/report.html", "ep02/report.html"


@pytest.fixture(scope="module")
def htmls() -> dict[str, str]:
    return dict(render(sample_plan(), sample_accounts()))


@pytest.fixture(scope="module")
def pages(htmls: dict[str, str]) -> dict[str, Page]:
    return {path: Page(html) for path, html in htmls.items()}


def rows(html: str) -> dict[str, tuple[str, str]]:
    """id -> (class, what is in it) of every row of the lines."""
    found = re.findall(r'<tr (.*?) data-start="\d+" data-end="\d+">(.*?)</tr>', html, re.DOTALL)
    attributes = [(dict(re.findall(r'(\w+)="([^"]*)"', about)), inside) for about, inside in found]
    return {about["id"]: (about.get("class", ""), inside) for about, inside in attributes}


def test_there_is_an_index_and_a_page_an_episode(pages: dict[str, Page]) -> None:
    assert list(pages) == [INDEX, FIRST, SECOND]
    hrefs = pages[INDEX].values("href")
    assert {FIRST, SECOND} <= {href.partition("#")[0] for href in hrefs}
    assert "../ep02/report.html" in pages[FIRST].values("href")
    assert "../ep01/report.html" in pages[SECOND].values("href")


def test_every_line_and_all_that_was_decided_of_it_is_there(pages: dict[str, Page]) -> None:
    for path, one in zip((FIRST, SECOND), sample_accounts(), strict=True):
        page = pages[path]
        ids = page.values("id")
        for report in one.reports:
            for line in report.lines:
                assert f"{report.language}-{line.number}" in ids
                for text in (
                    line.source_text,
                    line.text,
                    line.spoken_text,
                    line.voice,
                    *line.notes,
                ):
                    assert text in page.text
            for text in (*report.drafts, *report.cue_problems, report.language_name, report.title):
                assert text in page.text
        kinds = [a["class"] for a in page.tags("span") if "kind" in (a.get("class") or "")]
        for kind in FitKind:
            name = f"chip kind {kind.value.replace(' ', '-')}"
            said = sum(line.fit is kind for line in one.lines())
            assert kinds.count(name) == said + 1  # and once in the legend
        assert page.text.count("stand-in voice") == 10
        assert page.text.count("320 ms over") == 3
        assert len(re.findall(r"speed \+15% ?stretch \+21%", page.text)) == 3


def test_source_and_all_languages_stand_side_by_side(htmls: dict[str, str]) -> None:
    _, row = rows(htmls[FIRST])["line-4"]
    places = [row.index(SCENE[3][3][language]) for language in ("zh", *NAMES)]
    assert places == sorted(places)
    assert row.count("<td") == 3 + len(NAMES)


def test_what_needs_a_person_is_told_from_what_does_not(htmls: dict[str, str]) -> None:
    flagged = {line.number for line in sample_accounts()[0].lines() if line.fit is FitKind.FLAGGED}
    found = rows(htmls[FIRST])
    needed = {name for name, (classes, _) in found.items() if "needed" in classes.split()}
    lines = {*flagged, 5, 8, 4}  # heard with doubt; a number; a subtitle rule
    assert needed == {*(f"line-{n}" for n in lines), "speech-15000", "speech-39000"}
    assert len(found) == len(SCENE) + 2
    assert list(found)[5:7] == ["speech-15000", "line-6"]  # by time
    assert "滚出去" in found["speech-15000"][1]
    assert "speech without a line: another language" in found["speech-39000"][1]
    assert f"What needs a person ({len(needed)})" in Page(htmls[FIRST]).text
    # What is doubted of the original is said once, what is doubted of a translation in its cell.
    assert found["line-5"][1].count("hearing: ") == 1
    cell = found["line-8"][1].partition('id="en-8"')[2].partition("</td>")[0]
    assert "numbers: <bdi>3 is not said</bdi>" in cell
    assert found["line-8"][1].count("numbers: ") == 1
    assert BROKEN in found["line-4"][1]


def test_the_index_counts_what_needs_a_person(
    pages: dict[str, Page], htmls: dict[str, str]
) -> None:
    first, second = sample_accounts()
    for one in (first, second):
        for report in one.reports:
            assert f"{len(report.to_look_at)} to look at" in pages[INDEX].text
    needed = sum(len(r.to_look_at) for a in (first, second) for r in a.reports)
    assert f"{needed} need a person" in pages[INDEX].text
    assert "2 stretches of speech without a line" in pages[INDEX].text
    assert pages[INDEX].text.count("1 broken") == 2


def test_every_line_is_heard_by_a_click_in_source_and_dub(pages: dict[str, Page]) -> None:
    page = pages[FIRST]
    plays = {
        (a["data-language"], int(a["data-start"] or 0), int(a["data-end"] or 0))
        for a in page.tags("button")
        if a.get("class") == "play"
    }
    one = sample_accounts()[0]
    assert plays == {
        *(("", s.span.start_ms, s.span.end_ms) for s in UNHEARD),
        *(("", line.utterance.start_ms, line.utterance.end_ms) for line in one.lines()),
        *(
            (report.language, line.sounds.start_ms, line.sounds.end_ms)
            for report in one.reports
            for line in report.lines
            if line.sounds
        ),
    }
    bars = [a for a in page.tags("a") if a.get("class") == "play-bar"]
    assert len(bars) == len(SCENE) * (1 + len(NAMES)) + len(UNHEARD)
    audios = {a["data-language"]: a["src"] for a in page.tags("audio")}
    assert audios == {tag: f"{tag}/ep01.{tag}.m4a" for tag in NAMES}
    assert [a["src"] for a in page.tags("video")] == ["ep01.mp4"]


def test_the_subtitles_are_in_the_page(htmls: dict[str, str]) -> None:
    for tag in ("zh", *NAMES):
        (inside,) = re.findall(
            rf'<ol class="cues" data-language="{tag}"[^>]*>(.*?)</ol>', htmls[FIRST], re.DOTALL
        )
        cues = re.findall(r'<li data-start="(\d+)" data-end="(\d+)">([^<]*)</li>', inside)
        assert [int(start) for start, _, _ in cues] == [start for start, *_ in SCENE]
        assert len(cues) == len(SCENE)


def test_names_are_listed_with_their_places_and_where_they_are_written_otherwise(
    htmls: dict[str, str], pages: dict[str, Page]
) -> None:
    table = htmls[INDEX][htmls[INDEX].index('<table class="names">') :]
    found = Page(table[: table.index("</table>") + len("</table>")])
    assert found.values("href") == [f"{FIRST}#{language}-6" for language in NAMES]
    assert {href.partition("#")[2] for href in found.values("href")} <= set(
        pages[FIRST].values("id")
    )
    assert re.findall(r"Director Shen(?! \(1 otherwise\))", found.text) == ["Director Shen"]
    assert found.text.count("Director Shen (1 otherwise)") == 1
    assert found.text.count("as the translator writes it") == 1


def test_the_figures(pages: dict[str, Page]) -> None:
    assert pages[INDEX].text.count("71%") == 3
    assert pages[FIRST].text.count("−14.2") == 2
    off_target = [
        a
        for page in pages.values()
        for a in page.tags("span")
        if "off its target" in (a.get("title") or "")
    ]
    assert len(off_target) == 3  # Arabic, in both episodes and over both
    kinds = "|".join(kind.value for kind in FitKind)
    counts = re.findall(rf"(\d+) ({kinds})\b", pages[INDEX].text)
    assert sum(int(count) for count, kind in counts if kind == "in time") == 24


def test_a_draft_is_said_once_with_all_places_where_it_holds(pages: dict[str, Page]) -> None:
    text = pages[INDEX].text
    assert text.count(DRAFT) == 1
    assert f"{DRAFT} everywhere" in text
    assert "do not publish this dub. all of ar" in text


def test_drafts_of_few_places_are_folded_away() -> None:
    many = [
        account(replace(sample_report(1, "en"), episode=e, name=f"ep{e:02d}", drafts=(f"Fit: {e}.", DRAFT)))
        for e in range(1, 41)
    ]  # fmt: skip
    html = dict(render(sample_plan(["en"]), many))[INDEX]
    shown, _, folded = html.partition("<details>")
    assert f"{DRAFT} " in shown
    assert shown.count("Fit: ") == 7
    assert folded.count("Fit: ") == 33
    assert "33 more reasons" in folded


def test_the_timeline_is_to_scale(htmls: dict[str, str]) -> None:
    bars = re.findall(
        r'<rect class="bar (\w+) [^"]*" x="([\d.]+)%" y="(\d+)" width="([\d.]+)%"', htmls[FIRST]
    )
    one = sample_accounts()[0]
    expected = [("original", [line.utterance for line in one.reports[0].lines])]
    expected += [("dub", [line.sounds for line in r.lines if line.sounds]) for r in one.reports]
    lanes = sorted({int(y) for _, _, y, _ in bars})
    assert len(lanes) == len(expected)
    for lane, (kind, spans) in zip(lanes, expected, strict=True):
        drawn = [(k, float(x), float(w)) for k, x, y, w in bars if int(y) == lane]
        for (name, left, width), span in zip(drawn, spans, strict=True):
            assert name == kind
            assert left * one.duration_ms / 100 == pytest.approx(span.start_ms, abs=1)
            assert width * one.duration_ms / 100 == pytest.approx(span.duration_ms, abs=1)


def test_a_speaker_keeps_its_colour_and_shares_it_with_nobody(htmls: dict[str, str]) -> None:
    seen: dict[str, set[str]] = {}
    for html in htmls.values():
        for colour, name in re.findall(r'<i class="dot (v\d)"></i><bdi>([^<]+)</bdi>', html):
            seen.setdefault(name, set()).add(colour)
    assert set(seen) == {"Shen Qing", "Lu Yan", "c3"}
    assert all(len(colours) == 1 for colours in seen.values())
    assert len(set.union(*seen.values())) == 3


def test_more_speakers_than_colours() -> None:
    lines = tuple(
        replace(sample_line(1, "en"), number=n, character=f"c{n}", label="")
        for n in range(1, COLOURS + 3)
    )
    report = replace(sample_report(1, "en"), lines=lines, cue_problems=())
    html = dict(render(sample_plan(["en"]), [account(report)]))[FIRST]
    assert f"c{COLOURS + 2}</bdi>" in html
    assert set(re.findall(r'class="dot v(\d+)"', html)) == {str(n) for n in range(COLOURS)}


def test_they_link_only_to_files_of_the_release_and_to_themselves(pages: dict[str, Page]) -> None:
    for path, page in pages.items():
        ids = page.values("id")
        assert len(set(ids)) == len(ids)
        for address in page.values("href") + page.values("src"):
            file, _, anchor = address.partition("#")
            target = str((Path("/") / path).parent / file) if file else f"/{path}"
            target = target.replace("/ep01/..", "").replace("/ep02/..", "").removeprefix("/")
            if target.endswith("report.html"):
                assert not anchor or anchor in pages[target].values("id")
            else:
                assert re.fullmatch(
                    r"(ep0[12])/((zh|en|es-419|ar)/)?(\1(\.\3)?\.(mp4|srt|vtt|m4a)|report\.json)",
                    target,
                ), target
    found = set(pages[FIRST].values("href"))
    assert {f"{tag}/ep01.{tag}.{kind}" for tag in NAMES for kind in ("srt", "vtt", "m4a")} <= found
    assert {f"{tag}/report.json" for tag in NAMES} <= found
    assert {"zh/ep01.zh.srt", "zh/ep01.zh.vtt", "ep01.mp4"} <= found


def policy_of(page: Page) -> dict[str, str]:
    content = page.having("http-equiv", "Content-Security-Policy")["content"] or ""
    return dict(rule.split(" ", 1) for rule in content.split("; "))


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_they_ask_nothing_of_a_network_and_run_one_script_of_their_own(
    htmls: dict[str, str], pages: dict[str, Page]
) -> None:
    for path, html in htmls.items():
        scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
        assert len(scripts) == (path != INDEX)
        for word in ("://", "url(", "@import", "eval(", "innerHTML", "fetch("):
            assert word not in html, word
        assert pages[path].tags("link") == []
        # What the policy allows is what is there, and no attribute is style or code.
        policy = policy_of(pages[path])
        assert policy["default-src"] == "'none'"
        assert policy["style-src"] == digest(style)
        assert policy["script-src"] == (digest(scripts[0]) if scripts else "'none'")
        names = {name for _, attrs in pages[path].elements for name in attrs}
        assert not [name for name in names if name == "style" or name.startswith("on")]


def test_the_engines_and_the_commands_that_correct(pages: dict[str, Page]) -> None:
    for engine in ENGINES:
        for text in (engine.name, engine.revision, engine.licence, engine.note):
            assert text in pages[INDEX].text
    for page in pages.values():
        # The first line that needs a person is the example.
        edit = "dub edit RELEASE --episode"
        (episode, line) = re.findall(rf'{edit} (\d) --line (\d+) --language en --text "..."', page.text)[0]  # fmt: skip
        assert line == "5"
        assert f'{edit} {episode} --line 5 --source "..."' in page.text
        assert f"{edit} {episode} --line 5 --speaker s1" in page.text
        assert "dub edit RELEASE --character c1 --language en --voice NAME" in page.text


def test_directions_and_languages_of_texts(pages: dict[str, Page]) -> None:
    texts = [a for _, a in pages[FIRST].elements if a.get("lang") not in (None, "en")]
    assert {(attrs["lang"], attrs["dir"]) for attrs in texts} == {
        ("zh", "ltr"),
        ("es-419", "ltr"),
        ("ar", "rtl"),
    }


@pytest.mark.parametrize(
    ("tag", "direction"),
    [("en", "ltr"), ("zh-Hant", "ltr"), ("ar", "rtl"), ("ar-EG", "rtl"), ("he", "rtl"),
     ("fa", "rtl"), ("ur", "rtl"), ("ku", "ltr"), ("ks-Deva", "ltr"), ("id", "ltr")],
)  # fmt: skip
def test_direction_of(tag: str, direction: str) -> None:
    assert direction_of(tag) == direction


def test_subtitles_alone() -> None:
    htmls = dict(render(sample_plan(dubbed=False), sample_accounts(dubbed=False)))
    pages = {path: Page(html) for path, html in htmls.items()}
    for page in pages.values():
        for word in ("LUFS", "Overlap", "overlap", "Tempo", "in time", "--voice", "m4a"):
            assert word not in page.text, word
        assert page.tags("audio") == []
    assert "12 subtitles" in pages[FIRST].text
    assert 'class="bar original' in htmls[FIRST]
    assert 'class="bar dub' not in htmls[FIRST]
    assert "es-419/ep01.es-419.srt" in pages[FIRST].values("href")
    assert "heard with little confidence: 43%" in pages[FIRST].text
    languages = {a["data-language"] for a in pages[FIRST].tags("button") if "data-language" in a}
    assert languages == {""}


def test_a_dub_without_subtitles_links_to_none() -> None:
    plan = sample_plan()
    plan = replace(plan, job=replace(plan.job, deliverables=frozenset({Deliverable.DUB})))
    bare = [
        EpisodeAccount(tuple(replace(r, cues=0, cue_problems=()) for r in one.reports), {}, "ep01")
        for one in sample_accounts()
    ]
    page = Page(dict(render(plan, bare))[FIRST])
    assert not [a for a in page.values("href") if a.endswith((".srt", ".vtt"))]
    assert "en/ep01.en.m4a" in page.values("href")


def test_an_episode_in_which_nobody_speaks() -> None:
    silent = replace(
        sample_report(1, "en"), lines=(), speech_without_line=(), names=(), drafts=(), cues=0,
        cue_problems=(),
    )  # fmt: skip
    htmls = dict(render(sample_plan(["en"]), [account(silent)]))
    assert "Nobody speaks." in Page(htmls[FIRST]).text
    assert "No check found anything that is a draft." in Page(htmls[INDEX]).text
    assert "dub edit" not in Page(htmls[INDEX]).text


def test_nothing_is_called_right_only_because_nothing_was_found() -> None:
    clean = replace(
        sample_report(1, "en"), speech_without_line=(), cue_problems=(), drafts=(),
        lines=tuple(replace(line, review=(), fit=FitKind.IN_TIME) for line in sample_report(1, "en").lines),
    )  # fmt: skip
    htmls = dict(render(sample_plan(["en"]), [account(clean)]))
    assert "That is no approval" in Page(htmls[FIRST]).text
    for html in htmls.values():
        assert "accepted" not in Page(html).text
        assert "approved" not in Page(html).text
    assert Page(htmls[FIRST]).having("value", "all")["checked"] is None  # all lines are shown


def test_a_line_that_one_language_lacks() -> None:
    first = sample_report(1, "en")
    second = replace(sample_report(1, "es-419"), lines=sample_report(1, "es-419").lines[1:])
    html = dict(render(sample_plan(["en", "es-419"]), [account(first, second)]))[FIRST]
    assert 'id="en-1"' in html
    assert 'id="es-419-1"' not in html
    assert rows(html)["line-1"][1].rstrip().endswith("–</td>")


def test_another_job_leaves_the_pages_of_its_episodes_as_they_were(htmls: dict[str, str]) -> None:
    other = dict(render(replace(sample_plan(), key="0" * 64), sample_accounts()))
    assert [path for path in htmls if other[path] != htmls[path]] == [INDEX]


def test_the_same_bytes_each_time(htmls: dict[str, str]) -> None:
    assert dict(render(sample_plan(), sample_accounts())) == htmls


def test_the_work_grows_with_the_lines_and_no_faster() -> None:
    def seconds(episodes: int) -> float:
        accounts = [
            account(*(replace(sample_report(1, tag), episode=e, name=f"ep{e:02d}") for tag in NAMES))
            for e in range(1, episodes + 1)
        ]  # fmt: skip
        started_s = time.process_time()
        assert len(dict(render(sample_plan(), accounts))) == episodes + 1
        return time.process_time() - started_s

    seconds(2)
    few, many = seconds(10), seconds(60)
    assert many < 6 * 2 * few


HOSTILE = (
    "</title></style></p></td>\"'><script>alert(1)</script><img src=x onerror=a()>{{ 7*7 }}&lt;"
)


def hostile_report(text: str) -> EpisodeReport:
    return replace(
        sample_report(1, "en"),
        title=text,
        language_name=text,
        cue_problems=(f"cue 1: {text}",),
        drafts=(text,),
        speech_without_line=(SpeechWithoutLine(Span(0, 900), Unscripted.UNSURE, text),),
        lines=tuple(
            replace(line, source_text=text, text=text, spoken_text=text + ".", label=text,
                    voice=text, notes=(text,), speaker=text, character=text,
                    review=(ReviewItem(ReviewKind.NAMES, text),))
            for line in sample_report(1, "en").lines
        ),
        names=(NameReport(text, (text,), (1,), ()),),
    )  # fmt: skip


def render_hostile(text: str) -> list[Page]:
    engine = replace(ENGINES[0], name=text, revision=text, licence=text, note=text)
    plan = replace(sample_plan(["en"], title=text), engines=(engine,), key=text)
    cues = (Cue(Span(0, 900), (text,), (1,)),)
    one = EpisodeAccount((hostile_report(text),), {"zh": cues, "en": cues}, "ep01")
    return [Page(html) for _, html in render(plan, [one])]


def test_hostile_texts_are_shown_and_nothing_more() -> None:
    for page, harmless in zip(render_hostile(HOSTILE), render_hostile("harmless"), strict=True):
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
        assert [set(attrs) for _, attrs in page.elements] == [set(a) for _, a in harmless.elements]
        shown = page.text.count(HOSTILE) + page.text.count(shlex.quote(HOSTILE))
        assert shown == harmless.text.count("harmless")
        assert policy_of(page) == policy_of(harmless)


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_no_text_changes_the_page_around_it(text: str) -> None:
    for page, harmless in zip(render_hostile(text), render_hostile("harmless"), strict=True):
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]


def test_times_and_tempos_as_people_write_them() -> None:
    assert (clock(0), clock(59_999), clock(600_000)) == ("0:00", "0:59", "10:00")
    assert clock_tenths(61_250) == "1:01.2"
    assert (change(1.15), change(1.004), change(0.93)) == ("+15%", "0%", "−7%")
