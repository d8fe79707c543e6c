"""Derive a table with the rows of another, and labels made from its labels."""

from __future__ import annotations

from pathlib import Path

from packager.labelling.label_step import LabelStep
from packager.location import Location
from packager.progress import Progress
from packager.tables.commits import Authorship
from packager.tables.derive import DeriveResult, derive


def derive_labels(
    parent: Location,
    step: LabelStep,
    output: Location | None,
    authorship: Authorship,
    progress: Progress,
) -> tuple[Location, DeriveResult]:
    """Derive the table ``output`` (default: ``TABLE.SCHEME`` beside the parent) by ``step``.

    Nothing is computed if the same step was applied to the same rows and labels before.
    """
    location = output or Location(f"{parent.uri}.{step.made}")
    derived = derive(location, [parent], step, authorship, Path.cwd(), progress)
    return Location(location.uri, derived.version.number), derived
