"""Detectors ``drift`` and ``slice_drift``: significant changes since the previous version."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from monitoring.profile.profile import FeatureProfile
from monitoring.slices.slices import ALL, SliceSet
from monitoring.stats.drift import MIN_PSI
from packager.data.checks.columns import naming
from packager.data.checks.expectations import MAX_SAMPLE_ROWS
from packager.data.checks.free_text import is_free_text
from packager.data.checks.issue import DataIssue
from packager.data.checks.table import CheckedTable
from packager.data.drift import ColumnDrift, comparable, drift_of, drifts_of_column, shared_rows
from packager.data.frames import infer_columns


def drift(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.6 (PSI above 0.2) or 0.45: a feature or the target whose distribution changed.

    Times and row numbers increase with every version, so neither is compared.
    """
    names = [*table.features, *([table.target] if table.target else [])]
    references: dict[str, list[FeatureProfile]] = {}
    for feature in table.expected.reference:
        references.setdefault(feature.column, []).append(feature)
    columns = [name for name in names if name in references and name in table.frame.columns]
    if not columns or not len(table):
        return
    numbering = {name for name in naming(table) if not _is_sentences(table, name)}
    sampled = table.sample(MAX_SAMPLE_ROWS)
    sample = table.frame[columns].iloc[sampled]
    shared = shared_rows(table.expected.sampled, table.hashes[sampled])
    for column in infer_columns(sample):
        before = table.expected.before(column.name)
        if before is None or column.name in numbering or column.kind == "datetime":
            continue
        if comparable(before.kind, column.kind):
            for column_drift in drifts_of_column(
                references[column.name], sample[column.name], shared
            ):
                if column_drift.notable:
                    about = f"{column_drift.measure}: " if column_drift.measure else ""
                    expected = "the distribution of the previous version"
                    yield _moved(column_drift, column.name, expected, about)


def slice_drift(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.6 (PSI above 0.2) or 0.45: a declared slice whose share of the rows changed."""
    shares = table.expected.slices
    if shares is None or not len(table):
        return
    slices = SliceSet(shares.columns, shares.rules)
    if any(name not in table.frame.columns for name in slices.needs):
        return  # ``schema`` reports it
    total = shares.rows[ALL]
    sampled = table.sample(MAX_SAMPLE_ROWS)
    sample, shared = (
        table.frame.iloc[sampled],
        shared_rows(table.expected.sampled, table.hashes[sampled]),
    )
    for name, mask in slices.masks(sample).items():
        rows, before = int(mask.sum()), shares.rows[name]
        share_drift = drift_of(
            f"slice {name}",
            np.array([rows, len(sample) - rows]),
            np.array([before, total - before]),
            shared,
        )
        if share_drift.notable:
            share = f"{before / total:.1%} of the rows, as in the previous version"
            yield _moved(share_drift, None, share, f"slice {name}: {rows / len(sample):.1%}, ")


def _is_sentences(table: CheckedTable, name: str) -> bool:
    return name in table.texts and is_free_text(table, name)


def _moved(
    column_drift: ColumnDrift, column: str | None, expected: str, how: str = ""
) -> DataIssue:
    return DataIssue(
        column,
        expected,
        "see where the new rows come from; retrain if the population changed",
        0.6 if column_drift.psi > MIN_PSI else 0.45,
        observed=f"{how}PSI {column_drift.psi:.3f}, z {column_drift.z:.1f}",
    )
