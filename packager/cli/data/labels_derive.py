"""Commands that derive a table with other labels: ``data labels map|estimate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.data.labels import labels
from packager.cli.data.versions import At, Author, Message

if TYPE_CHECKING:
    from packager.labelling.label_step import LabelStep
    from packager.location import Location

Output = Annotated[
    str | None, typer.Option(metavar="TABLE", help="Default: TABLE.SCHEME beside the table.")
]


@labels.command("map")
def map_(
    table: At,
    source: Annotated[str, typer.Option("--from", metavar="SCHEME", help="The scheme to map.")],
    target: Annotated[str, typer.Option("--to", metavar="SCHEME", help="The new scheme.")],
    mapping: Annotated[
        Path, typer.Option(metavar="FILE", help="A CSV file with the columns from and to.")
    ],
    output: Output = None,
    message: Message = "",
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Derive a table whose labels are those of another scheme.

    It has the same rows. Labels that the mapping lacks are refused.
    """
    from packager.labelling.mapping import map_step
    from packager.location import Location

    parent = Location.parse(table)
    step = map_step(parent, source, target, mapping)
    _derive(parent, step, output, message, author, as_json=as_json)


@labels.command()
def estimate(
    table: At,
    source: Annotated[
        str, typer.Option("--from", metavar="SCHEME", help="The scheme of several annotators.")
    ],
    target: Annotated[str, typer.Option("--to", metavar="SCHEME", help="The new scheme.")],
    output: Output = None,
    message: Message = "",
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Derive a table with the most probable label of each row.

    It has the label's probability, too. By Dawid and Skene (1979): annotators who are often wrong
    count less.
    """
    from packager.labelling.estimate import estimate_step
    from packager.location import Location

    parent = Location.parse(table)
    step = estimate_step(parent, source, target)
    _derive(parent, step, output, message, author, as_json=as_json)


def _derive(
    parent: Location,
    step: LabelStep,
    output: str | None,
    message: str,
    author: str | None,
    *,
    as_json: bool,
) -> None:
    from packager.labelling.derived_labels import derive_labels
    from packager.location import Location
    from packager.tables import commit as adding
    from packager.tables.commits import Authorship

    by = Authorship(message, adding.author() if author is None else author, change=True)
    location = Location.parse(output).unversioned() if output else None
    derived_table, derived = derive_labels(parent, step, location, by, ConsoleProgress())
    if as_json:
        facts = {
            "table": derived_table.uri,
            "version": derived_table.version,
            "outcome": derived.outcome,
        }
        print_result(json.dumps({"output": str(derived_table), **facts}))
    else:
        ConsoleProgress().step(derived.summary)
        print_result(str(derived_table))
