"""A run that is only asked about, and a language that is only added."""

from __future__ import annotations

import json
from pathlib import Path

from command import Dub, contents


def test_a_dry_run_says_what_a_run_makes_and_makes_nothing(series: Path, dub: Dub) -> None:
    run = ("run", series, "--to", "en,es-419", "--profile", "fake")
    before = contents(series)
    told = json.loads(dub(*run, "--dry-run", "--json").stdout)
    assert contents(series) == before
    assert told["languages"] == ["en", "es-419"]
    assert told["estimate"]["seconds"] > 0
    assert not told["estimate"]["measured"]
    outcome = dub.run(series)
    files = {file["path"] for file in outcome["files"]} | {"manifest.json"}
    assert {file["path"] for file in told["files"]} == files == set(contents(series / "localized"))
    assert not any(file["there"] for file in told["files"])
    done: dict[tuple[str, str | None], int] = {}
    for name in outcome["stage_seconds"]:
        stage, _, *language = name.split()
        done[stage, language[0] if language else None] = (
            done.get((stage, language[0] if language else None), 0) + 1
        )
    expected = {
        (row["stage"], row["language"]): row["to_make"] + row["there"] for row in told["stages"]
    }
    # The videos have been looked at; captions of the original name their language.
    known = [key for key in expected if key[0] not in ("probe", "caption")]
    assert {key: done.get(key) for key in known} == {key: expected[key] for key in known}

    # One more language, of what is published: nothing else needs to be said again.
    told = json.loads(dub("run", series, "--add", "pt-BR", "--dry-run", "--json").stdout)
    assert told["languages"] == ["en", "es-419", "pt-BR"]
    to_make = {(row["stage"], row["language"]): row["to_make"] for row in told["stages"]}
    assert {language for (_, language), count in to_make.items() if count} == {"pt-BR", None}
    assert to_make["transcribe", None] == to_make["translate", "en"] == 0
    assert to_make["mux", None] == to_make["mix", "pt-BR"] == 2
    text = dub("run", series, "--add", "pt-BR", "--dry-run").stdout
    assert "an estimate" in text
    assert "files" in text
    dub("run", series, "--add", "pt-BR")
    assert (series / "localized" / "ep02" / "pt-BR" / "ep02.pt-BR.m4a").is_file()
    manifest = json.loads((series / "localized" / "manifest.json").read_text())
    assert manifest["job"]["languages"] == ["en", "es-419", "pt-BR"]
    assert manifest["profile"] == "fake"
    assert "nothing would be made" in dub("run", series, "--add", "pt-BR", "--dry-run").stdout


def test_what_cannot_be_added_to_or_is_asked_for_twice_is_refused(series: Path, dub: Dub) -> None:
    assert "nothing published" in dub.refused("run", series, "--add", "en")
    assert "--add" in dub.refused("run", series, "--to", "en", "--add", "fr")
    assert "--to" in dub.refused("run", series)
    (series / "a.mp4").write_bytes(b"words")
    said = dub.refused("run", series, "--to", "en", "--profile", "fake", "--dry-run")
    assert "a.mp4" in said
