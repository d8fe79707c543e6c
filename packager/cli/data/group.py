"""``package data …``: the sub-application that the commands about data register with.

Commands of one purpose share a file, imported in ``packager.cli.commands``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import DATA, app, subcommands

data = subcommands("Identify, version, compare and check data sets.")
app.add_typer(data, name="data", rich_help_panel=DATA)
VERSIONS = "Versions"
LINEAGE = "Derived tables"
COMPARE = "Compare"
CHECK = "Check"

WHERE, ROWS = "PROJECT|FILE|TABLE", "A project, a file of rows, or TABLE[@VERSION]."
Where = Annotated[str, typer.Argument(metavar=WHERE, help=ROWS)]
