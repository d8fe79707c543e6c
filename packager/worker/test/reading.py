"""Reads new data and late labels for a test; data that can't be read fail the family ``schema``.

One rule: what is wrong in the data is a failed check, exit code 1; what is wrong in the command
line, or in package.toml at a build, is a ``UsageError``, exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from packager.data.fingerprint import fingerprint
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Fingerprint, Manifest
from packager.manifest.outputs import targets_of
from packager.model.paths import Root
from packager.worker.job import DataTestJob
from packager.worker.test.late_labels import LabelsFile, with_labels
from packager.worker.test.new_rows import NewRows, new_rows, read_new_data
from packager.worker.test.quoted_cells import data_error
from packager.worker.test.report import Check
from packager.worker.train.output_rows import queries_of, right_answers


@dataclass(frozen=True)
class ReadData:
    """New data that could be read."""

    rows: NewRows
    files: tuple[FileEntry, ...]
    fingerprint: Fingerprint
    absent: Mapping[str, tuple[str, ...]]
    """User of columns (``feature``, ``column of [slices]``) → those that the new data lack."""
    chosen: npt.NDArray[np.float64] | None = None
    """The probability with which each row was to be labelled, shape (n,); None if none was."""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of the fingerprint."""
        return sha256_bytes(self.fingerprint.dump())


@dataclass(frozen=True)
class UnreadData:
    """New data, or labels, that could not be read."""

    check: Check
    """The failed one."""
    files: tuple[FileEntry, ...]
    rows: int = 0

    @property
    def digest(self) -> str:
        """sha256 of the names and contents of the files."""
        return sha256_bytes(canonical_json([file.model_dump(mode="json") for file in self.files]))


def read_for_test(job: DataTestJob, manifest: Manifest, root: Root) -> ReadData | UnreadData:
    """The rows of a test, with late labels.

    Raise ``UsageError`` for columns of ``asked.on`` that either file lacks.
    """
    path = root.new / job.source if job.source else root.new
    paths = {path: job.shown, root.labels / job.labels: job.labels_shown}
    if job.unreadable:
        return UnreadData(_unread("readable", job.unreadable), _files(root.new))
    try:
        source = read_new_data(path, manifest)
        rows = new_rows(path, source.served, manifest)
        digest = fingerprint(source.frame, source.files)
    except UsageError as error:
        return UnreadData(
            _unread("readable", as_named(_error_text(error, manifest), paths)), _files(root.new)
        )
    read = ReadData(rows, source.files, digest, absent_columns(rows, late=bool(job.labels)))
    if read.absent:
        return read
    labels = None
    try:
        if job.labels:
            labels = LabelsFile.read(root.labels / job.labels, manifest)
    except UsageError as error:
        return _unlabelled(error, paths, source.files, rows)
    if labels is not None:
        labels.check_columns(rows, job.on)
    try:
        if labels is None:
            _check_answers(rows)
            return read
        late = with_labels(rows, labels, job.on)
        _check_answers(late.rows)
    except UsageError as error:
        return _unlabelled(error, paths, source.files, rows)
    return replace(read, rows=late.rows, chosen=late.probabilities, notes=late.notes)


def absent_columns(rows: NewRows, *, late: bool = False) -> dict[str, tuple[str, ...]]:
    """User of columns → those that ``rows`` lack; ``late``: right answers are in another file.

    Rows need no right answers; those with one of several need the others.
    """
    schema, policy, columns = rows.manifest.schema_, rows.manifest.test, {*rows.as_read.columns}
    targets = targets_of(schema.outputs)
    some = not late and any(name in columns for name in targets)
    queries = [output.group for output in schema.outputs if output.group is not None]
    needed: Mapping[str, Sequence[str]] = {
        "column of [slices]": [column.name for column in schema.extras],
        "column of [test] groups": policy.groups,
        "column of [test.fairness]": policy.fairness.columns,
        "right answer": targets if some else (),
        "column of [outputs] group": queries if some or late else (),
    }
    lacked = {
        role: tuple(dict.fromkeys(name for name in names if name not in columns))
        for role, names in needed.items()
    }
    return {role: names for role, names in {"feature": rows.absent, **lacked}.items() if names}


def as_named(text: str, paths: dict[Path, str]) -> str:
    """``text`` with the names that a person gave instead of the worker's own paths."""
    for path, shown in sorted(paths.items(), key=lambda one: -len(str(one[0]))):
        if shown:
            text = text.replace(str(path), shown)
    return text


def _unlabelled(
    error: UsageError, paths: dict[Path, str], files: tuple[FileEntry, ...], rows: NewRows
) -> UnreadData:
    problem = as_named(_error_text(error, rows.manifest), paths)
    return UnreadData(_unread("labels", problem), files, rows.read)


def _unread(name: str, why: str) -> Check:
    return Check(family="schema", name=name, headline=True, verdict="failed", why=why)


def _error_text(error: UsageError, manifest: Manifest) -> str:
    return data_error(error, manifest.schema_)


def _check_answers(rows: NewRows) -> None:
    """Raise ``UsageError`` for right answers that are not of the form of their output.

    So do rows without a query, which can't be ranked.
    """
    labelled = rows.where(rows.labelled)
    for output in rows.manifest.schema_.outputs if len(labelled) else ():
        right_answers(labelled.as_read, output)
        queries_of(labelled.as_read, output)


def _files(folder: Path) -> tuple[FileEntry, ...]:
    return tuple(_entries(folder, sorted(folder.rglob("*"))))


def _entries(folder: Path, paths: Sequence[Path]) -> Iterator[FileEntry]:
    for path in paths:
        if path.is_file():
            yield FileEntry.of(path, path.relative_to(folder).as_posix())
