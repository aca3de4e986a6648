"""The commands that we tell people to give: those of the report run, those of messages are commands."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path

import click
import pytest
from command import Dub

from dubbing.cli.main import cli

ROOT = Path(__file__).parents[2]
# What stands for something that the reader knows.
MEANT = {"NAME": "beep-high"}


def advised_in(page: str) -> list[str]:
    """Every command of a page that is more than the name of one."""
    code = re.findall(r"<code>(.*?)</code>", page, re.DOTALL)
    lines = [html.unescape(line) for block in code for line in block.splitlines()]
    return [line for line in lines if line.startswith("dub ") and len(line.split()) > 2]


def test_the_commands_of_the_report_and_of_the_terminal_run(
    localized_series: Path, dub: Dub
) -> None:
    ended = dub("run", localized_series, "--to", "en,es-419", "--profile", "fake").stdout
    pages = list((localized_series / "localized").rglob("report.html"))
    advised = [line for page in pages for line in advised_in(page.read_text("utf-8"))]
    advised += re.findall(r"dub report .*", ended)
    assert len(pages) == 3
    kinds = {tuple(line.split()[1:2]) for line in advised}
    assert kinds == {("edit",), ("voices",), ("report",)}
    for line in dict.fromkeys(advised):
        words = [MEANT.get(word, word) for word in shlex.split(line)[1:]]
        dub(*(str(localized_series) if word == "RELEASE" else word for word in words))
    # What was said in them is done by the run that they end with.
    dub("run", localized_series, "--to", "en,es-419", "--profile", "fake")
    assert '"..."' in dub("report", localized_series, "--json").stdout


def test_the_end_of_a_run_elsewhere_names_where_the_report_is(series: Path, dub: Dub) -> None:
    out = series.parent / "some where"
    ended = dub(
        "run", series / "a.mp4", "--to", "en", "--profile", "fake", "--out", out
    ).stdout  # fmt: skip
    (line,) = re.findall(r"dub report .*", ended)
    assert dub(*shlex.split(line)[1:]).stdout


def messages() -> list[str]:
    """What stands in backticks in our sources, and begins with the command."""
    found: list[str] = []
    for pattern in ("*.py", "*.j2"):
        for file in sorted((ROOT / "dubbing").rglob(pattern)):
            text = file.read_text("utf-8")
            # A string may go on in the next line of the source.
            text = re.sub(r'"\n\s*f?"', "", text)
            found += re.findall(r"`(dub [^`\n]+)`", text)
            found += re.findall(r"remedy=f?\"[^\"]*?: (dub [^\"]+?)\.?\"", text)
    return sorted(set(found))


@pytest.mark.parametrize("advised", messages())
def test_what_messages_advise_is_a_command(advised: str) -> None:
    words = shlex.split(re.sub(r"\{[^}]*\}", "x", advised).rstrip("."))[1:]
    context = click.Context(cli)
    while words and isinstance(group := context.command, click.Group):
        name = words.pop(0)
        command = group.get_command(context, name)
        assert command is not None, advised
        context = click.Context(command, parent=context, info_name=name)
    known = {
        option for one in context.command.params if isinstance(one, click.Option) for option in one.opts
    }  # fmt: skip
    assert {word for word in words if word.startswith("--")} <= known
