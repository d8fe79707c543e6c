"""What finds dirt and keeps verdicts: ``data check``, ``suspects``, ``verdict``, ``verdicts``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from packager.checking import Checked, Place, check_data, place_of
from packager.cli.app import AsJson
from packager.cli.data import data
from packager.console import ConsoleProgress, one_line, show
from packager.errors import UsageError
from packager.review.apply import apply_verdicts, source_of
from packager.review.files import write_suspects
from packager.review.summary import line_of, summary
from packager.review.verdicts import (
    DECISIONS,
    Verdict,
    merged,
    read_verdicts,
    verdict_of,
    write_verdicts,
)

verdicts = typer.Typer(
    help="Read, take over and apply verdicts.", no_args_is_help=True, rich_markup_mode=None
)
data.add_typer(verdicts, name="verdicts")

Where = Annotated[Path, typer.Argument(metavar="PROJECT|FILE", help="A project, or rows.")]
In = Annotated[Path, typer.Option("--in", metavar="PROJECT|FILE", help="A project, or rows.")]
Target = Annotated[str | None, typer.Option(help="The column to predict, for a bare file.")]
Against = Annotated[Path | None, typer.Option(help="The version before: its schema is expected.")]
Base = Annotated[str | None, typer.Option(help="A base in place of [image] base.")]
Fresh = Annotated[bool, typer.Option("--no-cache", help="Check again what is remembered.")]
Out = Annotated[Path | None, typer.Option(help="Write suspects.parquet, .csv and .html there.")]


@data.command()
def check(
    path: Where = Path("."),
    target: Target = None,
    against: Against = None,
    base: Base = None,
    out: Out = None,
    no_cache: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Look for dirt in the data; exit 1 if something would stop a build."""
    place = place_of(path)
    found = check_data(
        place, ConsoleProgress(), target=target, against=against, base=base, fresh=no_cache
    )
    _write(found, place, out)
    report = found.report
    if as_json:
        told: dict[str, Any] = report.model_dump(mode="json", include={"rows", "counts", "notes"})
        told |= {"digest": report.digest, "blocking": len(found.blocking)}
        told |= {"judged": len(report.findings) - len(found.open)}
        show(json.dumps(told))
    else:
        show("\n".join(summary(report, found.verdicts)))
    if found.blocking:
        raise typer.Exit(1)


@data.command()
def suspects(
    path: Where = Path("."),
    top: Annotated[int, typer.Option(min=1, help="How many to print.")] = 20,
    target: Target = None,
    against: Against = None,
    base: Base = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Show what is suspect and has no verdict yet, worst first."""
    place = place_of(path)
    found = check_data(place, ConsoleProgress(), target=target, against=against, base=base)
    _write(found, place, out)
    worst = found.open[:top]
    if as_json:
        show(json.dumps({"suspects": [finding.model_dump(mode="json") for finding in worst]}))
        return
    show("\n".join(one_line(line_of(finding)) for finding in worst) or "nothing found")
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
    where: In = Path("."),
    as_json: AsJson = False,
) -> None:
    """Decide about the rows of one hash: keep, drop, once (keep one copy), fix, or forget."""
    file = place_of(where).verdicts
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
def list_verdicts(where: Where = Path("."), as_json: AsJson = False) -> None:
    """Print every verdict."""
    file = place_of(where).verdicts
    found = read_verdicts(file)
    if as_json:
        show(json.dumps({"verdicts": [given.model_dump() for given in found]}))
    else:
        show("\n".join(_line(given) for given in found) or "no verdicts")


@verdicts.command("import")
def import_verdicts(
    file: Annotated[Path, typer.Argument(help="suspects.csv with its verdict column filled in.")],
    where: In = Path("."),
    as_json: AsJson = False,
) -> None:
    """Take over the verdicts from a CSV file; they replace earlier ones on the same rows."""
    if not file.is_file():
        raise UsageError(f"{file}: expected a CSV file with verdicts, got nothing there")
    kept = place_of(where).verdicts
    new = merged(read_verdicts(kept), read_verdicts(file))
    write_verdicts(new, kept)
    _tell(new, kept, as_json)


@verdicts.command("apply")
def apply(
    where: Where = Path("."),
    output: Annotated[
        Path | None, typer.Option(help="The derived table; default: NAME.clean beside the rows.")
    ] = None,
    given: Annotated[
        Path | None, typer.Option("--verdicts", help="Another file than verdicts.csv there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows as the verdicts have them to a new file; print its path."""
    place = place_of(where)
    source = source_of(place.source)
    if output is None:
        output = place.source if source != place.source else _clean(source)
    if given is not None and not given.is_file():
        raise UsageError(f"--verdicts {given}: expected a CSV file, got nothing there")
    done = apply_verdicts(source, read_verdicts(given or place.verdicts), output)
    for row_hash in done.unused:
        ConsoleProgress().warn(f"no row has the hash {row_hash}: its verdict changed nothing")
    ConsoleProgress().step(
        f"{done.rows:,} rows: {done.dropped:,} dropped, {done.fixed:,} cells fixed"
    )
    show(json.dumps({"output": str(output), **done.model_dump()}) if as_json else str(output))


def _clean(source: Path) -> Path:
    if source.is_dir():
        raise UsageError(f"{source}: expected --output for a folder of files", "name a file")
    return source.with_name(f"{source.stem}.clean{source.suffix}")


def _write(found: Checked, place: Place, out: Path | None) -> None:
    if out is None:
        return
    title = place.project.package.name if place.project else place.source.name
    for file in write_suspects(found.report, found.open, found.verdicts, out, title):
        ConsoleProgress().step(f"wrote {file}")


def _tell(found: tuple[Verdict, ...], file: Path, as_json: bool) -> None:
    if as_json:
        show(json.dumps({"file": str(file), "verdicts": len(found)}))
    else:
        show(f"{file}: {len(found)} verdict{'s' if len(found) != 1 else ''}")


def _line(given: Verdict) -> str:
    what = f"{given.column} = {given.value or 'empty'}" if given.verdict == "fix" else ""
    return f"{given.row_hash}  {given.verdict:<5}  {what}  {given.why}".rstrip()
