"""Golden rows: inputs with the new model's predictions, as examples and for smoke tests.

Examples are synthetic (``synthetic_values``) and part of the package; there are none if the model
accepts none. Rows of the data are used to smoke-test the images; they never enter the package.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitoring.profile.profile import FeatureProfile, Profile
from packager.digest import canonical_json
from packager.errors import PackageError
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.processes.resilient_model import ResilientModel, Row, RowOutcome
from packager.worker.train.rejected_values import CallBudget, attribute_failure
from packager.worker.train.synthetic_values import ROWS, ValueGenerator, value_generators

MAX_TRIED_ROWS = 40
"""Held-out rows that are tried to find rows that the model predicts one at a time."""
BASE_ROWS = 2
MAX_BYTES = 1 << 20
"""Maximum size of the smoke-test rows, which a container gets as arguments."""

Ways = Mapping[str, tuple[ValueGenerator, ...]]
"""Column → the generators of its values, the next one to try first."""


def real_rows(frame: pd.DataFrame, schema: Schema, asker: ResilientModel) -> Golden:
    """Up to eight rows of ``frame`` as request rows, with the model's predictions.

    The model predicts each of them alone as well, unless it predicts no single row, as forecasters
    of a whole series do.
    """
    some = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, MAX_TRIED_ROWS).astype(int))]
    tried: list[Row] = []
    rows: list[Row] = []
    size = 0
    for row in accepted_rows(schema, json_rows(some, schema)):
        size += len(canonical_json(row))
        if size > MAX_BYTES or len(rows) == ROWS:
            break
        tried.append(row)
        if asker.query([row]).outcome == "answered":
            rows.append(row)
    return _answered(rows or tried[:ROWS], asker)


def bases_of(real: Golden) -> list[Row]:
    """The base rows of further queries: those with the fewest nulls."""
    by_nulls = sorted(real.rows, key=lambda row: sum(value is None for value in row.values()))
    return list(by_nulls[:BASE_ROWS])


def examples(
    schema: Schema,
    profile: Profile,
    train: pd.DataFrame,
    asker: ResilientModel,
    bases: Sequence[Row],
) -> Golden:
    """Up to eight synthetic rows that the model predicts, the last with nulls if training had any.

    Reports on stderr if there are none, and for which columns the model accepts no synthetic value.
    """
    profiles: Mapping[str, FeatureProfile] = {feature.name: feature for feature in profile.features}
    ways: Ways = {
        column.name: value_generators(column, profiles.get(column.name), train[column.name])
        for column in schema.features
    }
    rows = _rows(schema, ways)
    reply = asker.query(rows)
    if reply.outcome in ("answered", "no answer"):
        return Golden(rows=tuple(map(dict, rows)), expected=reply.answers)
    stuck: list[str] = []
    if bases:
        ways, stuck = _accepted_generators(schema, ways, asker, bases)
        rows = [] if stuck else _rows(schema, ways)
    golden = _answered([row for row in rows if asker.query([row]).outcome == "answered"], asker)
    if not golden.rows:
        of = f" value of {', '.join(repr(name) for name in stuck[:5])}" if stuck else " row"
        sys.stderr.write(
            f"no example is shown: the model predicts rows of the data, but no synthetic{of}\n"
        )
    return golden


def given_examples(rows: Sequence[Row], asker: ResilientModel) -> Golden:
    """The rows that came with the model, and its predictions.

    Raises ``PackageError`` naming the first row that it does not predict.
    """
    reply = asker.query(rows)
    if reply.outcome in ("answered", "no answer"):
        return Golden(rows=tuple(map(dict, rows)), expected=reply.answers)
    for number, row in enumerate(rows):
        alone = asker.query([row])
        if alone.outcome not in ("answered", "no answer"):
            raise PackageError(
                f"input example, row {number}: expected a prediction, the model "
                f"{alone.outcome}{f': {alone.why}' if alone.why else ''}",
                "save the model again with an input example that it predicts",
            )
    raise PackageError(
        f"input example: expected predictions of its {len(rows)} rows together, the model "
        f"{reply.outcome}, though it predicts each alone",
        "save the model again with an input example that it predicts",
    )


def _accepted_generators(
    schema: Schema, ways: Ways, asker: ResilientModel, bases: Sequence[Row]
) -> tuple[Ways, list[str]]:
    """The generators whose values the model accepts, and the columns without one."""
    budget = CallBudget.of(len(schema.features))
    remaining = dict(ways)
    stuck: list[str] = []

    def test(some: Sequence[str]) -> RowOutcome:
        changes = [{name: remaining[name][0](step) for name in some} for step in range(ROWS)]
        rows = [{**bases[0], **changed} for changed in changes]
        return asker.query(rows).outcome if budget.take(ROWS) else "not asked"

    names = list(remaining)
    while names:
        refused = attribute_failure(names, test, lambda: asker.may_end)
        names = [name for name in refused if len(remaining[name]) > 1]
        stuck += [name for name in refused if len(remaining[name]) == 1]
        remaining |= {name: remaining[name][1:] for name in names}
    return remaining, stuck


def _rows(schema: Schema, ways: Ways) -> list[Row]:
    rows: list[Row] = []
    for position in range(ROWS):
        row: dict[str, Any] = {}
        for index, column in enumerate(schema.features):
            # Each feature starts at another step, so that rows combine different values.
            null = column.nullable and "null" not in column.refuses and position == ROWS - 1
            row[column.name] = None if null else ways[column.name][0](position + index)
        rows.append(row)
    return rows


def _answered(rows: Sequence[Row], asker: ResilientModel) -> Golden:
    """The rows with their predictions in one call; no rows if the model returns none."""
    reply = asker.query(rows) if rows else None
    if reply is None or reply.outcome != "answered":
        return Golden(rows=(), expected=())
    return Golden(rows=tuple(map(dict, rows)), expected=reply.answers)
