"""What identifies and compares data sets: ``data fingerprint``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.data import data
from packager.console import show
from packager.data import frames
from packager.data.fingerprint import fingerprint as fingerprint_of
from packager.manifest import FileEntry


@data.command()
def fingerprint(
    path: Annotated[Path, typer.Argument(help="A CSV or Parquet file, or a folder of them.")],
    as_json: AsJson = False,
) -> None:
    """Print the fingerprint (dfp/1) of a table."""
    _, files = frames.source_files(path)
    found = fingerprint_of(frames.read(path), [FileEntry.of(file, file.name) for file in files])
    if as_json:
        show(json.dumps(found.model_dump(mode="json", by_alias=True)))
    else:
        show(f"rows {found.row_count}\ncontent {found.rows[0]}{found.rows[1]}")
