"""The rows that a case looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices.slices import ALL, SliceSet
from packager.data.row_files import read_rows
from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.case_terms import MAX_ROWS, RowsTerm
from packager.manifest.manifest import Column, Manifest, Schema
from packager.manifest.read_options import TableReadOptions
from packager.worker.compile.held_out import json_rows

Row = Mapping[str, Any]
Mask = npt.NDArray[np.bool_]
SEED = 0
"""Of samples, so that a case looks at the same rows each time."""


@dataclass(frozen=True)
class DataRows:
    """The rows of the data: those held out at a build, or the new ones."""

    served: pd.DataFrame
    """Features and extras in the types of training, shape (n, columns)."""
    indices: npt.NDArray[np.int64]
    """The position of each row in the data, shape (n,)."""
    masks: Mapping[str, Mask]
    """Declared slice → mask, shape (n,)."""


@dataclass(frozen=True)
class CaseRows:
    """The rows of one case, in the form of requests."""

    rows: Sequence[Row]
    names: Sequence[int]
    """The name of each row: its position in the data, in the file or in the case."""
    masks: Mapping[str, Mask]
    """Declared slice → mask of these rows; empty for rows that are not of the data."""

    def __len__(self) -> int:
        return len(self.rows)


def rows_of(case: Case, tested: DataRows | None, manifest: Manifest, code: Path) -> CaseRows:
    """Choose, or read, the rows of ``case``; ``code``: the folder of the project's code.

    Raise ``UsageError`` if there are none, or they can't be read. Rows of the case itself, and of
    its file, may hold more than the features.
    """
    term = case.rows_term
    if term is None or term.kind == "file":
        rows = given_rows(case, manifest.schema_, manifest.reader, code)
        return CaseRows(rows, range(len(rows)), {})
    if tested is None:
        raise UsageError(
            f"case {case.name!r}: expected rows of the data, and this package was built without",
            "write its rows into package.toml, or into a file",
        )
    if not len(tested.served):
        return CaseRows((), (), {})
    chosen = _chosen(case, term, tested)
    frame = tested.served.iloc[chosen].reset_index(drop=True)
    return CaseRows(
        json_rows(frame, manifest.schema_),
        tested.indices[chosen].tolist(),
        {name: mask[chosen] for name, mask in tested.masks.items() if name != ALL},
    )


def given_rows(
    case: Case,
    schema: Schema,
    reader: TableReadOptions,
    code: Path,
    beside: Sequence[Column] = (),
) -> list[Row]:
    """The rows in the case or in its file; ``beside``: further columns that are read."""
    if isinstance(case.rows, tuple):
        return list(case.rows)
    path = code / str(case.file)
    if not path.is_file():
        raise UsageError(
            f"case {case.name!r}: expected the file {case.file} in the project's code, got none",
            "name a file that is packaged; the folder of the data is not",
        )
    wider = schema.model_copy(update={"extras": (*schema.extras, *beside)})
    rows = read_rows(path, wider, reader)
    if not 0 < len(rows) <= MAX_ROWS:
        raise UsageError(
            f"case {case.name!r}: expected 1 to {MAX_ROWS:,} rows in {case.file}, got "
            f"{len(rows):,}",
            "write the rows that show the behaviour",
        )
    return list(rows)


def _chosen(case: Case, term: RowsTerm, tested: DataRows) -> list[int]:
    """The positions of the rows, ascending."""
    indices = np.arange(len(tested.served))
    count = term.number
    if term.kind == "where":
        try:
            masks = SliceSet({}, {"case": term.text}).masks(tested.served)
        except ValueError as error:
            raise UsageError(
                f"case {case.name!r}: {error}", "a rule reads features and columns of slices"
            ) from error
        indices, count = np.flatnonzero(masks["case"]), MAX_ROWS
    if len(indices) > count:
        indices = np.random.default_rng(SEED).choice(indices, count, replace=False)
    return [int(index) for index in np.sort(indices)]
