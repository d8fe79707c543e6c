"""What tells about packages: ``inspect``, ``diff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager import diff_text, head_to_head_text
from packager import inspect as inspection
from packager.cli.app import AsJson, Local, Ref, app
from packager.console import ConsoleProgress, show
from packager.diff import diff_packages
from packager.errors import UsageError
from packager.head_to_head import contest
from packager.image.engine import Engine
from packager.image.reference import open_reference
from packager.runners.where import runs_on


@app.command()
def inspect(reference: Ref, as_json: AsJson = False) -> None:
    """Show what is in a package: recipe, data, metrics by slice, layers."""
    with open_reference(reference, Engine.connect()) as found:
        show(json.dumps(inspection.as_json(found)) if as_json else inspection.as_text(found))


@app.command()
def diff(
    before: Ref,
    after: Ref,
    data: Annotated[
        Path | None, typer.Option(help="Labelled rows: which package answers them better?")
    ] = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two packages; with --data, whether one is better or lucky."""
    if local and data is None:
        raise UsageError("--local: expected --data beside it", "without it nothing is run")
    engine, progress = Engine.connect(), ConsoleProgress()
    with open_reference(before, engine) as one, open_reference(after, engine) as other:
        if data is not None:
            place = runs_on((one, other), engine, progress, local=local)
            found = contest(one, other, data, place, progress)
            told = head_to_head_text
            show(json.dumps(told.as_json(found)) if as_json else told.as_text(found))
            return
        change = diff_packages(one, other)
    show(json.dumps(diff_text.as_json(change)) if as_json else diff_text.as_text(change))
