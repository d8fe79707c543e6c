"""The rows that a caller of ``pack`` gives: a frame, a file, or a version of a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from packager.api.captured_project import ROWS
from packager.api.rows import named_by_texts
from packager.cache import temporary_directory
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.base import Task
from packager.project.given_data import GivenData
from packager.project.table_preview import preview
from packager.project.training_project import task_of_target
from packager.text import listed

SHOWN = 8
KINDS: dict[str, Task] = {"classifier": "classification", "regressor": "regression"}
"""Kind of estimator in scikit-learn → task."""


@dataclass(frozen=True)
class GivenRows:
    """Rows with their target."""

    data: GivenData
    frame: pd.DataFrame
    """All rows of a frame; the first 10,000 of a file or table."""
    target: str

    def task(self, model: Any) -> Task:
        """The task that the model declares, else the one that fits the target."""
        kind = getattr(model, "_estimator_type", None)  # of scikit-learn before 1.6, and others
        base = sys.modules.get("sklearn.base")
        if kind is None and base is not None and isinstance(model, base.BaseEstimator):
            kind = next((k for k in KINDS if getattr(base, f"is_{k}")(model)), None)
        if kind in KINDS:
            return KINDS[kind]
        labels = getattr(model, "classes_", None) is not None or hasattr(model, "predict_proba")
        return "classification" if labels else task_of_target(self.data.preview, self.target)

    @property
    def features(self) -> pd.DataFrame:
        """The rows without the target."""
        return self.frame.drop(columns=self.target)


def check_frame(rows: pd.DataFrame, target: str) -> None:
    """Raise ``UsageError`` for columns that no file of data can have, or without the target."""
    odd = [name for name in rows.columns if not isinstance(name, str)]
    if odd:
        raise UsageError(
            f"rows: expected texts as names of columns, got {odd[0]!r} ({type(odd[0]).__name__})",
            "frame.columns = frame.columns.map(str)",
        )
    if not rows.columns.is_unique:
        twice = rows.columns[rows.columns.duplicated()][0]
        raise UsageError(f"rows: expected each column once, got {twice!r} twice", "rename one")
    if target not in rows.columns:
        names = ", ".join(map(str, rows.columns[:SHOWN]))
        raise UsageError(
            f"target: expected one of the columns {names}, got {target!r}",
            "give the rows with their target: X.assign(target=y)",
        )
    if not len(rows):
        raise UsageError("rows: expected rows, got a frame without any", "give the training rows")


@contextmanager
def given_rows(
    rows: Any, target: str, model: Any, folder: Path, table: str | None
) -> Iterator[GivenRows]:
    """The rows for the project ``folder``; a frame's file exists within the block.

    ``table``: the table that gets a frame as its next version. Of a model that knows its columns,
    others are left out. Raises ``UsageError`` for what are no rows of it.
    """
    if isinstance(rows, str | Path):
        if table is not None:
            raise UsageError(
                f"table: expected a frame to store as a version, got the data {rows}",
                "leave table= out: the project names the data where it is",
            )
        data = _referenced(rows, folder)
        previewed = data.preview.rows
        check_frame(previewed, target)
        columns = _columns(model, previewed, target)
        yield GivenRows(data.only(columns), previewed[columns], target)
        return
    if not isinstance(rows, pd.DataFrame):
        raise UsageError(
            f"rows: expected a DataFrame, a file or a table, got {type(rows).__name__}",
            "give the training rows with their target: "
            "pandas.DataFrame(X, columns=[…]).assign(target=y)",
        )
    rows = rows if model is None else named_by_texts(rows)
    check_frame(rows, target)
    frame = rows[_columns(model, rows, target)]
    with temporary_directory() as directory:
        file = directory / Path(ROWS).name
        _write(frame, file)
        data = GivenData.copied_from(file) if table is None else _stored(file, table, folder)
        yield GivenRows(data, frame, target)


def _columns(model: Any, rows: pd.DataFrame, target: str) -> list[str]:
    """The columns that a model was fitted on, in the order of ``rows``, and the target."""
    names = getattr(model, "feature_names_in_", None)
    names_in = [str(name) for name in names] if names is not None else []
    absent = [name for name in names_in if name not in rows.columns]
    if absent:
        raise UsageError(
            f"rows: expected the columns that the model was fitted on, got none named "
            f"{listed([*map(repr, absent)], 1)}",
            "give the rows as the model gets them, or pack a pipeline that begins with your steps",
        )
    count = getattr(model, "n_features_in_", None)
    if not names_in and isinstance(count, int) and count != len(rows.columns) - 1:
        raise UsageError(
            f"rows: expected {count} columns besides the target, which the model was fitted on, "
            f"got {len(rows.columns) - 1}",
            "give the rows as the model gets them, or pack a pipeline that begins with your steps",
        )
    columns = {*names_in, target} if names_in else {*rows.columns}
    return [name for name in rows.columns if name in columns]


def _write(rows: pd.DataFrame, file: Path) -> None:
    """As Parquet; raises ``UsageError`` that names a column that it can't hold."""
    try:
        rows.to_parquet(file, index=False)
        return
    except Exception as error:  # Arrow's, and those of objects' own methods
        why = error
    for name in rows.columns:
        try:
            rows[[name]].to_parquet(file, index=False)
        except Exception as error:
            kinds = sorted({type(one).__name__ for one in rows[name].head(1000)})
            raise UsageError(
                f"rows: {name}: expected numbers, texts, times or arrays, got {', '.join(kinds)}",
                f"convert or leave out the column: {str(error).splitlines()[0]}",
            ) from error
    raise UsageError(f"rows: can't be written as Parquet: {why}") from why


def _stored(file: Path, table: str, folder: Path) -> GivenData:
    """The rows as the next version of a table; equal rows make none."""
    from packager.tables.commit import author, commit_rows
    from packager.tables.source import open_source

    location = Location.parse(table).unversioned()
    commit = commit_rows(open_source(file), location, f"packed as {folder.name}", author())
    where = location.uri if location.path is None else str(location.path)
    return _referenced(f"{where}@{commit.version.number}", folder)


def _referenced(reference: str | Path, folder: Path) -> GivenData:
    """A file, or a version of a table (the latest, if none is named), where it is."""
    location = Location.table_at(str(reference))
    if location is None:
        return GivenData.referenced(Path(reference), folder)
    from packager.tables.checkout import export

    with temporary_directory() as directory:
        file = directory / f"{location.name}.parquet"
        number = export(location, file).number
        table = preview(file)
    local = None if location.path is None else os.path.relpath(location.path, folder.resolve())
    where = location.uri if local is None else local
    return GivenData(f"{location.name}@{number}", f"{where}@{number}", table)
