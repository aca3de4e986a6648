"""What the README and the docs say is so: their commands run, their examples are read, their tables are the code's."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from command import Dub

from dubbing.api.auth import NEEDS
from dubbing.api.job_documents import Order
from dubbing.cli.main import cli
from dubbing.engines.ports import Port
from dubbing.engines.registry import Engines
from dubbing.engines.translating.routes import best_route
from dubbing.formats import vtt
from dubbing.formats.decisions import read_cast, read_corrections
from dubbing.formats.language_toml import all_languages
from dubbing.formats.release_json import EpisodeEntry, ReleaseDocument, read_release
from dubbing.model import fitting
from dubbing.model.cue import CueRules
from dubbing.model.dub import FitKind
from dubbing.model.service import Role
from dubbing.planning.config import configs_folder, load_profile
from dubbing.publishing.publish import EngineUsed, File, JobRecord, Manifest
from dubbing.service.news import messages
from dubbing.service.settings import ServiceSettings
from dubbing.service.watch.metrics import ServiceMetrics
from dubbing.store.database import Database
from voices import VoiceBank
from workers.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = {page.name: page for page in [README, *sorted((ROOT / "docs").glob("*.md"))]}
TEAMS, PIPELINE, OPERATORS = (
    DOCS[f"{name}.md"] for name in ("localization", "pipeline", "service")
)

# The README speaks of the embedded default, the test of the engines without weights.
STAND_INS = {"kumo": "beep-high"}
JOB = "5f0c" * 8


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of a kind (sh, json, ...; "" for those of none)."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every command of a page, without the environment before it."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                del words[0]
            if words:
                yield words


def rows(page: Path, header: str) -> list[list[str]]:
    """The rows of the table whose header row begins so."""
    lines = iter(page.read_text("utf-8").splitlines())
    assert any(line.startswith(header) for line in lines), header
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def quoted(text: str) -> list[str]:
    """What stands between single backticks."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


@cache
def make_help() -> dict[str, str]:
    command = ["make", "--no-print-directory", "help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for word in words:
        variable, is_variable, _ = word.partition("=")
        if is_variable:
            assert re.search(rf"^{variable} \?=", makefile, re.MULTILINE), word
        else:
            assert re.search(rf"^{word}:", makefile, re.MULTILINE), word
            assert word in make_help()


def check_dub(words: list[str]) -> None:
    context, rest = click.Context(cli), [JOB if word == "JOB" else word for word in words]
    while isinstance(group := context.command, click.Group):
        if group.invoke_without_command and (not rest or rest[0].startswith("-")):
            group.make_context(context.info_name, rest, parent=context.parent)
            return
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        if not isinstance(command, click.Group):
            command.make_context(name, rest, parent=context)
            return
        context = click.Context(command, parent=context, info_name=name)


def is_a_command(names: list[str]) -> bool:
    """Whether words are the name of a command, or of one in a group, and no more than that."""
    context: click.Context = click.Context(cli)
    for name in names:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            return False
        context = click.Context(command, parent=context, info_name=name)
    return True


def check_python(words: list[str]) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1])
    for word in words:
        if "/" in word:
            assert (ROOT / word).exists(), word


def check_docker(words: list[str]) -> None:
    """Compose, with files that there are; what it runs in a container is our own command."""
    assert words.pop(0) == "compose"
    while words[0] == "-f":
        assert (ROOT / words[1]).is_file()
        del words[:2]
    if words[0] == "run":
        check_dub(words[3:])
    else:
        assert words[0] == "up"


def check_export(words: list[str]) -> None:
    known = {f"DUBBING_{name.upper()}" for name in ServiceSettings.model_fields}
    for word in words:
        assert word.partition("=")[0] in known | {"DUBBING_API_URL", "DUBBING_API_TOKEN"}, word


def check_curl(words: list[str]) -> None:
    """A request that the API has a route for, with a body that it takes."""
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    path = next(word for word in words if word.startswith("http")).partition("8080")[2]
    assert f"{method} {path.replace('JOB', '{job}')}" in NEEDS
    if "-d" in words:
        Order.model_validate_json(words[words.index("-d") + 1])


@pytest.mark.parametrize("page", DOCS.values(), ids=DOCS.keys())
def test_every_command_is_one(page: Path) -> None:
    checks = {
        "make": check_make,
        "dub": check_dub,
        ".venv/bin/dub": check_dub,
        ".venv/bin/python": check_python,
        "curl": check_curl,
        "docker": check_docker,
        "export": check_export,
        "alias": lambda words: None if words == ["dub=$PWD/.venv/bin/dub"] else pytest.fail(words),
    }
    for program, *words in commands(page):
        checks[program](words)
    for program, _, rest in (text.partition(" ") for text in quoted(page.read_text("utf-8"))):
        if program == "make":
            check_make(rest.split())
        elif program == "dub" and is_a_command(rest.split()):
            pass  # its name alone
        elif program == "dub" and rest:
            check_dub(shlex.split(rest))


@pytest.mark.parametrize("page", DOCS.values(), ids=DOCS.keys())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).is_file(), target


