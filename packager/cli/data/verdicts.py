"""Commands that store and apply verdicts: ``data verdict``, ``data verdicts list|import|apply``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import Application, AsJson, GroupedVerbs
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data.group import CHECK, ROWS, WHERE, Where, data
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.location import Location
    from packager.manifest.read_options import TableReadOptions
    from packager.review.check import CheckTarget
    from packager.review.corrections import Corrections
    from packager.review.verdicts import Verdict

verdicts = Application(
    help="List, import and apply verdicts.",
    cls=GroupedVerbs,
    no_args_is_help=True,
    rich_markup_mode=None,
)
ProjectOption = Annotated[str, typer.Option("--project", metavar=WHERE, help=ROWS)]


@data.command(rich_help_panel=CHECK)
def verdict(
    row_hash: Annotated[
        str, typer.Argument(metavar="ROW_HASH", help="16 hex digits, from `data issues`.")
    ],
    decision: Annotated[
        str, typer.Argument(metavar="VERDICT", help="keep, drop, dedupe, fix or unset.")
    ],
    column: Annotated[str, typer.Option(help="The column to fix.")] = "",
    value: Annotated[str, typer.Option(help="Its correct value; empty for none.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for later readers.")] = "",
    project: ProjectOption = ".",
    as_json: AsJson = False,
) -> None:
    """Decide about the rows of one hash.

    keep: they are right. drop: remove them. dedupe: keep one copy. fix: correct --column.
    unset: remove the verdict.
    """
    from packager.review.check import resolve_target
    from packager.review.verdicts import (
        DECISIONS,
        merged,
        read_verdicts,
        verdict_of,
        write_verdicts,
    )

    file = resolve_target(project).verdicts
    old = read_verdicts(file)
    if decision == "unset":
        new = tuple(given for given in old if given.row_hash != row_hash)
        if len(new) == len(old):
            raise UsageError(f"{row_hash}: expected a verdict to unset, got none in {file}")
    else:
        if decision not in DECISIONS:
            known = ", ".join((*DECISIONS, "unset"))
            raise UsageError(f"verdict: expected {known}, got {decision!r}", "name one of them")
        if decision != "fix" and column:
            raise UsageError(
                f"--column: expected none together with {decision}", "did you mean fix?"
            )
        cells = {"row_hash": row_hash, "verdict": decision, "column": column, "value": value}
        new = merged(old, [verdict_of(cells | {"reason": reason}, "verdict")])
    write_verdicts(new, file)
    _print_count(new, file, as_json)


data.add_typer(verdicts, name="verdicts", rich_help_panel=CHECK)


@verdicts.command("list")
def list_verdicts(where: Where = ".", as_json: AsJson = False) -> None:
    """Print every verdict."""
    from packager.report.data_check import verdicts_text
    from packager.review.check import resolve_target
    from packager.review.verdicts import read_verdicts

    file = resolve_target(where).verdicts
    all_verdicts = read_verdicts(file)
    if as_json:
        print_result(json.dumps({"verdicts": [given.model_dump() for given in all_verdicts]}))
    else:
        print_result(verdicts_text(all_verdicts, terminal_columns()) or "no verdicts")


@verdicts.command("import")
def import_verdicts(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="issues.csv with its verdict column filled in."),
    ],
    project: ProjectOption = ".",
    as_json: AsJson = False,
) -> None:
    """Add the verdicts of a CSV file; they replace earlier ones."""
    from packager.review.check import resolve_target
    from packager.review.verdicts import merged, read_verdicts, write_verdicts

    if not file.is_file():
        raise UsageError(f"{file}: expected a CSV file with verdicts, which does not exist")
    verdicts_file = resolve_target(project).verdicts
    new = merged(read_verdicts(verdicts_file), read_verdicts(file))
    write_verdicts(new, verdicts_file)
    _print_count(new, verdicts_file, as_json)


@verdicts.command("apply")
def apply(
    where: Where = ".",
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE|TABLE", help="Default: NAME.clean next to the rows."),
    ] = None,
    verdicts_file: Annotated[
        Path | None,
        typer.Option("--verdicts", help="Verdicts file (default: verdicts.csv next to the data)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a corrected file or derived table; print its name."""
    from packager.manifest.read_options import DEFAULT_OPTIONS
    from packager.review.check import resolve_target
    from packager.review.verdicts import read_verdicts

    target = resolve_target(where)
    if verdicts_file is not None and not verdicts_file.is_file():
        raise UsageError(f"--verdicts {verdicts_file}: expected a CSV file, which does not exist")
    decided = read_verdicts(verdicts_file or target.verdicts)
    if isinstance(target.data, Path):
        reader = (
            target.project.data.reader
            if target.project and target.project.data
            else DEFAULT_OPTIONS
        )
        _apply_to_file(target.data, decided, output, as_json, reader)
    else:
        _apply_to_table(target, target.data, decided, output, as_json)


