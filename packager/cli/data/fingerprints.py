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

    data_fingerprint = open_side(path).fingerprint
    if as_json:
        print_result(data_fingerprint.dump().decode())
        return
    facts = [
        ("rows", f"{data_fingerprint.row_count:,}"),
        ("content", f"{data_fingerprint.rows[0]}{data_fingerprint.rows[1]}"),
        ("in order", data_fingerprint.ordered),
        ("schema", data_fingerprint.schema_),
        *(("file", f"{entry.sha256}  {entry.path}") for entry in data_fingerprint.files),
        *(("column", f"{total}  {name}") for name, total in data_fingerprint.columns.items()),
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
    difference = compare(open_side(before), open_side(after), names)
    print_result(
        json.dumps(compared_json(difference))
        if as_json
        else compared_text(difference, terminal_columns())
    )
    if exit_code and not difference.equal:
        raise typer.Exit(1)