def test_every_target_of_make_is_documented() -> None:
    documented = [
        name for row in rows(DOCS["engineers.md"], "| target |") for name in quoted(row[0])
    ]
    assert set(documented) == {f"make {target}" for target in make_help() if target != "help"}


def test_the_commands_of_the_readme_run(localized_series: Path, dub: Dub) -> None:
    folder = localized_series.parent  # which holds `fated`, as the README calls its release
    shutil.copy(localized_series / "b.mp4", folder / "clip.mp4")
    ran = []
    for program, *words in commands(README):
        if program != "dub" or words[0] == "jobs":
            continue
        given = [STAND_INS.get(word, word) for word in words]
        if words[0] == "run":
            given += ["--profile", "fake"]
        dub(*given, folder=folder)
        ran.append(words)
    assert {words[0] for words in ran} >= {"run", "edit", "report", "engines"}

    out = localized_series / "localized"
    (tree,) = (block for block in blocks(README, "") if "manifest.json" in block)
    for line in tree.splitlines():
        path, *rest = line.split()
        assert (out / path.removesuffix("...")).exists(), path
        if rest[:1] == [".vtt"]:
            assert (out / path).with_suffix(".vtt").is_file()
    (correction,) = (words for words in ran if "--text" in words)
    lines = json.loads((out / "ep01" / "en" / "report.json").read_text())["lines"]
    number = int(correction[correction.index("--line") + 1])
    assert lines[number - 1]["text"] == correction[correction.index("--text") + 1]
    assert {one["voice"] for one in lines if one["character"] == "c1"} == set(STAND_INS.values())
    assert (folder / "clip-localized" / "manifest.json").is_file()

    last = [words for words in ran if words[0] == "run"][-1]
    printed = json.loads(dub(*last, "--profile", "fake", "--json", folder=folder).stdout)
    keys = [quoted(row[0])[0] for row in rows(PIPELINE, "| field of the document |")]
    assert keys == list(printed)


@pytest.mark.servers
@pytest.mark.xdist_group("servers")
@pytest.mark.timeout(300)
def test_the_service_of_the_readme_serves(localized_series: Path, dub: Dub) -> None:
    folder = localized_series.parent
    # PostgreSQL has a user of its own, to whom the folders of tests are closed.
    with tempfile.TemporaryDirectory(prefix="dubbing-up-") as home:
        Path(home).chmod(0o755)
        up = [
            sys.executable,
            "-m",
            "workers.up",
            "--home",
            f"{home}/service",
            "--port",
            str(free_port()),
        ]
        started = {**dub.environment, "COLUMNS": "200"}
        try:
            said = _said(up, started)
            (line,) = (line for line in said.splitlines() if "export " in line)
            given = dict(word.split("=", 1) for word in line.split() if "=" in word)
            assert set(given) == {"DUBBING_API_URL", "DUBBING_API_TOKEN"}
            job, ran = "", []
            for program, *words in commands(README):
                if (program, *words[:1]) != ("dub", "jobs"):
                    continue
                words = [job if word == "JOB" else word for word in words]
                if words[1] == "submit":
                    words += ["--profile", "fake"]
                command = dub.command(*words, "--json")
                answer = json.loads(_said(command, {**started, **given}, folder))
                job = answer["id"] if words[1] == "submit" else job
                ran.append((words, answer))
            assert _said(up, started).count("running") == 1, "it may be given again"
        finally:
            ended = _said([*up, "--down"], started)
        assert "6 processes ended" in ended
    assert [words[1] for words, _ in ran] == ["submit", "lines", "correct", "watch", "fetch"]
    (correction,) = (words for words, _ in ran if words[1] == "correct")
    report = json.loads((folder / "fetched" / "ep01" / "en" / "report.json").read_text())
    number = int(correction[correction.index("--line") + 1])
    assert report["lines"][number - 1]["text"] == correction[correction.index("--text") + 1]
    assert not is_running(Path(home)), "nothing of it is left"


