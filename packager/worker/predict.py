"""Predict for a file of rows, as ``/predict`` would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packager.data.extra import ExtraColumns
from packager.data.rows import check_rows
from packager.digest import canonical_json
from packager.errors import UsageError
from packager.manifest import Manifest, Schema
from packager.worker.integrity import MANIFEST
from packager.worker.model import LoadedModel, load_model
from packager.worker.paths import Root
from packager.worker.project_code import calling

BATCH = 10_000


def predict(root: Root, source: Path, out: Path) -> int:
    """Answer the rows of ``source`` (``{"rows": […]}``); return how many there were.

    ``out`` gets one line of JSON a row: prediction, probabilities where there are any, flags.
    Raise ``UsageError`` if ``source`` isn't such a file, ``PackageError`` for a row that can't
    be taken; nothing is written then.
    """
    manifest = Manifest.load(root.package / MANIFEST)
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
) -> Iterator[dict[str, Any]]:
    """What ``/predict`` answers to each of ``rows``; every row is checked before the first.

    Raise ``PackageError`` for a row that can't be taken, and where the model raises.
    """
    checked = check_rows(rows, schema, strict=strict, extra=extra)
    features = checked.frame[[column.name for column in schema.features]]
    for start in range(0, len(features), BATCH):
        with calling("the model"):
            predictions = model.predict(features.iloc[start : start + BATCH])
        flags = checked.flags[start : start + BATCH]
        for one, marked in zip(predictions.answers(schema.classes), flags, strict=True):
            yield {**one, "flags": list(marked)}


def _rows(source: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(source.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: expected JSON, got {error}", "write rows as JSON") from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f'{source}: expected {{"rows": [{{…}}, …]}}', "one object for every row")
    return rows
