"""A release localized by the command, with fake engines: what comes out, and what is done again."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import soundfile
from command import Dub, contents
from series import tones

from dubbing.formats import srt
from dubbing.media.muxing import StreamKind, read_back


@pytest.fixture(scope="module")
def localized(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("localized")
    dub = Dub(folder / "cache")
    dub.run(pristine, "--out", folder / "out", to="en,es-419,pt-BR")
    return folder / "out"


def test_the_manifest_lists_every_file_with_its_digest(localized: Path) -> None:
    manifest = json.loads((localized / "manifest.json").read_text())
    listed = {entry["path"]: entry for entry in manifest["files"]}
    found = contents(localized)
    assert listed.keys() == found.keys() - {"manifest.json"}
    for path, content in found.items():
        if path != "manifest.json":
            assert listed[path]["sha256"] == hashlib.sha256(content).hexdigest()
            assert listed[path]["bytes"] == len(content)
    assert {engine["name"] for engine in manifest["engines"]} == {"fake", "none"}
    assert manifest["job"]["languages"] == ["en", "es-419", "pt-BR"]


def test_the_release_holds_what_the_design_says(localized: Path) -> None:
    found = set(contents(localized))
    for name in ("ep01", "ep02"):
        assert f"{name}/{name}.mp4" in found
        assert {f"{name}/zh/{name}.zh.srt", f"{name}/zh/{name}.zh.vtt"} <= found
        for tag in ("en", "es-419", "pt-BR"):
            stem = f"{name}/{tag}/{name}.{tag}"
            assert {
                f"{stem}.srt",
                f"{stem}.vtt",
                f"{stem}.m4a",
                f"{name}/{tag}/report.json",
            } <= found
    assert {"report.html", "ep01/report.html", "ep02/report.html"} <= found


def test_players_see_every_language_and_one_default_of_each_kind(localized: Path) -> None:
    streams = read_back(localized / "ep01" / "ep01.mp4")
    audio = [s for s in streams if s.kind is StreamKind.AUDIO]
    subtitles = [s for s in streams if s.kind is StreamKind.SUBTITLE]
    assert [s.language for s in audio] == ["zho", "eng", "spa", "por"]
    assert [s.language for s in subtitles] == ["eng", "spa", "por", "zho"]
    assert audio[2].title == "Español (Latinoamérica)"
    assert [s.default for s in audio] == [True, False, False, False]
    assert [s.default for s in subtitles] == [True, False, False, False]
    picture = next(s for s in streams if s.kind is StreamKind.VIDEO)
    assert picture.duration_ms == 12_000
    assert all(abs(s.duration_ms - picture.duration_ms) <= 40 for s in audio)


def test_the_dub_is_as_loud_as_the_platform_asks(localized: Path) -> None:
    for dub in localized.glob("ep*/*/*.m4a"):
        printed = subprocess.run(
            ["ffmpeg", "-hide_banner", "-nostats", "-i", dub, "-af", "ebur128=peak=true", "-f", "null", "-"],
            capture_output=True, text=True, check=True,
        ).stderr  # fmt: skip
        summary = printed[printed.rindex("Summary:") :]
        lufs = float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1])  # type: ignore[index]
        peak = float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])  # type: ignore[index]
        assert lufs == pytest.approx(-14.0, abs=1.0), dub.name
        assert peak <= -0.9, dub.name  # ffmpeg's own meter prints tenths


def test_lines_start_with_the_speech_and_cues_too(localized: Path) -> None:
    report = json.loads((localized / "ep01" / "en" / "report.json").read_text())
    starts = [line["utterance"]["start_ms"] for line in report["lines"]]
    assert starts == [1000, 3200, 6000, 7100]
    assert all(
        line["sounds"]["start_ms"] <= line["utterance"]["start_ms"] + 80 for line in report["lines"]
    )
    track = srt.read((localized / "ep01" / "zh" / "ep01.zh.srt").read_text("utf-8"), "zh")
    assert min(abs(cue.span.start_ms - 1000) for cue in track.cues) <= 80


def test_one_character_has_one_voice_in_both_episodes(localized: Path) -> None:
    voices: dict[str, set[str]] = {}
    for name in ("ep01", "ep02"):
        report = json.loads((localized / name / "en" / "report.json").read_text())
        for line in report["lines"]:
            voices.setdefault(line["character"], set()).add(line["voice"])
    assert len(voices) == 3
    assert all(len(names) == 1 for names in voices.values())
    assert len({name for names in voices.values() for name in names}) == 3


def test_the_report_for_people_escapes_what_is_not_ours(localized: Path) -> None:
    for name in ("report.html", "ep01/report.html", "ep02/report.html"):
        page = (localized / name).read_text("utf-8")
        assert "Fated &lt;Love&gt;" in page
        assert "Fated <Love>" not in page


def test_the_source_is_not_touched(series: Path, dub: Dub) -> None:
    before = contents(series)
    dub.run(series)
    after = contents(series)
    assert {path: after[path] for path in before} == before
    assert all(path.startswith("localized/") for path in after.keys() - before.keys())


def stages(outcome: dict[str, Any]) -> set[str]:
    return set(outcome["stage_seconds"])


def test_a_second_run_does_nothing(localized_series: Path, dub: Dub) -> None:
    before = contents(localized_series / "localized")
    assert dub.run(localized_series)["stages_run"] == 0
    assert contents(localized_series / "localized") == before


def test_a_corrected_translation_redoes_one_line_of_one_language(
    localized_series: Path, dub: Dub
) -> None:
    before = contents(localized_series / "localized")
    takes = _takes(dub)
    dub(
        "edit",
        localized_series,
        "--episode",
        1,
        "--line",
        2,
        "--language",
        "en",
        "--text",
        "I love you so [/b].",
    )
    outcome = dub.run(localized_series)
    assert stages(outcome) == {
        "memory ep01 en", "translate ep01 en", "caption ep01 en", "synthesize ep01 en", "mix ep01 en", "mux ep01",
        "translate ep02 en",  # which looks whether it has the same line, and comes out as it was
    }  # fmt: skip
    assert len(_takes(dub) - takes) == 1
    after = contents(localized_series / "localized")
    changed = {path for path in after if after[path] != before.get(path)}
    assert all(
        path.startswith(
            ("ep01/en/", "ep01/ep01.mp4", "ep01/report.html", "report.html", "manifest")
        )
        for path in changed
    )
    # What the terminal takes for markup is text like any other.
    assert "[/b]" in dub("report", localized_series).stdout
    assert b"I love you so [/b]." in after["ep01/en/ep01.en.srt"]


def test_what_a_person_wrote_is_used_wherever_the_same_is_said(
    localized_series: Path, dub: Dub
) -> None:
    for episode in (1, 2):
        dub("edit", localized_series, "--episode", episode, "--line", 3, "--source", "我不爱你了！")
    dub.run(localized_series)
    text = "I don't love you anymore."
    correction = ("--episode", 1, "--line", 3, "--language", "en", "--text", text)
    dub("edit", localized_series, *correction)
    done = stages(dub.run(localized_series))
    assert not [name for name in done if name.endswith("es-419")]
    (line,) = (x for x in _lines(localized_series, "ep02") if x["number"] == 3)
    assert (line["text"], line["spoken_text"], line["translated_by"]) == (text, text, ["memory"])
    assert line["notes"] == ["as in ep01 line 3"]


def test_names_found_in_any_episode_are_listed_and_asked_for_in_all(
    localized_series: Path, dub: Dub
) -> None:
    dub("edit", localized_series, "--episode", 1, "--line", 2, "--source", "沈砚秋，我们离婚吧。")
    dub("edit", localized_series, "--episode", 2, "--line", 1, "--source", "砚秋回来了。")
    dub.run(localized_series, to="en,es-419,ja")

    def names(episode: str, language: str) -> list[dict[str, Any]]:
        file = localized_series / "localized" / episode / language / "report.json"
        return list(json.loads(file.read_text())["names"])

    assert names("ep01", "en") == [
        {"source": "沈砚秋", "written": ["Shen Yanqiu"], "lines": [2], "otherwise": []}
    ]
    assert names("ep02", "es-419")[0]["written"] == ["Yanqiu"]
    assert names("ep02", "ja")[0]["written"] == []  # by a custom that its translator knows
    assert "Yanqiu" in _lines(localized_series, "ep02")[0]["text"]
    page = (localized_series / "localized" / "report.html").read_text("utf-8")
    assert "<h2>Names</h2>" in page
    assert "Shen Yanqiu, Yanqiu" in page


def test_markets_differ_by_rule(localized_series: Path, dub: Dub) -> None:
    dub("edit", localized_series, "--episode", 1, "--line", 2, "--source", "我的手机呢？")
    dub.run(localized_series, to="en,es-419,es-ES")
    texts = {
        language: _lines(localized_series, "ep01", language)[1]["text"]
        for language in ("es-419", "es-ES")
    }
    assert "celular" in texts["es-419"]
    assert "móvil" in texts["es-ES"]


def test_a_corrected_source_line_is_translated_again_and_no_other(
    localized_series: Path, dub: Dub
) -> None:
    lines = _cached(dub, "translation.json")
    dub("edit", localized_series, "--episode", 1, "--line", 2, "--source", "我不爱你")
    outcome = dub.run(localized_series)
    assert not {"transcribe ep01", "diarize ep01", "mux ep02"} & stages(outcome)
    assert len(_cached(dub, "translation.json") - lines) == 2  # one a language


def test_a_corrected_speaker_has_the_other_voice(localized_series: Path, dub: Dub) -> None:
    dub("edit", localized_series, "--episode", 1, "--line", 3, "--speaker", "s2")
    dub.run(localized_series)
    report = json.loads(
        (localized_series / "localized" / "ep01" / "en" / "report.json").read_text()
    )
    lines = {line["number"]: line for line in report["lines"]}
    assert lines[3]["voice"] == lines[2]["voice"] != lines[1]["voice"]


def test_a_decided_voice_is_used_in_every_episode_of_that_language(
    localized_series: Path, dub: Dub
) -> None:
    dub("edit", localized_series, "--character", "c1", "--language", "en", "--voice", "beep-high")
    dub("edit", localized_series, "--character", "c1", "--name", "Shen Qing")
    assert not [name for name in stages(dub.run(localized_series)) if name.endswith(" es-419")]

    def voices(language: str) -> set[str]:
        reports = (localized_series / "localized").glob(f"ep*/{language}/report.json")
        lines = [line for file in reports for line in json.loads(file.read_text())["lines"]]
        return {line["voice"] for line in lines if line["label"] == "Shen Qing"}

    assert voices("en") == {"beep-high"}
    assert voices("es-419") != {"beep-high"}


def test_characters_joined_and_told_apart_have_only_their_own_lines_redone(
    localized_series: Path, dub: Dub
) -> None:
    def characters(episode: str) -> list[str]:
        return [line["character"] for line in _lines(localized_series, episode)]

    heard = characters("ep01"), characters("ep02")
    assert heard == (["c1", "c2", "c1", "c3"], ["c2", "c1", "c1"])
    before = _lines(localized_series, "ep01")
    dub("edit", localized_series, "--character", "c3", "--same-as", "c1")
    done = stages(dub.run(localized_series))
    assert {"mix ep01 en", "mux ep01"} <= done
    # The second episode was cast again, and came out the same. The last one knows whether c3 and c1 were heard.
    again = {"identify ep02", "cast ep02 en", "cast ep02 es-419"}
    assert {name for name in done if "ep02" in name} == again
    assert (characters("ep01"), characters("ep02")) == (["c1", "c2", "c1", "c1"], heard[1])
    after = _lines(localized_series, "ep01")
    assert after[:3] == before[:3]
    assert after[3]["voice"] == before[0]["voice"] != before[3]["voice"]
    who = ("--character", "twin", "--episode", 2, "--speaker", "s1")
    dub("edit", localized_series, *who, "--name", "Her twin")
    done = stages(dub.run(localized_series))
    assert {name for name in done if "ep01" in name} <= {"cast ep01 en", "cast ep01 es-419"}
    assert characters("ep02") == ["twin", "c1", "c1"]
    assert "Her twin" in dub("report", localized_series).stdout
    nobody = ("--character", "twin", "--episode", 2, "--speaker", "s9")
    assert "one of s1, s2" in dub("edit", localized_series, *nobody, status=2).stderr


@pytest.mark.parametrize(
    ("cast", "nobody", "options"),
    [
        ('[c99]\nname = "Nobody"', "c99, whom nobody heard up to ep02", ["--no-dub"]),
        ('[c3]\nsame_as = "c12"', "c12, whom nobody heard up to ep02", []),
        ('[twin]\nspeakers = ["ep01 s9"]', "s9 in ep01", ["--no-dub"]),
    ],
)
def test_a_cast_that_speaks_of_nobody_ends_the_run(
    series: Path, dub: Dub, cast: str, nobody: str, options: list[str]
) -> None:
    (series / "cast.toml").write_text(cast)
    arguments = ("run", series, "--to", "en", "--profile", "fake", *options)
    done = dub(*arguments, status=2)
    assert "cast.toml" in done.stderr + done.stdout
    assert nobody in done.stderr + done.stdout


def test_who_appears_in_a_later_episode_may_be_decided_before(series: Path, dub: Dub) -> None:
    (series / "cast.toml").write_text('[c99]\nname = "Not yet"\n[c1]\nname = "Shen Qing"\n')
    dub.run(series, "--episodes", "1", to="en")
    assert _lines(series, "ep01")[0]["label"] == "Shen Qing"


def test_new_voices_in_the_bank_change_nobody_who_has_one(
    localized_series: Path, dub: Dub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = contents(localized_series / "localized")
    voices = "".join(
        f'[new-{hz}]\nengine = "fake"\nengine_voice = "new-{hz}"\ngender = "{gender}"\n'
        f'pitch_hz = {hz}\nlicence = "Apache-2.0"\n'
        for hz, gender in ((150, "male"), (220, "female"), (310, "female"))
    )
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "catalogue.toml").write_text(voices)
    monkeypatch.setenv("DUBBING_VOICES", str(tmp_path / "bank"))
    for _ in range(2):
        # Casting is looked at again, once, and comes out the same.
        assert {s.split()[0] for s in stages(dub.run(localized_series))} <= {"cast", "synthesize"}
        now = contents(localized_series / "localized")
        assert {path for path in now if now[path] != published[path]} <= {
            "manifest.json",
            "report.html",
        }
    dub.run(localized_series, to="en,es-419,pt-BR")
    cast = tomllib.loads((localized_series / "localized" / "cast.toml").read_text())
    assert {one["voices"]["pt-BR"] for one in cast.values()} == {"new-150", "new-220", "new-310"}


def test_the_published_cast_can_be_read_edited_and_put_into_the_release(
    localized_series: Path, dub: Dub
) -> None:
    sheet = localized_series / "localized" / "cast.toml"
    text = sheet.read_text()
    assert "# A man's voice, 150 Hz; 4 lines in episodes 1, 2." in text
    dub("edit", localized_series, "--character", "c3", "--same-as", "c1")
    who = ("--character", "twin", "--episode", 2, "--speaker", "s1")
    dub("edit", localized_series, *who, "--name", "Her twin")
    dub.run(localized_series)
    published = contents(localized_series / "localized")
    (localized_series / "cast.toml").write_text(sheet.read_text())
    dub.run(localized_series)
    now = contents(localized_series / "localized")
    assert {path for path in now if now[path] != published[path]} <= {
        "manifest.json",
        "report.html",
    }


def test_a_character_speaks_in_its_own_voice_only_where_its_person_allowed_it(
    localized_series: Path, dub: Dub
) -> None:
    def allowed(until: str) -> None:
        (localized_series / "cast.toml").write_text(
            f'[c1]\nown_voice = {{ person = "A. Actor", purpose = "dubs", until = {until} }}\n'
        )

    before = {episode: _lines(localized_series, episode) for episode in ("ep01", "ep02")}
    allowed("2026-01-31")
    run = ("run", localized_series, "--to", "en,es-419", "--profile", "fake")
    assert "A. Actor's consent ended on 2026-01-31" in dub.refused(*run)
    allowed("2099-12-31")
    dub(
        "edit", localized_series, "--character", "c1", "--language", "es-419", "--voice", "beep-low"
    )
    dub.run(localized_series)
    for episode, lines in before.items():
        for line, now in zip(lines, _lines(localized_series, episode), strict=True):
            assert now["voice"] == ("own" if line["character"] == "c1" else line["voice"])
            assert line["character"] == now["character"]
    assert not [x for x in _lines(localized_series, "ep01", "es-419") if x["voice"] == "own"]
    # The recording is of the first episode, at the character's own pitch, and so are the fake's beeps.
    recordings = [json.loads(file.read_text()) for file in _cached(dub, "recordings.json")]
    assert len(recordings) == 2
    assert all(r["c1"]["episode"] == 1 and r["c1"]["lines"] == [1] for r in recordings)
    assert all(abs(r["c1"]["pitch_hz"] - 150) < 5 for r in recordings)


def test_a_new_word_of_the_glossary_goes_no_further_than_the_lines_that_have_it(
    localized_series: Path, dub: Dub
) -> None:
    before = contents(localized_series / "localized")
    with (localized_series / "glossary.csv").open("a", encoding="utf-8") as glossary:
        glossary.write("龙,en,Dragon,\n")
    run = stages(dub.run(localized_series))
    assert run  # it was looked at in every line
    assert not [name for name in run if name.startswith(("mix", "mux")) or name.endswith("es-419")]
    after = contents(localized_series / "localized")
    assert {path for path in after if after[path] != before[path]} <= {
        "manifest.json",
        "report.html",
    }


def test_a_language_added_leaves_the_others_work_alone(localized_series: Path, dub: Dub) -> None:
    outcome = dub.run(localized_series, to="en,es-419,pt-BR")
    assert not [name for name in stages(outcome) if name.endswith((" en", " es-419"))]
    assert (localized_series / "localized" / "ep01" / "en" / "ep01.en.m4a").exists()


def test_what_was_published_is_not_dropped_unasked(localized_series: Path, dub: Dub) -> None:
    before = contents(localized_series / "localized")
    message = dub.refused("run", localized_series, "--to", "en", "--profile", "fake")
    assert "ep01 es-419" in message
    assert "--replace" in message
    assert contents(localized_series / "localized") == before
    dub.run(localized_series, "--replace", to="en")
    assert not (localized_series / "localized" / "ep01" / "es-419").exists()


def test_subtitles_alone(series: Path, dub: Dub) -> None:
    outcome = dub.run(series, "--no-dub", "--episodes", "2", to="ja")
    assert not {name for name in stages(outcome) if name.startswith(("synthesize", "mix"))}
    found = set(contents(series / "localized"))
    assert "ep02/ja/ep02.ja.vtt" in found
    assert not [path for path in found if path.endswith(".m4a") or path.startswith("ep01")]
    streams = read_back(series / "localized" / "ep02" / "ep02.mp4")
    assert [s.language for s in streams if s.kind is StreamKind.SUBTITLE] == ["jpn", "zho"]


def test_a_video_alone(series: Path, dub: Dub) -> None:
    outcome = dub.run(series / "b.mp4", to="en")
    assert outcome["out"] == str(series / "b-localized")
    assert (series / "b-localized" / "ep01" / "en" / "b.en.srt").exists()


def test_a_stem_is_the_bed_untouched(series: Path, dub: Dub) -> None:
    music = tones(12.0, [])  # what is under the speech of the first episode
    soundfile.write(series / "a.stem.wav", music.samples, music.rate_hz)
    document = json.loads((series / "release.json").read_text())
    document["episodes"][0]["bed"] = "a.stem.wav"
    (series / "release.json").write_text(json.dumps(document))
    dub.run(series, to="en")
    report = json.loads((series / "localized" / "ep01" / "en" / "report.json").read_text())
    assert report["mix"]["bed"] == "stem"
    assert not [draft for draft in report["drafts"] if draft.startswith("Sound")]


def test_the_report_and_the_tables_can_be_read(localized_series: Path, dub: Dub) -> None:
    series = localized_series
    done = dub("run", series, "--to", "en,es-419", "--profile", "fake")
    assert "report.html" in done.stdout
    assert "ep02" in done.stdout
    assert "c1" in dub("report", series).stdout
    assert json.loads(dub("report", series, "--json").stdout)[0]["language"] == "en"
    assert (
        json.loads(dub("probe", series, "--json").stdout)["episodes"]["ep01"]["duration_ms"]
        == 12_000
    )
    assert "12.00" in dub("probe", series).stdout
    dub("clean")
    assert not (dub.cache / "artifacts").exists()
    assert dub.run(series)["stages_run"] == 0  # what is published needs no cache


def _lines(series: Path, episode: str, language: str = "en") -> list[dict[str, Any]]:
    file = series / "localized" / episode / language / "report.json"
    return list(json.loads(file.read_text())["lines"])


def _cached(dub: Dub, name: str) -> set[Path]:
    return set((dub.cache / "artifacts").glob(f"*/*/{name}"))


def _takes(dub: Dub) -> set[Path]:
    return _cached(dub, "take.wav")


def test_a_new_speaker_is_a_character_of_their_own(localized_series: Path, dub: Dub) -> None:
    before = {name: _lines(localized_series, name) for name in ("ep01", "ep02")}
    who = ("--speaker", "new:mother")
    dub("edit", localized_series, "--episode", 1, "--line", 3, *who)
    dub("edit", localized_series, "--episode", 2, "--line", 3, *who)
    dub.run(localized_series)
    for name in before:
        lines = _lines(localized_series, name)
        assert [line["character"] for line in lines[:2]] == [
            line["character"] for line in before[name][:2]
        ]
        assert [line["voice"] for line in lines if line["speaker"] != "mother"] == [
            old["voice"]
            for line, old in zip(lines, before[name], strict=True)
            if line["speaker"] != "mother"
        ]
        assert (lines[2]["speaker"], lines[2]["character"]) == ("mother", "mother")
    (voice,) = {_lines(localized_series, name)[2]["voice"] for name in before}
    dub("edit", localized_series, "--character", "mother", "--name", "Her mother")
    dub("edit", localized_series, "--episode", 1, "--line", 1, "--speaker", "mother")
    dub.run(localized_series)
    lines = _lines(localized_series, "ep01")
    assert [line["label"] for line in lines[::2]] == ["Her mother", "Her mother"]
    assert {line["voice"] for line in lines[::2]} == {voice}
    assert stages(dub.run(localized_series)) == set()


@pytest.mark.parametrize("name", ["new:", "new:s1", "new:c2", "new:Her Mother", "new:../x"])
def test_a_new_speaker_who_can_not_be_called_so_is_refused(
    series: Path, dub: Dub, name: str
) -> None:
    assert "as in new:mother" in dub.refused(
        "edit", series, "--episode", 1, "--line", 1, "--speaker", name
    )
    assert not (series / "corrections.toml").exists()