def is_running(home: Path) -> list[str]:
    """The command lines of processes that name a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(home) in line:
                found.append(line)
    return found


def _said(command: list[str], environment: Mapping[str, str], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_examples_for_teams_are_a_release(tmp_path: Path) -> None:
    (document,) = blocks(TEAMS, "json")
    (glossary,) = blocks(TEAMS, "csv")
    corrections, cast = blocks(TEAMS, "toml")
    for name, text in {
        "release.json": document,
        "glossary.csv": glossary,
        "corrections.toml": corrections,
        "cast.toml": cast,
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    for episode in json.loads(document)["episodes"]:
        for file in (episode["video"], episode.get("bed")):
            if file:
                (tmp_path / file).touch()
    release = read_release(tmp_path)
    assert release.glossary[0].target == "Shen Qing"
    assert read_corrections(release.corrections_file)[0].translations["en"] == "You came back."
    decided = read_cast(release.cast_file)["c1"].voices
    bank = VoiceBank.shipped()
    assert all(bank.get(voice).speaks(language) for language, voice in decided.items())


def test_the_example_of_a_manifest_is_one() -> None:
    *_, text = blocks(PIPELINE, "json")
    manifest = msgspec.json.decode(text, type=Manifest)
    assert json.loads(msgspec.json.encode(manifest)) == json.loads(text)


def test_the_examples_of_messages_are_messages() -> None:
    ready, completed, _ = blocks(PIPELINE, "json")
    order = messages.ReleaseReady.model_validate_json(ready).data.order()
    assert order.languages == ("en", "pt-BR", "es-419")
    event = messages.Completed.model_validate_json(completed)
    assert event.model_dump(mode="json") == json.loads(completed)
    kinds = {row[0].strip("`") for head in ("| in |", "| out |") for row in rows(PIPELINE, head)}
    assert kinds == {
        kind.model_fields["type"].default for kind in (*messages.INCOMING, *messages.OUTGOING)
    }
    described = [quoted(row[0])[0] for row in rows(PIPELINE, "| field of `data` |")]
    assert described == list(messages.ReleaseReadyData.model_fields)


def test_the_programs_of_the_examples_are_python() -> None:
    for block in blocks(PIPELINE, "python"):
        compile(block, str(PIPELINE), "exec")


def test_the_settings_of_the_service_are_documented() -> None:
    described = {quoted(row[0])[0]: row[1] for row in rows(OPERATORS, "| variable |")}
    settings = ServiceSettings.model_fields
    assert list(described) == [f"DUBBING_{name.upper()}" for name in settings]
    for name, field in settings.items():
        if isinstance(field.default, int | float):
            assert described[f"DUBBING_{name.upper()}"] == f"{field.default:g}"


def test_the_metrics_of_the_service_are_documented(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'service.db'}")
    database.upgrade()
    described = {name for row in rows(OPERATORS, "| metric |") for name in quoted(row[0])}
    assert described == {metric.name for metric in ServiceMetrics(database).collect()}
    database.close()


def test_the_roles_of_the_service_are_documented() -> None:
    assert [quoted(row[0])[0] for row in rows(OPERATORS, "| role |")] == [*Role]


def test_every_field_is_documented() -> None:
    described = [quoted(row[0])[0] for row in rows(TEAMS, "| field |")]
    assert set(described) == {*ReleaseDocument.__struct_fields__, *EpisodeEntry.__struct_fields__}
    text = " ".join(cell for row in rows(PIPELINE, "| field | |") for cell in row)
    known = {name.rpartition(".")[2].rpartition("]")[2] for name in quoted(text)}
    kinds: list[type[Any]] = [Manifest, JobRecord, EngineUsed, File]
    assert {field.name for kind in kinds for field in fields(kind)} - known - {"job"} == set()


def test_the_languages_are_those_that_the_default_speaks() -> None:
    profile, bank = load_profile("local"), VoiceBank.shipped()
    expected: dict[tuple[str, str], list[str]] = {}
    with Engines() as engines:
        pairs = {name: engines.pairs(name) for name in profile.translators}
        for language in all_languages(configs_folder() / "languages"):
            tag = language.tag
            if tag.startswith("zh"):
                continue
            speakers = [
                name.partition(":")[0]
                for name in profile.synthesizers
                if engines.info(Port.SYNTHESIZER, name).covers(tag)
                and bank.speaking(tag, name.partition(":")[0])
            ]
            row = ("yes", speakers[0]) if best_route(pairs, "zh", tag) else ("no", "-")
            expected.setdefault(row, []).append(tag)
    found = {(row[1], row[2]): quoted(row[0]) for row in rows(TEAMS, "| languages |")}
    assert found == expected


def test_the_words_of_the_report_are_explained() -> None:
    assert [quoted(row[0])[0] for row in rows(TEAMS, "| mark |")] == [
        kind.value for kind in FitKind
    ]
    source = (ROOT / "dubbing" / "publishing" / "reporting.py").read_text()
    drafts = re.findall(r'f?"([A-Z][a-z]+:) ', source)
    assert {quoted(row[0])[0] for row in rows(TEAMS, "| it begins |")} == set(drafts)


def test_the_messages_are_those_of_the_code() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "dubbing").rglob("*.py"))
    for message, *_ in rows(TEAMS, "| found or expected |"):
        assert quoted(message)[0] in source, message


def test_the_figures_are_those_of_the_code() -> None:
    text = " ".join(TEAMS.read_text("utf-8").split())
    rules = CueRules(chars_per_line=42, reading_speed_cps=20)
    for figure in (
        f"at least {fitting.MARGIN_MS} ms before the next line",
        f"at most {fitting.MAX_SPEED} times",
        f"at most {fitting.MAX_TEMPO} times together",
        f"up to {fitting.MAX_FLAGGED_TEMPO} times as fast",
        f"shown for {rules.shortest_ms} ms to {rules.longest_ms // 1000} s",
        f"{rules.gap_frames} frames, or at least {rules.free_gap_frames}:",
        f"{rules.vertical_columns_per_line} Latin letters",
        f"{vtt.SAFE_LEFT} and {vtt.SAFE_RIGHT} % of the width",
        f"{vtt.SAFE_TOP} and {vtt.SAFE_BOTTOM} % of the height",
    ):
        assert figure in text, figure
