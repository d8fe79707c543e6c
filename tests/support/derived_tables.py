"""A project with steps, and a function that derives tables with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packager.location import Location
from packager.progress import NullProgress
from packager.tables.commits import Authorship
from packager.tables.derive import DeriveResult, derive
from packager.tables.step import CodeStep

STEPS = """
from pathlib import Path
import helpers

def clean(raw, *, least=0):
    with Path("runs").open("a") as runs:
        runs.write("x")
    return raw[raw.x >= helpers.FACTOR * least]

def joined(left, right):
    return left.merge(right[["id"]], on="id")

def wrong(raw):
    return 7
"""


def run(
    project: Path,
    location: Location,
    parents: list[Location],
    text: str = "steps:clean",
    is_command: bool = False,
    **params: Any,
) -> DeriveResult:
    """Derive the table at ``location`` with a step of ``STEPS``, or with a command."""
    step = CodeStep(text, params, is_command)
    return derive(location, parents, step, Authorship("m", "me"), project, NullProgress())
