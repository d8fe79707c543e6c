"""Commands for derived tables and old versions: ``data derive``, ``data lineage``, ``data gc``."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from packager.cache import atomic_file
from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.data.group import LINEAGE, data
from packager.cli.data.versions import AllowSchemaChange, Author, Message, Table
from packager.errors import UsageError
from packager.text import format_bytes

Parents = Annotated[
    list[str],
    typer.Option("--parent", metavar="TABLE[@VERSION]", help="Parent table (repeatable)."),
]


@data.command(rich_help_panel=LINEAGE)
def derive(
    table: Table,
    parents: Parents,
    step: Annotated[str | None, typer.Option(help="module:function of this folder.")] = None,
    command: Annotated[
        str | None,
        typer.Option(help="A program to run instead of --step; {NAME} and {out} are files."),
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, VALUE as JSON.")] = None,
    message: Message = "",
    allow_schema_change: AllowSchemaChange = False,
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Compute a table from versions of others, if they changed."""
    from packager.location import Location
    from packager.tables import commit as adding
    from packager.tables.commits import Authorship
    from packager.tables.derive import derive as run_derive
    from packager.tables.step import CodeStep

    if (step is None) == (command is None):
        raise UsageError("expected one of --step and --command", "write --step module:function")
    derived = run_derive(
        Location.parse(table).unversioned(),
        [Location.parse(parent) for parent in parents],
        CodeStep(step or command or "", _params(param or []), is_command=command is not None),
        Authorship(message, adding.author() if author is None else author, allow_schema_change),
        Path.cwd(),
        ConsoleProgress(),
    )
    if as_json:
        print_result(json.dumps({"version": derived.version.number, "outcome": derived.outcome}))
    else:
        print_result(f"version {derived.version.number}: {derived.summary}")


@data.command(rich_help_panel=LINEAGE)
def lineage(
    table: Table,
    svg: Annotated[Path | None, typer.Option(help="Write an SVG.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML page.")] = None,
    follow: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACE", help="Open tables at or under PLACE too (repeatable)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show parents and children of a table, and which are stale."""
    from packager.location import Location
    from packager.report.lineage_page import lineage_page
    from packager.report.lineage_svg import lineage_svg
    from packager.tables.delta import VersionedTable
    from packager.tables.lineage import lineage as run_lineage
    from packager.tables.lineage import lineage_text

    location = Location.parse(table).unversioned()
    VersionedTable.open(location)
    nodes = run_lineage(location, [Location.parse(where).unversioned() for where in follow or []])
    for node in nodes.values():
        if not node.opened:
            uri = node.location.uri
            ConsoleProgress().warn(
                f"{uri}: named by a log, is not beside {location}, and was not opened;"
                f" to open it: --follow {shlex.quote(uri)}"
            )
    if svg is not None:
        with atomic_file(svg) as file:
            file.write_text(lineage_svg(nodes), encoding="utf-8")
    if html is not None:
        with atomic_file(html) as file:
            file.write_text(lineage_page(nodes, location.name), encoding="utf-8")
    if as_json:
        facts = [
            {
                "table": node.location.uri,
                "version": node.version.number if node.version else None,
                "parents": node.parents,
                "stale": node.stale,
                "opened": node.opened,
            }
            for node in nodes.values()
        ]
        print_result(json.dumps(facts))
    else:
        print_result(lineage_text(nodes))


@data.command(rich_help_panel=LINEAGE)
def gc(
    table: Table,
    keep_last: Annotated[int, typer.Option(help="Number of newest versions to keep.")] = 1,
    keep_version: Annotated[
        list[int] | None, typer.Option(metavar="VERSION", help="Keep this one too (repeatable).")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete; else they are only listed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete old versions that no package or derived table needs."""
    from packager.location import Location
    from packager.tables.vacuum import vacuum

    location = Location.parse(table).unversioned()
    vacuumed = vacuum(location, keep_last, keep_version or [], delete=delete)
    if as_json:
        facts: dict[str, Any] = {"files": vacuumed.files, "bytes": vacuumed.size, "deleted": delete}
        print_result(json.dumps({**facts, "kept": vacuumed.kept}))
        return
    for number, why in vacuumed.kept.items():
        print_result(f"version {number} is kept: {'; '.join(why)}")
    what = "removed" if delete else "would be removed"
    print_result(f"{len(vacuumed.files)} files, {format_bytes(vacuumed.size)}: {what}")
    if vacuumed.files and not delete:
        ConsoleProgress().step("nothing was removed: add --delete to do it")


def _params(texts: list[str]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param {text}: expected NAME=VALUE", "for example --param least=3")
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[name] = value  # a value that is no JSON is text
    return params
