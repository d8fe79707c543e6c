"""Commands for versions of tables: ``data add``, ``log``, ``checkout``, ``revert``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data.group import VERSIONS, data
from packager.errors import PackageError, UsageError

Table = Annotated[str, typer.Argument(metavar="TABLE", help="NAME, a path or a URI.")]
At = Annotated[str, typer.Argument(metavar="TABLE[@VERSION]", help="For example diamonds@3.")]
Message = Annotated[str, typer.Option("--message", "-m", help="Description of this version.")]
Author = Annotated[str | None, typer.Option(help="Who commits; else the system's user.")]
AllowSchemaChange = Annotated[
    bool, typer.Option("--allow-schema-change", help="Accept other columns or types.")
]


@data.command(rich_help_panel=VERSIONS)
def add(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A CSV, Parquet, .npy or .npz file, a folder of them, or a project (its data).",
        ),
    ],
    message: Message,
    table: Annotated[
        str | None, typer.Option(help="NAME, a path or a URI; else the source's own name.")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Keep the rows that are there.")] = False,
    allow_schema_change: AllowSchemaChange = False,
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Commit a version of a table; show how it differs from the last."""
    from packager.location import Location
    from packager.project.data_source import read_by_project
    from packager.report.table_log import added_json, added_text
    from packager.review.holdout_overlap import leakage
    from packager.tables import commit as adding
    from packager.tables.delta import VersionedTable
    from packager.tables.source import open_source

    rows, reader = read_by_project(source)
    location = Location.parse(table or _stem(rows)).unversioned()
    by = adding.author() if author is None else author
    opened = open_source(rows, reader)
    commit = adding.commit_rows(
        opened, location, message, by, change=allow_schema_change, append=append
    )
    frames = VersionedTable.open(location).frames(commit.version.number)
    try:
        commit = replace(commit, leakage=leakage(Path.cwd(), location, frames))
    except PackageError as error:  # the version is committed; package.toml may be invalid
        ConsoleProgress().warn(f"leakage was not checked: {error.message}")
    print_result(json.dumps(added_json(commit)) if as_json else added_text(commit))


def _stem(path: Path) -> str:
    """The name of a file without its suffixes: ``rows`` for rows.csv and rows.csv.gz."""
    name = path.resolve().name
    return name.partition(".csv")[0] if ".csv." in name else path.resolve().stem


@data.command(rich_help_panel=VERSIONS)
def log(table: Table, as_json: AsJson = False) -> None:
    """Show the versions of a table, the newest first."""
    from packager.location import Location
    from packager.report.table_log import log_json, log_text
    from packager.tables.delta import VersionedTable

    versions = VersionedTable.open(Location.parse(table).unversioned()).versions
    if as_json:
        print_result(json.dumps([log_json(version) for version in reversed(versions)]))
    elif versions:
        print_result(log_text(versions, terminal_columns()))


@data.command(rich_help_panel=VERSIONS)
def checkout(
    table: At,
    output: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    labels: Annotated[
        str | None, typer.Option(metavar="SCHEME", help="Add its labels as the column --target.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Name of the column of labels.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows of a version to a Parquet file."""
    from packager.location import Location
    from packager.tables.checkout import export
    from packager.tables.labels.export import export_labelled

    if (labels is None) != (target is None):
        raise UsageError(
            "expected --labels and --target together, got one",
            "write --labels SCHEME --target NAME",
        )
    if labels is None or target is None:
        version = export(Location.parse(table), output)
    else:
        version, _ = export_labelled(Location.parse(table), output, labels, target)
    if as_json:
        print_result(json.dumps({"version": version.number, "file": str(output)}))
    else:
        print_result(str(output))


@data.command(rich_help_panel=VERSIONS)
def revert(
    table: Table,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version to restore.")],
    message: Message = "",
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Commit the content of an older version; nothing is removed."""
    from packager.location import Location
    from packager.tables import commit as adding
    from packager.tables.checkout import revert as run_revert

    location = replace(Location.parse(table).unversioned(), version=version)
    new_version = run_revert(location, message, adding.author() if author is None else author)
    if as_json:
        print_result(json.dumps({"version": new_version.number, "reverted_to": version}))
    else:
        print_result(f"version {new_version.number}: the content of version {version}")
