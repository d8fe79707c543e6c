"""What finds dirt and keeps verdicts: ``data check``, ``suspects``, ``verdict``, ``verdicts``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.data import data
from packager.data.csv_text import table_suffix
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.read_options import PLAIN, TableReadOptions
from packager.report.suspects import write_suspects
from packager.review.apply_to_file import apply_verdicts, source_of
from packager.review.check import CheckResult, CheckTarget, check_data, resolve_target
from packager.review.corrections import Corrections
from packager.review.summary import line_of, summary
from packager.review.verdicts import (
    DECISIONS,
    Verdict,
    merged,
    read_verdicts,
    verdict_of,
    write_verdicts,
)
from packager.text import escape_control_characters

verdicts = typer.Typer(
    help="Read, take over and apply verdicts.", no_args_is_help=True, rich_markup_mode=None
)
data.add_typer(verdicts, name="verdicts")

WHERE, ROWS = "PROJECT|FILE|TABLE", "A project, a file of rows, or TABLE[@VERSION]."
Where = Annotated[str, typer.Argument(metavar=WHERE, help=ROWS)]
In = Annotated[str, typer.Option("--in", metavar=WHERE, help=ROWS)]
Target = Annotated[str | None, typer.Option(help="The column to predict, without a project.")]
Against = Annotated[
    str | None,
    typer.Option(metavar="FILE|TABLE", help="What to compare with; else a table's version before."),
]
Base = Annotated[str | None, typer.Option(help="A base in place of [image] base.")]
Fresh = Annotated[bool, typer.Option("--no-cache", help="Check again what is remembered.")]
Out = Annotated[Path | None, typer.Option(help="Write suspects.parquet, .csv and .html there.")]


@data.command()
def check(
    path: Where = ".",
    target: Target = None,
    against: Against = None,
    base: Base = None,
    out: Out = None,
    no_cache: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Look for dirt in the data; exit 1 if something would stop a build, or there are no rows."""
    place = resolve_target(path)
    found = check_data(
        place, ConsoleProgress(), target=target, against=against, base=base, fresh=no_cache
    )
    _write(found, place, out)
    report = found.report
    if as_json:
        told: dict[str, Any] = report.model_dump(mode="json", include={"rows", "counts", "notes"})
        told |= {"digest": report.digest, "blocking": len(found.blocking)}
        told |= {"judged": len(report.findings) - len(found.open)}
        print_result(json.dumps(told))
    else:
        print_result("\n".join(summary(report, found.verdicts)))
    if found.blocking or not report.rows:
        raise typer.Exit(1)


