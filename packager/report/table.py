"""Text tables: all commands format theirs with these functions."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Sequence

from packager.report.numbers import NO_VALUE, number
from packager.text import escape_control_characters

Cell = str | int | float | None
GAP = 2
MIN_TEXT = 12
"""Minimal width of a text column, in characters, on a narrow terminal."""


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    columns: int | None = None,
    *,
    right: Collection[str] = (),
    indent: int = 0,
) -> str:
    """A table with uniformly rounded numbers; numbers are right-aligned, text is left-aligned.

    A column is right-aligned if it holds only numbers, or if ``right`` names its head. Columns
    without a value in any row are omitted. ``columns`` is the width of the terminal: wider text is
    wrapped. None (output to a file or a program) keeps every row on one line. Values are never cut.
    """
    cells = [list(row) for row in rows]
    filled = [index for index, _ in enumerate(heads) if any(is_value(row[index]) for row in cells)]
    aligned = [heads[index] in right or is_numeric(row[index] for row in cells) for index in filled]
    shown = [[_text(row[index]) for index in filled] for row in cells]
    return _render([heads[index] for index in filled], shown, aligned, columns, indent)


def pairs(rows: Iterable[tuple[str, str]], columns: int | None = None, *, indent: int = 0) -> str:
    """Names and values, one pair per line; a long value is wrapped."""
    shown = [[_text(name), _text(value)] for name, value in rows]
    return _render([], shown, [False, False], columns, indent)


def is_value(cell: Cell) -> bool:
    """Whether a cell shows text or a known number."""
    return cell not in ("", NO_VALUE) and (isinstance(cell, str) or number(cell) != NO_VALUE)


def is_numeric(cells: Iterable[Cell]) -> bool:
    """Whether the cells of a column are only numbers or empty."""
    return not any(isinstance(cell, str) and is_value(cell) for cell in cells)


def _text(cell: Cell) -> str:
    return escape_control_characters(cell) if isinstance(cell, str) else number(cell)


def _render(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[bool],
    columns: int | None,
    indent: int,
) -> str:
    """The lines of a table, without trailing spaces."""
    from rich.cells import cell_len

    if not rows or not right:
        return ""
    lines = [*([heads] if heads else []), *rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    if columns is None or sum(widths) + GAP * (len(widths) - 1) + indent <= columns:
        # Without rich, which takes 50 µs per cell: half a minute for a table of 100,000 rows.
        return "\n".join(" " * indent + _line(line, widths, right) for line in lines)
    return _folded(lines, widths, right, columns, indent)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    from rich.cells import cell_len

    padded = []
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if is_right else cell + space)
    return (" " * GAP).join(padded).rstrip()


def _folded(
    lines: Sequence[Sequence[str]],
    widths: Sequence[int],
    right: Sequence[bool],
    columns: int,
    indent: int,
) -> str:
    """The lines of a table that is wider than the terminal, with wrapped text."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    least = [
        width if is_right else min(width, MIN_TEXT)
        for width, is_right in zip(widths, right, strict=True)
    ]
    width = max(columns - indent, sum(least) + GAP * (len(least) - 1))
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    for is_right, smallest in zip(right, least, strict=True):
        grid.add_column(
            justify="right" if is_right else "left",
            no_wrap=is_right,
            overflow="fold",
            min_width=smallest,
        )
    for line in lines:
        grid.add_row(*map(Text, line))
    file = io.StringIO()
    Console(file=file, width=width, color_system=None, force_terminal=False).print(grid)
    return "\n".join(" " * indent + line.rstrip() for line in file.getvalue().splitlines())
