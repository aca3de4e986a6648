"""Tables that keep names whole, however narrow the terminal is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from dubbing.cli import tables

COLUMNS = ("job", "release", tables.text("reason", 12), tables.number("lines"))
ROWS = [
    ("5f0c" * 8, "错嫁良缘之只为你而来", "found text where a video was expected " * 3, "7"),
    ("0a1b" * 8, "fated", "", "1234"),
    ("ffff" * 8, "Liebe [bold]ohne[/bold] Grenzen", "一句没有空格的很长的中文" * 6, "0"),
]


def shown(
    width: int, columns: tuple[tables.Column | str, ...] = COLUMNS, rows: list[tuple[str, ...]] = ROWS,
    *, terminal: bool = True,
) -> list[str]:  # fmt: skip
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, color_system=None)
    tables.show(columns, rows, title="All of them", console=console)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_names_are_whole_and_nothing_is_wider_than_the_terminal(width: int) -> None:
    lines = shown(width)
    for job, release, reason, count in ROWS:
        for name in (job, release, count):
            assert any(name in line for line in lines), name
        assert "".join(reason.split()) in "".join("".join(lines).split()) or width > 80
    assert all(cell_len(line) <= width for line in lines)


def test_a_table_where_there_is_room_and_paragraphs_where_there_is_none() -> None:
    assert shown(120)[1].split() == ["job", "release", "reason", "lines"]
    narrow = shown(80)
    assert narrow[1] == "5f0c" * 8
    assert narrow[2].startswith("    release 错嫁良缘之只为你而来, reason found text")


def test_free_text_is_wrapped_before_a_table_is_given_up() -> None:
    lines = shown(90)
    assert lines[1].split() == ["job", "release", "reason", "lines"]
    assert len(lines) > 2 + len(ROWS)


@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_pipe_gets_one_line_a_row(width: int) -> None:
    lines = shown(width, terminal=False)
    assert len(lines) == 2 + len(ROWS)
    for line, row in zip(lines[2:], ROWS, strict=True):
        assert [cell for cell in row if cell.strip() not in line] == []
    # Columns stand below each other, full-width characters counted as two.
    ends = {cell_len(line[: line.index(row[3], len(line) - 4)] + row[3]) for line, row in zip(lines[2:], ROWS, strict=True)}  # fmt: skip
    assert len(ends) == 1


def test_what_looks_like_markup_is_text_and_styles_leave_no_mark_in_a_pipe() -> None:
    assert any("Liebe [bold]ohne[/bold] Grenzen" in line for line in shown(120))
    file = io.StringIO()
    console = Console(file=file, width=80)
    tables.show(("a",), [(Text("1", "yellow"),)], console=console)
    assert "\x1b" not in file.getvalue()


@given(
    st.lists(st.text("abc é中文", min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=5),
    st.integers(40, 120),
)  # fmt: skip
def test_any_name_that_fits_the_terminal_is_kept(names: list[str], width: int) -> None:
    rows = [(name.strip(), "words and words " * 5) for name in names]
    lines = shown(width, ("name", tables.text("words", 10)), rows)
    for name, _ in rows:
        assert any(name in line for line in lines)
