"""Commands that identify and compare data sets: ``data fingerprint``, ``data diff``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.console import print_result, terminal_columns
from packager.cli.data.group import COMPARE, data

WHICH = (
    "A CSV or Parquet file, a folder of them, TABLE@VERSION, a fingerprint as JSON, "
    "a project or a package."
)


@data.command(rich_help_panel=COMPARE)
def fingerprint(
    path: Annotated[str, typer.Argument(metavar="DATA", help=WHICH)], as_json: AsJson = False
) -> None:
    """Print the fingerprint (dfp/1) of a table, read in flat memory."""
    from packager.compare.tables import open_side
    from packager.report.table import pairs

    found = open_side(path).fingerprint
    if as_json:
        print_result(found.dump().decode())
        return
    facts = [
        ("rows", f"{found.row_count:,}"),
        ("content", f"{found.rows[0]}{found.rows[1]}"),
        ("in order", found.ordered),
        ("schema", found.schema_),
        *(("file", f"{entry.sha256}  {entry.path}") for entry in found.files),
        *(("column", f"{total}  {name}") for name, total in found.columns.items()),
    ]
    print_result(pairs(facts, terminal_columns()))


@data.command(rich_help_panel=COMPARE)
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=WHICH)],
    after: Annotated[str, typer.Argument(metavar="B", help=WHICH)],
    key_columns: Annotated[
        str | None, typer.Option(help="Columns that identify a row, with commas between.")
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if they differ, as diff does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two data sets: schema, columns, rows."""
    from packager.compare.tables import compare, compared_json, open_side
    from packager.report.table_diff import compared_text

    names = [name for name in (key_columns or "").split(",") if name]
    found = compare(open_side(before), open_side(after), names)
    print_result(
        json.dumps(compared_json(found)) if as_json else compared_text(found, terminal_columns())
    )
    if exit_code and not found.equal:
        raise typer.Exit(1)
