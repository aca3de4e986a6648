"""The large engines by the command, on tiny weights: licences, models that are not here, voices and consent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny
from click.testing import CliRunner
from command import Dub

from dubbing.cli.main import cli
from dubbing.engines.synthesizing import xtts
from dubbing.engines.translating import seq2seq

pytestmark = [pytest.mark.torch, pytest.mark.xdist_group("xtts:v2"), pytest.mark.timeout(600)]

PROFILE = """
separator = "none"
diarizer = "fake"
transcriber = "fake"
translators = ["opus-mt:zh-en"]
synthesizers = ["xtts:v2"]
platform = "streaming"
"""


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache as `dub models fetch` leaves it. Nobody has pinned the digests of these two."""
    cache = tmp_path_factory.mktemp("fetched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUBBING_CACHE", str(cache))
        tiny.install(xtts.MODELS["v2"], tiny.xtts_model(cache / "xtts"))
        opus = seq2seq.FAMILIES["opus-mt"]["zh-en"].hub
        tiny.install(opus, tiny.translator(cache / "opus", "opus-mt"))
    return cache


@pytest.fixture
def gpu(fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dub:
    monkeypatch.setenv("DUBBING_VOICES", str(tmp_path / "voices"))
    (tmp_path / "research.toml").write_text(PROFILE + "allow_noncommercial = true\n")
    (tmp_path / "shop.toml").write_text(PROFILE)
    return Dub(fetched, profile=str(tmp_path / "research.toml"))


def refused(dub: Dub, *words: object) -> str:
    """The message, as one line: it is broken where the screen ends."""
    return " ".join(dub.refused(*words).split())


def test_weights_that_may_not_be_sold_with_are_refused_before_work(
    gpu: Dub, series: Path, tmp_path: Path
) -> None:
    said = refused(gpu, "run", series, "--to", "en", "--profile", tmp_path / "shop.toml")
    assert "xtts:v2, whose weights are under LicenseRef-CPML" in said
    assert not (series / "localized").exists()


def test_a_model_that_was_not_fetched_is_named_before_work(series: Path, tmp_path: Path) -> None:
    (tmp_path / "research.toml").write_text(PROFILE + "allow_noncommercial = true\n")
    said = refused(
        Dub(tmp_path / "empty"),
        "run",
        series,
        "--to",
        "en",
        "--profile",
        tmp_path / "research.toml",
    )
    assert "opus-mt:zh-en, whose model was not fetched" in said


def test_a_cloned_voice_speaks_while_its_consent_lasts(
    gpu: Dub, series: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "li-wei.wav"
    rng = np.random.default_rng(1)
    tone = np.sin(2 * np.pi * 130 * np.arange(22_050 * 4) / 22_050)
    soundfile.write(recording, 0.3 * tone + 0.02 * rng.standard_normal(len(tone)), 22_050)
    added = gpu(
        "voices", "add", "li-wei", "--recording", recording, "--gender", "male", "--person", "Li Wei",
        "--age", "adult", "--purpose", "dubs of Fated", "--until", "2099-12-31",
    )  # fmt: skip
    assert "Li Wei" in added.stdout
    assert "li-wei" in gpu("voices", "list", "--language", "en").stdout
    listed = gpu(
        "voices", "list", "--json", "--engine", "xtts", "--gender", "male", "--age", "adult"
    )
    [voice] = json.loads(listed.stdout)
    assert (voice["name"], voice["energy"], voice["refusal"]) == ("li-wei", "calm", None)
    assert voice["pitch_hz"] == pytest.approx(130, rel=0.02)
    assert (
        json.loads(gpu("voices", "list", "--json", "--language", "ja", "--engine", "mms").stdout)
        == []
    )
    gpu("edit", series, "--character", "c1", "--language", "en", "--voice", "li-wei")
    done = gpu.run(series, "--episodes", "1", to="en")
    report = json.loads((series / "localized" / "ep01" / "en" / "report.json").read_text())
    voices = {line["character"]: line["voice"] for line in report["lines"]}
    assert voices["c1"] == "li-wei"
    assert all(voice.startswith("xtts-") for name, voice in voices.items() if name != "c1")
    manifest = json.loads(Path(done["manifest"]).read_text())
    used = {
        engine["name"]: (engine["licence"], engine["commercial"]) for engine in manifest["engines"]
    }
    assert used["xtts:v2"] == ("LicenseRef-CPML", False)
    assert used["opus-mt:zh-en"] == ("CC-BY-4.0", True)

    # The same again runs nothing, and asks nothing of the models.
    assert gpu.run(series, "--episodes", "1", to="en")["stages_run"] == 0

    catalogue = tmp_path / "voices" / "catalogue.toml"
    text = catalogue.read_text()
    before = (series / "localized" / "manifest.json").read_bytes()
    run = ("run", series, "--episodes", "1", "--to", "en", "--profile", gpu.profile)
    catalogue.write_text(text.replace("2099-12-31", "2020-12-31"))
    assert "Li Wei's consent ended on 2020-12-31" in refused(gpu, *run)
    catalogue.write_text(text[: text.index("[li-wei.consent]")])
    assert "no record of that person's consent" in refused(gpu, *run)
    assert "no record of that person's consent" in refused(
        gpu, "voices", "audition", "li-wei", tmp_path / "x.wav", "--language", "en"
    )
    assert (series / "localized" / "manifest.json").read_bytes() == before

    # Another recording in its place is another voice, of which nobody has said that it may be used.
    catalogue.write_text(text)
    soundfile.write(tmp_path / "voices" / "li-wei.wav", tone, 22_050)
    said = refused(
        gpu, "voices", "audition", "li-wei", tmp_path / "x.wav", "--language", "en",
        "--text", "Something new.",
    )  # fmt: skip
    assert "another recording" in said
    gpu("voices", "retire", "li-wei")
    assert not (tmp_path / "voices" / "li-wei.wav").exists()
    assert "li-wei" not in gpu("voices", "list").stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["kumo"], "a name that no voice has yet"),
        (["../x"], "letters, digits"),
        (["short"], "at least 3 s of speech"),
        (["text"], "a sound file"),
        (["nothing"], "a sound file"),
    ],
)
def test_what_can_not_be_a_voice_is_refused(
    gpu: Dub, tmp_path: Path, words: list[str], named: str
) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(22_050), 22_050)
    (tmp_path / "text.wav").write_text("no sound at all")
    files = {"text": "text.wav", "nothing": "nothing.wav"}
    recording = tmp_path / files.get(words[0], "short.wav")
    said = refused(
        gpu, "voices", "add", *words, "--recording", recording, "--gender", "male", "--person", "x",
        "--purpose", "y", "--until", "2099-01-01",
    )  # fmt: skip
    assert named in said


