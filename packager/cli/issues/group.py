"""``package issues …``: the sub-application that the commands of the issue tracker register with.

Commands of one purpose share a file, imported in ``packager.cli.commands``.
"""

from __future__ import annotations

from packager.cli.app import MONITOR, app, subcommands

issues = subcommands("One list of what is wrong with all models.")
app.add_typer(issues, name="issues", rich_help_panel=MONITOR)
SERVE = "Service"
SHOW = "Show"
CHANGE = "Change"
