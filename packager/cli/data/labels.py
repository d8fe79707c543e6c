"""Commands for labels of a table's rows: ``data labels declare|add|schemes|show|agreement``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from packager.cli.app import AsJson, subcommands
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data.group import data
from packager.cli.data.versions import At, Author, Message, Table
from packager.errors import UsageError

LABELS = "Labels"
labels = subcommands("Labels of several annotators and schemes.")
data.add_typer(labels, name="labels", rich_help_panel=LABELS)
Scheme = Annotated[
    str | None, typer.Option(metavar="NAME", help="The labelling scheme; else the only one.")
]


@labels.command()
def declare(
    table: Table,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the scheme.")],
    file: Annotated[
        Path | None, typer.Option(help="A TOML file with [NAME], in place of the options below.")
    ] = None,
    kind: Annotated[str, typer.Option(help="label or number.")] = "label",
    classes: Annotated[
        list[str] | None, typer.Option("--class", metavar="LABEL", help="A class (repeatable).")
    ] = None,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="The classes are in their order.")
    ] = False,
    minimum: Annotated[float | None, typer.Option("--min", help="Smallest number.")] = None,
    maximum: Annotated[float | None, typer.Option("--max", help="Largest number.")] = None,
    resolve: Annotated[
        str | None,
        typer.Option(
            help="How several labels become one: majority or unanimous; median or mean of numbers."
        ),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Numbers further apart are disputed.")
    ] = None,
    key_columns: Annotated[
        str | None,
        typer.Option(help="Columns that identify a row, with commas between; else its hash."),
    ] = None,
    message: Message = "",
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Declare a labelling scheme of a table, or change it."""
    from packager.labelling.scheme_file import make_scheme, read_scheme
    from packager.location import Location
    from packager.report.labels import scheme_line
    from packager.tables import commit as adding
    from packager.tables.commits import Authorship
    from packager.tables.labels.commit import declare_scheme

    options: dict[str, Any] = {
        "classes": tuple(classes or ()) or None,
        "ordered": ordered or None,
        "min": minimum,
        "max": maximum,
        "resolve": resolve,
        "tolerance": tolerance,
    }
    declared = {option: value for option, value in options.items() if value is not None}
    if file is not None and (declared or kind != "label"):
        raise UsageError("--file: expected no options about the scheme with it", "leave them out")
    scheme = (
        make_scheme(name, {"kind": kind, **declared}, f"scheme {name!r}")
        if file is None
        else read_scheme(file, name)
    )
    location = Location.parse(table).unversioned()
    by = adding.author() if author is None else author
    authorship = Authorship(message or f"labelling scheme {name}", by)
    named = None if key_columns is None else [n for n in key_columns.split(",") if n]
    version, new = declare_scheme(location, scheme, named, authorship)
    if as_json:
        facts = {"version": version.number, "unchanged": not new}
        print_result(json.dumps({**facts, "scheme": scheme.model_dump(mode="json", by_alias=True)}))
    elif new:
        print_result(f"version {version.number}: scheme {name}: {scheme_line(scheme)}")
    else:
        print_result(f"unchanged: version {version.number} has this scheme already")


@labels.command()
def add(
    table: Table,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, or a JSON export of Label Studio.")
    ],
    scheme: Scheme = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who gave all labels of the file.")
    ] = None,
    annotator_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of CSV (default: annotator).")
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Of CSV (default: label); of Label Studio, a control's name."
        ),
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Column that identifies a row (repeatable); else the table's key, or row_hash.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace labels of the same annotators.")
    ] = False,
    message: Message = "",
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Add the labels of a file, all or none, as a version."""
    from packager.labelling.csv_labels import LabelColumns
    from packager.labelling.label_files import add_file
    from packager.location import Location
    from packager.report.labels import added_text
    from packager.tables import commit as adding
    from packager.tables.commits import Authorship

    location = Location.parse(table).unversioned()
    key = tuple(on) if on else None
    if key == ("row_hash",):
        key = ()
    columns = LabelColumns(annotator, annotator_column, label_column, key)
    by = Authorship(message, adding.author() if author is None else author)
    added, file_labels = add_file(location, file, scheme, columns, by, replaces=replace)
    if as_json:
        facts = {
            "version": added.version.number,
            "scheme": added.scheme,
            "unchanged": added.unchanged,
            "added": added.added,
            "replaced": added.replaced,
            "repeated": added.repeated,
            "skipped": dict(file_labels.skipped),
            "file": file_labels.source.model_dump(mode="json"),
        }
        print_result(json.dumps(facts))
    else:
        print_result(added_text(added, file_labels.skipped))


@labels.command()
def schemes(table: At, as_json: AsJson = False) -> None:
    """List the schemes of a version, with coverage."""
    from packager.labelling.overview import overviews
    from packager.location import Location
    from packager.report.labels import schemes_text

    version, scheme_overviews = overviews(Location.parse(table))
    if as_json:
        schemes_json = [one.model_dump(mode="json", by_alias=True) for one in scheme_overviews]
        print_result(json.dumps({"version": version, "schemes": schemes_json}))
    else:
        print_result(schemes_text(scheme_overviews, terminal_columns()))


@labels.command()
def show(
    table: At,
    scheme: Scheme = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="One label for each row, in place of all.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Number of labels to print.")] = 20,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of them to a CSV file.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Name of the column of labels in that file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the labels of a scheme."""
    from packager.labelling.overview import labels_of, plain_rows, resolved_labels, write_csv
    from packager.location import Location
    from packager.report.labels import labels_text

    if target is not None and (output is None or not resolved):
        raise UsageError(
            "--target: expected --resolved and --output with it", "it names a column of the file"
        )
    find = resolved_labels if resolved else labels_of
    labelling_scheme, scheme_labels = find(Location.parse(table), scheme)
    if output is not None:
        write_csv(scheme_labels, output, target)
        ConsoleProgress().step(f"wrote {output}")
    shown = plain_rows(scheme_labels, limit)
    if as_json:
        print_result(json.dumps({"scheme": labelling_scheme.name, "labels": shown}))
        return
    print_result(labels_text(shown, terminal_columns()))
    if len(scheme_labels.frame) > limit and output is None:
        ConsoleProgress().step(
            f"{len(scheme_labels.frame) - limit:,} more: --limit, or --output FILE"
        )


@labels.command()
def agreement(table: At, scheme: Scheme = None, as_json: AsJson = False) -> None:
    """Measure how well annotators agree.

    Cohen's and Fleiss' kappa, Krippendorff's alpha, with intervals.
    """
    from packager.labelling.agreement import agreement_report
    from packager.labelling.overview import labels_of
    from packager.location import Location
    from packager.report.labels import agreement_text

    labelling_scheme, scheme_labels = labels_of(Location.parse(table), scheme)
    report = agreement_report(scheme_labels.frame, labelling_scheme)
    if as_json:
        print_result(json.dumps(report.model_dump(mode="json")))
    else:
        print_result(agreement_text(report, terminal_columns()))
