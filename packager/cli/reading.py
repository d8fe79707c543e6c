"""What tells about packages: ``inspect``, ``diff``."""

from __future__ import annotations

import json

from packager import diff_text
from packager import inspect as inspection
from packager.cli.app import AsJson, Ref, app
from packager.console import show
from packager.diff import diff_packages
from packager.image.engine import Engine
from packager.image.reference import open_reference


@app.command()
def inspect(reference: Ref, as_json: AsJson = False) -> None:
    """Show what is in a package: recipe, data, metrics by slice, layers."""
    with open_reference(reference, Engine.connect()) as found:
        show(json.dumps(inspection.as_json(found)) if as_json else inspection.as_text(found))


@app.command()
def diff(before: Ref, after: Ref, as_json: AsJson = False) -> None:
    """Show what differs between two packages, and the bytes to ship from one to the other."""
    engine = Engine.connect()
    with open_reference(before, engine) as one, open_reference(after, engine) as other:
        found = diff_packages(one, other)
    show(json.dumps(diff_text.as_json(found)) if as_json else diff_text.as_text(found))
