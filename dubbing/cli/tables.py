"""Tables on a terminal of any width, and as plain lines in a pipe. Names are never broken.

A table that is wider than the terminal, its free text wrapped, is shown as a paragraph a row instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dubbing.cli import console as consoles

_GAPS = (2, 1)  # between two columns of the table, as there is room
_PLAIN_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    right: bool = False
    least: int = (
        0  # for free text: as narrow as it may be wrapped; 0 for names and numbers, which are not
    )


def text(title: str, least: int = 16) -> Column:
    """A column of free text."""
    return Column(title, least=least)


def number(title: str) -> Column:
    return Column(title, right=True)


def show(
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str = "",
    console: Console | None = None,
) -> None:
    """Prints rows; what is in a cell is shown as it is, and never taken for markup."""
    console = console or consoles.stdout
    known = [Column(one) if isinstance(one, str) else one for one in columns]
    cells = [[one if isinstance(one, Text) else Text(one) for one in row] for row in rows]
    if title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    if not console.is_terminal:
        _show_plain(console, known, cells)
        return
    for gap in _GAPS:
        if _least(known, cells, gap) <= console.width:
            console.print(_table(known, cells, gap))
            return
    _show_paragraphs(console, known, cells)


def _width(column: Column, texts: Iterable[Text]) -> int:
    header = column.title.split() if column.least else [column.title]
    most = max((cell_len(line) for one in texts for line in one.plain.splitlines()), default=0)
    wide = min(most, column.least) if column.least else most
    return max(wide, *map(cell_len, header))


def _least(columns: Sequence[Column], cells: Sequence[Sequence[Text]], gap: int) -> int:
    """The width below which a name would be broken."""
    widths = [_width(one, (row[i] for row in cells)) for i, one in enumerate(columns)]
    return sum(widths) + gap * (len(columns) - 1)


def _table(columns: Sequence[Column], cells: Sequence[Sequence[Text]], gap: int) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold dim")
    for i, column in enumerate(columns):
        table.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            no_wrap=not column.least,
            min_width=_width(column, (row[i] for row in cells)),
            overflow="fold",
        )
    for row in cells:
        table.add_row(*row)
    return table


def _show_plain(
    console: Console, columns: Sequence[Column], cells: Sequence[Sequence[Text]]
) -> None:
    """One line a row, as wide as it is."""
    rows = [
        [column.title for column in columns],
        *([" ".join(cell.plain.split("\n")) for cell in row] for row in cells),
    ]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(columns))]
    for row in rows:
        padded = (
            " " * (width - cell_len(cell)) + cell
            if column.right
            else cell + " " * (width - cell_len(cell))
            for column, cell, width in zip(columns, row, widths, strict=True)
        )
        console.print(
            _PLAIN_GAP.join(padded).rstrip(), markup=False, soft_wrap=True, highlight=False
        )


def _show_paragraphs(
    console: Console, columns: Sequence[Column], cells: Sequence[Sequence[Text]]
) -> None:
    for row in cells:
        console.print(row[0], style="bold", soft_wrap=True)
        told = [
            Text.assemble((f"{column.title} ", "dim"), cell)
            for column, cell in zip(columns[1:], row[1:], strict=True)
            if cell.plain
        ]
        console.print(Padding(Text(", ").join(told), (0, 0, 0, 4)))
