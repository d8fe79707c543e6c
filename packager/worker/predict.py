"""Predict for a file of rows, as ``/predict`` would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from packager.data.extra_columns import ExtraColumns
from packager.data.request_rows import RowChecker, ValidatedRows
from packager.digest import canonical_json
from packager.errors import UsageError
from packager.manifest.manifest import Manifest, Schema
from packager.model.failing_rows import PartError, predict_in_parts
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.model import LoadedModel, Predictions, load_model
from packager.model.paths import Root
from packager.model.project_code import project_errors

BATCH = 10_000


def predict(root: Root, source: Path, out: Path) -> int:
    """Answer the rows of ``source`` (``{"rows": […]}``); return how many there were.

    ``out`` gets one line of JSON a row: prediction, probabilities where there are any, flags.
    Raise ``UsageError`` if ``source`` isn't such a file, ``PackageError`` for a row that can't
    be taken; nothing is written then.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    rows = _rows(source)
    model = load_model(root, manifest.serve, manifest.task)
    lines = [
        canonical_json(one) + b"\n"
        for one in answers(
            rows,
            manifest.schema_,
            model,
            strict=manifest.serve.strict,
            extra=ExtraColumns.of(manifest),
            named=True,
        )
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(b"".join(lines))
    return len(lines)


def answers(
    rows: Sequence[Mapping[str, Any]],
    schema: Schema,
    model: LoadedModel,
    *,
    strict: bool = False,
    extra: ExtraColumns = ExtraColumns(),
    named: bool = False,
) -> Iterator[dict[str, Any]]:
    """What ``/predict`` answers to each of ``rows``; every row is checked before the first.

    Raise ``PackageError`` for a row that can't be taken, and where the model raises: with
    ``named``, of the first row on which it does.
    """
    return answered(
        RowChecker(schema, strict=strict, extra=extra).check(rows), schema, model, named=named
    )


def answered(
    checked: ValidatedRows, schema: Schema, model: LoadedModel, *, named: bool = False
) -> Iterator[dict[str, Any]]:
    """As ``answers``, of rows that were checked."""
    features = checked.frame[[column.name for column in schema.features]]
    for start in range(0, len(features), BATCH):
        part = features.iloc[start : start + BATCH]
        if named:
            predictions = _named(model, part, start)
        else:
            with project_errors("the model"):
                predictions = model.predict(part)
        flags = checked.flags[start : start + BATCH]
        for one, marked in zip(predictions.answers(schema.classes), flags, strict=True):
            yield {**one, "flags": list(marked)}


def _named(model: LoadedModel, frame: pd.DataFrame, start: int) -> Predictions:
    """What the model says of ``frame``, whose first row is ``start``; an error names the row."""
    try:
        return predict_in_parts(
            lambda rows: model.predict(frame.iloc[rows.start : rows.stop]), len(frame)
        )
    except PartError as error:
        first, last = start + error.rows.start, start + error.rows.stop - 1
        place = f"row {first}" if first == last else f"rows {first} to {last}"
        with project_errors(f"{place}: the model"):
            raise (error.__cause__ or error) from None


def _rows(source: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(source.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: expected JSON, got {error}", "write rows as JSON") from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f'{source}: expected {{"rows": [{{…}}, …]}}', "one object for every row")
    return rows