@data.command()
def suspects(
    path: Where = ".",
    top: Annotated[int, typer.Option(min=1, help="How many to print.")] = 20,
    target: Target = None,
    against: Against = None,
    base: Base = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Show what is suspect and has no verdict yet, worst first."""
    place = resolve_target(path)
    found = check_data(place, ConsoleProgress(), target=target, against=against, base=base)
    _write(found, place, out)
    worst = found.open[:top]
    if as_json:
        print_result(
            json.dumps({"suspects": [finding.model_dump(mode="json") for finding in worst]})
        )
        return
    nothing = "nothing found" if found.report.rows else "no rows: nothing could be found"
    print_result(
        "\n".join(escape_control_characters(line_of(finding)) for finding in worst) or nothing
    )
    rest = sum(found.report.counts.values()) - len(worst)
    if rest > 0:
        ConsoleProgress().step(f"{rest:,} more: --top, or --out DIR for files and a page")


@data.command()
def verdict(
    row_hash: Annotated[str, typer.Argument(help="16 hex digits, from the suspects.")],
    decision: Annotated[str, typer.Argument(metavar="keep|drop|once|fix|forget")],
    column: Annotated[str, typer.Option(help="What to fix.")] = "",
    value: Annotated[str, typer.Option(help="Its right value; empty for none.")] = "",
    why: Annotated[str, typer.Option(help="For whoever reads it later.")] = "",
    where: In = ".",
    as_json: AsJson = False,
) -> None:
    """Decide about the rows of one hash: keep, drop, once (keep one copy), fix, or forget."""
    file = resolve_target(where).verdicts
    old = read_verdicts(file)
    if decision == "forget":
        new = tuple(given for given in old if given.row_hash != row_hash)
        if len(new) == len(old):
            raise UsageError(f"{row_hash}: expected a verdict to forget, got none in {file}")
    else:
        if decision not in DECISIONS:
            known = ", ".join((*DECISIONS, "forget"))
            raise UsageError(f"verdict: expected {known}, got {decision!r}", "name one of them")
        if decision != "fix" and column:
            raise UsageError(f"--column: expected none beside {decision}", "did you mean fix?")
        cells = {"row_hash": row_hash, "verdict": decision, "column": column, "value": value}
        new = merged(old, [verdict_of(cells | {"why": why}, "verdict")])
    write_verdicts(new, file)
    _tell(new, file, as_json)


@verdicts.command("list")
def list_verdicts(where: Where = ".", as_json: AsJson = False) -> None:
    """Print every verdict."""
    file = resolve_target(where).verdicts
    found = read_verdicts(file)
    if as_json:
        print_result(json.dumps({"verdicts": [given.model_dump() for given in found]}))
    else:
        print_result("\n".join(_line(given) for given in found) or "no verdicts")


@verdicts.command("import")
def import_verdicts(
    file: Annotated[Path, typer.Argument(help="suspects.csv with its verdict column filled in.")],
    where: In = ".",
    as_json: AsJson = False,
) -> None:
    """Take over the verdicts from a CSV file; they replace earlier ones on the same rows."""
    if not file.is_file():
        raise UsageError(f"{file}: expected a CSV file with verdicts, got nothing there")
    kept = resolve_target(where).verdicts
    new = merged(read_verdicts(kept), read_verdicts(file))
    write_verdicts(new, kept)
    _tell(new, kept, as_json)


@verdicts.command("apply")
def apply(
    where: Where = ".",
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE|TABLE", help="Where to; default: NAME.clean beside the rows."),
    ] = None,
    given: Annotated[
        Path | None, typer.Option("--verdicts", help="Another file than verdicts.csv there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a derived file or table with the rows as the verdicts have them; print its name."""
    place = resolve_target(where)
    if given is not None and not given.is_file():
        raise UsageError(f"--verdicts {given}: expected a CSV file, got nothing there")
    decided = read_verdicts(given or place.verdicts)
    if isinstance(place.data, Path):
        reader = place.project.data.reader if place.project and place.project.data else PLAIN
        _apply_to_file(place.data, decided, output, as_json, reader)
    else:
        _apply_to_table(place, place.data, decided, output, as_json)


def _apply_to_file(
    data: Path,
    decided: tuple[Verdict, ...],
    output: str | None,
    as_json: bool,
    reader: TableReadOptions,
) -> None:
    source = source_of(data)
    file = Path(output) if output else data if source != data else _clean(source)
    done = apply_verdicts(source, decided, file, reader)
    _tell_changes(done.dropped, done.fixed, done.unused)
    print_result(json.dumps({"output": str(file), **done.model_dump()}) if as_json else str(file))


def _apply_to_table(
    place: CheckTarget,
    table: Location,
    decided: tuple[Verdict, ...],
    output: str | None,
    as_json: bool,
) -> None:
    from packager.review.apply_table import apply_to_table
    from packager.tables.commit import author
    from packager.tables.derive import stale

    base = place.project.directory if place.project else None
    wanted = Location.parse(output, base).unversioned() if output else None
    done: list[Corrections] = []
    made, found = apply_to_table(table, decided, wanted, author(), ConsoleProgress(), done.append)
    for changes in done:
        _tell_changes(changes.dropped, len(changes.cells), changes.unused)
    for reason in stale(made, found.version):
        ConsoleProgress().warn(f"{made} is stale: {reason}")
    if not as_json:
        ConsoleProgress().step(found.told)
        print_result(str(made))
        return
    facts = {"output": str(made), "table": made.uri, "version": made.version, "how": found.how}
    counts = [{"dropped": c.dropped, "fixed": len(c.cells), "unused": c.unused} for c in done]
    print_result(json.dumps({**facts, **(counts[0] if counts else {})}))


def _tell_changes(dropped: int, fixed: int, unused: tuple[str, ...]) -> None:
    for row_hash in unused:
        ConsoleProgress().warn(f"no row has the hash {row_hash}: its verdict changed nothing")
    rows, cells = "row" if dropped == 1 else "rows", "cell" if fixed == 1 else "cells"
    ConsoleProgress().step(f"{dropped:,} {rows} dropped, {fixed:,} {cells} fixed")


def _clean(source: Path) -> Path:
    if source.is_dir():
        raise UsageError(f"{source}: expected --output for a folder of files", "name a file")
    suffix = table_suffix(source)
    name = source.name[: source.name.lower().rindex(suffix)]
    return source.with_name(f"{name}.clean{suffix}")


def _write(found: CheckResult, place: CheckTarget, out: Path | None) -> None:
    if out is None:
        return
    for file in write_suspects(found.report, found.open, found.verdicts, out, place.title):
        ConsoleProgress().step(f"wrote {file}")


def _tell(found: tuple[Verdict, ...], file: Path, as_json: bool) -> None:
    if as_json:
        print_result(json.dumps({"file": str(file), "verdicts": len(found)}))
    else:
        print_result(f"{file}: {len(found)} verdict{'s' if len(found) != 1 else ''}")


def _line(given: Verdict) -> str:
    what = f"{given.column} = {given.value or 'empty'}" if given.verdict == "fix" else ""
    return f"{given.row_hash}  {given.verdict:<5}  {what}  {given.why}".rstrip()