def test_a_series_is_separated_and_diarized_by_the_large_engines(
    series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.install_demucs(tmp_path / "cache", monkeypatch)
    tiny.install_pyannote(tmp_path / "cache", monkeypatch)
    profile = tmp_path / "hearing.toml"
    profile.write_text(
        'separator = "demucs:htdemucs"\ndiarizer = "pyannote:community-1"\ntranscriber = "fake"\n'
        'translators = ["fake"]\nsynthesizers = ["fake"]\nplatform = "streaming"\n'
        "allow_noncommercial = true\n"
    )
    run = ["run", str(series), "--episodes", "1", "--to", "en", "--profile", str(profile)]
    done = CliRunner().invoke(cli, run, standalone_mode=False)
    assert done.exception is None, done.output
    localized = series / "localized"
    manifest = json.loads((localized / "manifest.json").read_text())
    licences = {engine["name"]: engine["licence"] for engine in manifest["engines"]}
    assert licences["demucs:htdemucs"] == "LicenseRef-Demucs-research-only"
    assert licences["pyannote:community-1"] == "CC-BY-4.0"
    report = json.loads((localized / "ep01" / "en" / "report.json").read_text())
    # Random weights leave voices in the bed, so the original is ducked, and the report says why.
    left_db = report["mix"]["speech_left_db"]
    assert left_db is not None
    assert report["mix"]["bed"] == ("ducked" if left_db > -20 else "separated")
    assert any("speech in it" in draft for draft in report["drafts"]) == (left_db > -20)
    assert report["lines"]
