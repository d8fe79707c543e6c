"""The rows that a label queue chooses from: a file, a folder, a version of a table, or a log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.fingerprint import row_hashes
from packager.data.frames import read
from packager.data.json_rows import read_json_rows
from packager.data.model_input import to_model_input
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of
from packager.progress import Progress
from packager.tables.labels.records import ROW_HASH

TOKEN = "token"
LOG_ROW = "row"
"""Of a line of a log of flagged rows: the values of the request."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class QueueRows:
    """The rows that can be chosen, in their order."""

    name: str
    file: Path
    """Has these rows, for ``package predict``; rows that were left out too."""
    frame: pd.DataFrame
    """Their columns, shape (n, …); of a log also ``token``, if every line has one."""
    hashes: npt.NDArray[np.uint64]
    """The dfp/1 hash of each row, of JSON that of its canonical JSON, shape (n,)."""
    included: Mask
    """The mask of these rows in ``file``."""
    labelled: int = 0
    """Rows that were left out because they have a label."""

    def __len__(self) -> int:
        return len(self.frame)

    def without(self, labelled: Mask) -> QueueRows:
        """The rows that are not in ``labelled``, shape (n,)."""
        included = self.included.copy()
        included[np.flatnonzero(included)[labelled]] = False
        return replace(
            self,
            frame=self.frame[~labelled].reset_index(drop=True),
            hashes=self.hashes[~labelled],
            included=included,
            labelled=self.labelled + int(labelled.sum()),
        )


def read_queue_rows(text: str, manifest: Manifest, folder: Path, progress: Progress) -> QueueRows:
    """The rows of ``text`` that have no label; what is exported or converted goes to ``folder``.

    Raises ``UsageError`` if there are none, or they can't be read.
    """
    table = Location.table_at(text)
    rows = _read(text, table, manifest, folder, progress)
    if table is not None and len(rows):
        rows = rows.without(_labelled_in(table))
    targets = _targets(manifest)
    if targets and all(name in rows.frame.columns for name in targets):
        rows = rows.without(rows.frame[list(targets)].notna().all(axis=1).to_numpy(bool))
    if not len(rows):
        has = f"all {rows.labelled} have one" if rows.labelled else "it has no rows"
        raise UsageError(
            f"--data {text}: expected rows without a label, but {has}",
            f"name rows whose {' and '.join(targets) or 'label'} is null or absent",
        )
    return rows


def leave_out_labelled(rows: QueueRows, labelled: str, keys: Sequence[str]) -> QueueRows:
    """``rows`` without those whose key (``keys``, else ``row_hash``) is in ``labelled``."""
    table = Location.table_at(labelled)
    if table is None and not Path(labelled).exists():
        raise UsageError(f"--labelled {labelled}: expected a file or a table, which does not exist")
    labelled_rows = _of_table(table) if table is not None else read(Path(labelled))
    names = list(keys) or [ROW_HASH]
    absent = next((name for name in names if name not in labelled_rows.columns), None)
    if absent is not None:
        raise UsageError(
            f"--labelled {labelled}: expected the column {absent!r}, got "
            f"{', '.join(map(str, list(labelled_rows.columns)[:20]))}",
            "name the columns that identify a row in both: --key-columns COLUMN",
        )
    known = {*_key_texts(labelled_rows, names)}
    own = _key_texts(rows.frame, names) if keys else [f"{one:016x}" for one in rows.hashes.tolist()]
    return rows.without(np.array([key in known for key in own], bool))


def check_keys(frame: pd.DataFrame, keys: Sequence[str], source: str) -> None:
    """Raise ``UsageError`` unless the columns exist and identify each row."""
    absent = next((name for name in keys if name not in frame.columns), None)
    if absent is not None:
        raise UsageError(
            f"--key-columns {absent}: expected a column of {source}, which lacks it",
            f"its columns are {', '.join(map(str, list(frame.columns)[:20]))}",
        )
    if not keys:
        return
    texts = pd.Series(_key_texts(frame, keys))
    if texts.duplicated().any():
        raise UsageError(
            f"--key-columns {','.join(keys)}: expected another key in every row, got "
            f"{texts[texts.duplicated()].iloc[0]} twice",
            "name more columns, or leave --key-columns out: rows are then identified by their hash",
        )


def _read(
    text: str, table: Location | None, manifest: Manifest, folder: Path, progress: Progress
) -> QueueRows:
    path = Path(text)
    if table is not None:
        from packager.tables.checkout import export

        path = folder / "rows.parquet"
        progress.step(f"exporting {table}")
        export(table, path)
    elif not path.exists():
        raise UsageError(
            f"--data {text}: expected a file, a folder or a table, but it does not exist",
            "name rows to choose from: new.csv, diamonds@5, or a log of flagged rows (.jsonl)",
        )
    if path.suffix.lower() in (".json", ".jsonl"):
        return _of_json(text, path, folder)
    row_table = read(path, manifest.reader)
    frame = to_model_input(row_table, manifest.reader)
    return QueueRows(text, path, frame, row_hashes(row_table), np.ones(len(frame), bool))


def _of_json(text: str, path: Path, folder: Path) -> QueueRows:
    """Rows of JSON or JSON lines; of a log of flagged rows what each line has under ``row``."""
    lines = read_json_rows(path)
    log = bool(lines) and all(isinstance(line.get(LOG_ROW), dict) for line in lines)
    rows = [line[LOG_ROW] for line in lines] if log else lines
    copy = folder / "rows.json"
    copy.write_bytes(canonical_json(rows))
    frame = pd.DataFrame(rows)
    tokens = [line.get(TOKEN) for line in lines] if log else []
    if tokens and all(isinstance(token, str) for token in tokens) and TOKEN not in frame.columns:
        frame[TOKEN] = tokens
    hashes = [int(sha256_bytes(canonical_json(row))[:16], 16) for row in rows]
    included = np.ones(len(rows), bool)
    return QueueRows(text, copy, frame, np.array(hashes, np.uint64), included)


def _labelled_in(table: Location) -> Mask:
    """Whether each row of a version has a label of any scheme by any annotator, shape (n,)."""
    from packager.tables.delta import VersionedTable
    from packager.tables.labels.keys import row_keys
    from packager.tables.labels.store import read_labels

    store = VersionedTable.open(table)
    version = store.version(table.version)
    labels = read_labels(table, version)
    known = {*(labels.frame["key"] if labels is not None else ())}
    keys = row_keys(store, version.number, labels.key if labels is not None else ())
    return np.array([key in known for key in keys], bool)


def _of_table(table: Location) -> pd.DataFrame:
    from packager.tables.delta import VersionedTable

    return pd.concat(VersionedTable.open(table).frames(table.version), ignore_index=True)


def _targets(manifest: Manifest) -> tuple[str, ...]:
    target = manifest.schema_.target
    return targets_of(manifest.schema_.outputs) if target is None else (target.name,)


def _key_texts(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    columns = [[_text(cell) for cell in frame[name].tolist()] for name in names]
    return [json.dumps(row) if len(names) > 1 else row[0] for row in zip(*columns, strict=True)]


def _text(cell: Any) -> str:
    """A cell as text; 7.0 as 7, because a file may have either."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