def _apply_to_file(
    data: Path,
    decided: tuple[Verdict, ...],
    output: str | None,
    as_json: bool,
    reader: TableReadOptions,
) -> None:
    from packager.review.apply_to_file import apply_verdicts, source_of

    source = source_of(data)
    file = Path(output) if output else data if source != data else _clean(source)
    done = apply_verdicts(source, decided, file, reader)
    _print_changes(done.dropped, done.fixed, done.unused)
    print_result(json.dumps({"output": str(file), **done.model_dump()}) if as_json else str(file))


def _apply_to_table(
    target: CheckTarget,
    table: Location,
    decided: tuple[Verdict, ...],
    output: str | None,
    as_json: bool,
) -> None:
    from packager.location import Location
    from packager.review.apply_table import apply_to_table
    from packager.tables.allowed_locations import AllowedLocations
    from packager.tables.commit import author
    from packager.tables.derive import stale

    base = target.project.directory if target.project else None
    output_location = Location.parse(output, base).unversioned() if output else None
    done: list[Corrections] = []
    derived_table, derived = apply_to_table(
        table, decided, output_location, author(), ConsoleProgress(), done.append
    )
    for changes in done:
        _print_changes(changes.dropped, len(changes.cells), changes.unused)
    for reason in stale(derived_table, derived.version, AllowedLocations.of(derived_table, table)):
        ConsoleProgress().warn(f"{derived_table} is stale: {reason}")
    if not as_json:
        ConsoleProgress().step(derived.summary)
        print_result(str(derived_table))
        return
    facts = {
        "output": str(derived_table),
        "table": derived_table.uri,
        "version": derived_table.version,
        "outcome": derived.outcome,
    }
    counts = [{"dropped": c.dropped, "fixed": len(c.cells), "unused": c.unused} for c in done]
    print_result(json.dumps({**facts, **(counts[0] if counts else {})}))


def _print_changes(dropped: int, fixed: int, unused: tuple[str, ...]) -> None:
    for row_hash in unused:
        ConsoleProgress().warn(f"no row has the hash {row_hash}: its verdict changed nothing")
    rows, cells = "row" if dropped == 1 else "rows", "cell" if fixed == 1 else "cells"
    ConsoleProgress().step(f"{dropped:,} {rows} dropped, {fixed:,} {cells} fixed")


def _clean(source: Path) -> Path:
    from packager.data.csv_text import table_suffix

    if source.is_dir():
        raise UsageError(f"{source}: expected --output for a folder of files", "name a file")
    suffix = table_suffix(source)
    name = source.name[: source.name.lower().rindex(suffix)]
    return source.with_name(f"{name}.clean{suffix}")


def _print_count(all_verdicts: tuple[Verdict, ...], file: Path, as_json: bool) -> None:
    if as_json:
        print_result(json.dumps({"file": str(file), "verdicts": len(all_verdicts)}))
    else:
        print_result(f"{file}: {len(all_verdicts)} verdict{'s' if len(all_verdicts) != 1 else ''}")
