"""Add the labels of a file to a table: CSV, or a JSON export of Label Studio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from packager.confinement import refuse_special
from packager.errors import UsageError
from packager.labelling.csv_labels import LabelColumns, csv_labels
from packager.labelling.label_studio import label_studio_labels
from packager.location import Location
from packager.tables.commits import Authorship
from packager.tables.delta import VersionedTable
from packager.tables.labels.commit import AddedLabels, add_labels, scheme_named
from packager.tables.labels.imported import ImportedLabels
from packager.tables.labels.store import read_labels

READERS = {".csv": csv_labels, ".json": label_studio_labels}


def add_file(
    location: Location,
    file: Path,
    scheme: str | None,
    columns: LabelColumns,
    authorship: Authorship,
    *,
    replaces: bool = False,
) -> tuple[AddedLabels, ImportedLabels]:
    """Commit the labels of a file as a version; return what became of them, and what was read.

    ``scheme``: None for the table's only one. Raises ``UsageError`` as ``add_labels``, and for a
    file that can't be read.
    """
    if not file.is_file():
        raise UsageError(f"{file}: expected a file of labels, which does not exist")
    refuse_special(file, file.name)
    read = READERS.get(file.suffix.lower())
    if read is None:
        raise UsageError(
            f"{file}: expected a file that ends in {' or '.join(READERS)}, got "
            f"{file.suffix or 'no ending'}",
            "write labels as CSV, or export a Label Studio project as JSON",
        )
    store = VersionedTable.open(location)
    held = read_labels(location, store.version(None))
    labelling_scheme = scheme_named(held, scheme, location)
    file_labels = read(file, columns, held.key if held else ())
    if not file_labels.labels:
        skipped = ", ".join(f"{count} {reason}" for reason, count in file_labels.skipped.items())
        raise UsageError(
            f"{file}: expected labels, got none{f': {skipped}' if skipped else ''}",
            "fill in the column of labels, or name it: --label-column",
        )
    people = sorted({label.annotator for label in file_labels.labels})
    shown = ", ".join(people[:5]) + (", …" if len(people) > 5 else "")
    message = authorship.message or f"{labelling_scheme.name}: labels by {shown}, from {file.name}"
    by = replace(authorship, message=message)
    return add_labels(
        location, labelling_scheme.name, file_labels, by, replaces=replaces
    ), file_labels
