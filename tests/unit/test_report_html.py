"""The page that a person reads after a job."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.engines.ports import EngineInfo, Port
from dubbing.model.cue import CueRules
from dubbing.model.dub import BedKind, FitKind, MixReport
from dubbing.model.episode import Episode, Release
from dubbing.model.job import Deliverable, Job, Profile
from dubbing.model.language import Language
from dubbing.model.report import EpisodeReport, LineReport, NameReport
from dubbing.model.time import Span
from dubbing.planning.graph import Plan
from dubbing.publishing.report_html import (
    COLOURS,
    change,
    clock,
    clock_tenths,
    direction_of,
    render,
)

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
    (FitKind.ACCEPTED, 1.0, 1.0, 0.9),
    (FitKind.BORROWED, 1.0, 1.0, 1.3),
    (FitKind.ACCEPTED, 1.0, 1.0, 0.7),
    (FitKind.SPED, 1.08, 1.0, 1.0),
    (FitKind.ACCEPTED, 1.0, 1.0, 0.8),
    (FitKind.STRETCHED, 1.15, 1.04, 1.05),
    (FitKind.ACCEPTED, 1.0, 1.0, 0.95),
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
DRAFT = "Translation: A small model: its translations are drafts."


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
        review=(),
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
        speech_without_line=(),
        cues=12,
        cue_problems=("0:09.000: 21.4 characters a second, more than 20",)
        if language == "en"
        else (),
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


def sample_reports(*, dubbed: bool = True) -> list[EpisodeReport]:
    return [sample_report(e, language, dubbed=dubbed) for e in (1, 2) for language in NAMES]


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
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.elements if tag == name]


@pytest.fixture(scope="module")
def html() -> str:
    return render(sample_plan(), sample_reports())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_line_and_all_that_was_decided_of_it_is_there(page: Page) -> None:
    ids = page.values("id")
    for report in sample_reports():
        for line in report.lines:
            assert f"{report.name}-{report.language}-{line.number}" in ids
            for text in (line.source_text, line.text, line.spoken_text, line.voice, *line.notes):
                assert text in page.text
        for text in (*report.drafts, *report.cue_problems, report.language_name, report.title):
            assert text in page.text
    kinds = [attrs["class"] for attrs in page.tags("span") if "kind" in (attrs.get("class") or "")]
    lines = [line for report in sample_reports() for line in report.lines]
    for kind in FitKind:
        marked = sum(1 for names in kinds if names == f"chip kind {kind}")
        assert marked == sum(1 for line in lines if line.fit is kind) + 1  # and once in the legend
    assert page.text.count("heard 43%") == 6
    assert page.text.count("stand-in voice") == 20
    assert page.text.count("320 ms over") == 6
    assert len(re.findall(r"speed \+15% ?stretch \+21%", page.text)) == 6


def test_names_are_listed_with_their_places_and_where_they_are_written_otherwise(
    html: str, page: Page
) -> None:
    table = html[html.index('<table class="names">') :]
    rows = Page(table[: table.index("</table>") + len("</table>")])
    assert rows.values("href") == [f"#ep01-{language}-6" for language in NAMES]
    assert {href[1:] for href in rows.values("href")} <= set(page.values("id"))
    assert re.findall(r"Director Shen(?! \(1 otherwise\))", rows.text) == ["Director Shen"]
    assert rows.text.count("Director Shen (1 otherwise)") == 1
    assert rows.text.count("as the translator writes it") == 1


def test_the_figures_of_the_summary(page: Page) -> None:
    assert page.text.count("−14.2") == 2 * 4  # in the summary and over each language
    assert page.text.count("71%") == 2 * 6
    off_target = [a for a in page.tags("span") if "off its target" in (a.get("title") or "")]
    assert len(off_target) == 2 * 2  # Arabic, in both episodes
    counts = re.findall(r"(\d+) (accepted|borrowed|sped|stretched|shortened|flagged)\b", page.text)
    assert sum(int(count) for count, kind in counts if kind == "accepted") == 24


def test_a_draft_is_said_once_with_all_places_where_it_holds(page: Page) -> None:
    assert page.text.count(DRAFT) == 1
    assert "ep01 en ep01 es-419 ep01 ar ep02 en ep02 es-419 ep02 ar" in page.text


def test_the_timeline_is_to_scale(html: str) -> None:
    section = html[html.index('<article id="ep01-en"') :]
    bars = re.findall(
        r'<rect class="bar (\w+) [^"]*" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', section
    )
    report = sample_report(1, "en")
    for kind, spans in (
        ("original", [line.utterance for line in report.lines]),
        ("dub", [line.sounds for line in report.lines if line.sounds]),
    ):
        drawn = [(float(x), float(w)) for name, x, w in bars if name == kind][: len(spans)]
        for (left, width), span in zip(drawn, spans, strict=True):
            assert left * report.duration_ms / 100 == pytest.approx(span.start_ms, abs=1)
            assert width * report.duration_ms / 100 == pytest.approx(span.duration_ms, abs=1)


def test_a_speaker_keeps_its_colour_and_shares_it_with_nobody(html: str) -> None:
    seen: dict[str, set[str]] = {}
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
    html = render(sample_plan(["en"]), [replace(sample_report(1, "en"), lines=lines)])
    assert f"c{COLOURS + 2}</bdi>" in html
    assert set(re.findall(r'class="dot v(\d+)"', html)) == {str(n) for n in range(COLOURS)}


def test_it_links_only_to_files_of_the_release_and_to_itself(page: Page) -> None:
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    addresses = page.values("href") + page.values("src")
    files = {address for address in addresses if not address.startswith("#")}
    assert {a[1:] for a in addresses if a.startswith("#")} <= set(ids)
    assert files == {
        *(f"ep0{e}/ep0{e}.mp4" for e in (1, 2)),
        *(f"ep0{e}/zh/ep0{e}.zh.{kind}" for e in (1, 2) for kind in ("srt", "vtt")),
        *(
            f"ep0{e}/{tag}/ep0{e}.{tag}.{kind}"
            for e in (1, 2)
            for tag in NAMES
            for kind in ("srt", "vtt", "m4a")
        ),
        *(f"ep0{e}/{tag}/report.json" for e in (1, 2) for tag in NAMES),
    }
    for player in page.tags("video") + page.tags("audio"):
        assert player["preload"] == "none"


def test_it_asks_nothing_of_a_network_and_runs_nothing(html: str, page: Page) -> None:
    assert "://" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert page.tags("script") == page.tags("link") == []


def test_the_engines_and_the_commands_that_correct(page: Page) -> None:
    for engine in ENGINES:
        for text in (engine.name, engine.revision, engine.licence, engine.note):
            assert text in page.text
    # The first line that wants a look is the example.
    assert 'dub edit RELEASE --episode 1 --line 5 --language en --text "..."' in page.text
    assert 'dub edit RELEASE --episode 1 --line 5 --source "..."' in page.text
    assert "dub edit RELEASE --episode 1 --line 5 --speaker s1" in page.text
    assert "dub edit RELEASE --character c1 --language en --voice NAME" in page.text


def test_directions_and_languages_of_texts(page: Page) -> None:
    texts = [attrs for _, attrs in page.elements if attrs.get("lang") not in (None, "en")]
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
    html = render(sample_plan(dubbed=False), sample_reports(dubbed=False))
    page = Page(html)
    for word in ("LUFS", "Overlap", "overlap", "Tempo", "accepted", "--voice", "m4a"):
        assert word not in page.text, word
    assert page.tags("audio") == []
    assert "12" in page.text
    assert "Subtitles" in page.text
    assert 'class="bar original' in html
    assert 'class="bar dub' not in html
    assert "ep01/es-419/ep01.es-419.srt" in page.values("href")
    assert "heard 43%" in page.text


def test_a_dub_without_subtitles_links_to_none() -> None:
    plan = sample_plan()
    plan = replace(plan, job=replace(plan.job, deliverables=frozenset({Deliverable.DUB})))
    page = Page(render(plan, sample_reports()))
    assert not [a for a in page.values("href") if a.endswith((".srt", ".vtt"))]
    assert "ep01/en/ep01.en.m4a" in page.values("href")


def test_an_episode_in_which_nobody_speaks() -> None:
    silent = replace(sample_report(1, "en"), lines=(), names=(), drafts=(), cues=0, cue_problems=())
    page = Page(render(sample_plan(["en"]), [silent]))
    assert "Nobody speaks." in page.text
    assert "Nothing here is a draft." in page.text
    assert "dub edit" not in page.text


def test_the_same_bytes_each_time(html: str) -> None:
    assert render(sample_plan(), sample_reports()) == html


HOSTILE = (
    "</title></style></p></td>\"'><script>alert(1)</script><img src=x onerror=a()>{{ 7*7 }}&lt;"
)


def hostile_report(text: str) -> EpisodeReport:
    return replace(
        sample_report(1, "en"),
        title=text,
        language_name=text,
        cue_problems=(text,),
        drafts=(text,),
        lines=tuple(
            replace(line, source_text=text, text=text, spoken_text=text + ".", label=text,
                    voice=text, notes=(text,), speaker=text, character=text)
            for line in sample_report(1, "en").lines
        ),
        names=(NameReport(text, (text,), (1,), ()),),
    )  # fmt: skip


def render_hostile(text: str) -> str:
    engine = replace(ENGINES[0], name=text, revision=text, licence=text, note=text)
    plan = replace(sample_plan(["en"], title=text), engines=(engine,), key=text)
    return render(plan, [hostile_report(text)])


def test_hostile_texts_are_shown_and_nothing_more() -> None:
    page = Page(render_hostile(HOSTILE))
    harmless = Page(render_hostile("harmless"))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert [set(attrs) for _, attrs in page.elements] == [set(a) for _, a in harmless.elements]
    shown = page.text.count(HOSTILE) + page.text.count(shlex.quote(HOSTILE))
    assert shown == harmless.text.count("harmless")


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_no_text_changes_the_page_around_it(text: str) -> None:
    page = Page(render_hostile(text))
    harmless = Page(render_hostile("harmless"))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]


def test_times_and_tempos_as_people_write_them() -> None:
    assert (clock(0), clock(59_999), clock(600_000)) == ("0:00", "0:59", "10:00")
    assert clock_tenths(61_250) == "1:01.2"
    assert (change(1.15), change(1.004), change(0.93)) == ("+15%", "0%", "−7%")
