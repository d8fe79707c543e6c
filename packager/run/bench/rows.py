"""Rows for a benchmark: synthetic ones from a package's profile and schema, and request bodies."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.profile.profile import FeatureProfile, Profile
from packager.data.rows.coerce import format_bound
from packager.data.rows.synthetic_values import RAMP_STEPS, one_element, picture, ramp
from packager.manifest.manifest import Column, Schema

NULL_SHARE = 0.02
MAX_REQUESTS = 1_000
MAX_ELEMENTS = 4_000_000
"""Elements of arrays in the rows of a benchmark."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def synthetic_rows(
    schema: Schema, profile: Profile | None, count: int, seed: int
) -> list[dict[str, Any]]:
    """``count`` rows of features, fewer if they have large arrays; the same for the same seed.

    Numbers are distributed over the profile's bins as in training, uniformly within a bin; without
    a profile, uniformly over the range. Categories have their frequencies in training if the
    profile has them. Columns that had nulls get some. Only categories are values of training rows.
    """
    source = random.Random(seed)
    count = min(count, _fitting_rows(schema))
    profiles = {feature.name: feature for feature in profile.features} if profile else {}
    drawn = {
        column.name: _values(column, profiles.get(column.name), count, source)
        for column in schema.features
    }
    return [dict(zip(drawn, cells, strict=True)) for cells in zip(*drawn.values(), strict=True)]


def with_texts(
    rows: Sequence[Mapping[str, Any]], schema: Schema, example: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """``rows`` with the example's values in personal columns and those that reject new text."""
    names = [
        column.name
        for column in schema.features
        if column.name in example
        and (
            column.personal
            or column.kind == "bytes"
            or (column.categories is None and "unseen" in column.refuses)
        )
    ]
    return [{**row, **{name: example[name] for name in names}} for row in rows]


def bodies(rows: Sequence[Mapping[str, Any]], size: int) -> list[bytes]:
    """``/predict`` bodies of ``size`` rows each; rows repeat if there are too few."""
    row_count = min(MAX_REQUESTS, max(1, -(-len(rows) // size) * min(size, 10)))
    texts = [json.dumps(row, allow_nan=False, separators=(",", ":")) for row in rows]
    requests = []
    for index in range(row_count):
        # An offset that does not align with the number of rows varies the bodies.
        start = index * size if size == 1 else index * (size + 7)
        part = (texts[(start + offset) % len(texts)] for offset in range(size))
        requests.append(f'{{"rows":[{",".join(part)}]}}'.encode())
    return requests


def _fitting_rows(schema: Schema) -> int:
    """Number of rows that have at most ``MAX_ELEMENTS`` elements of arrays, at least one."""
    elements = sum(math.prod(c.shape or ()) for c in schema.features if c.kind == "array")
    return max(1, MAX_ELEMENTS // max(1, elements))


def _values(
    column: Column, profile: FeatureProfile | None, count: int, source: random.Random
) -> list[Any]:
    values = _present(column, profile, count, source)
    if not column.nullable or "null" in column.refuses:
        return values
    return [None if source.random() < NULL_SHARE else value for value in values]


def _present(
    column: Column, profile: FeatureProfile | None, count: int, source: random.Random
) -> list[Any]:
    if column.kind == "array":
        return [ramp(column, source.randrange(RAMP_STEPS)) for _ in range(count)]
    if column.kind == "list":
        return [source.choice(([], one_element(column))) for _ in range(count)]
    if column.kind == "bytes":
        return [picture() for _ in range(count)]
    if column.categories:
        return source.choices(column.categories, _weights(column, profile), k=count)
    if column.kind == "boolean":
        return source.choices((False, True), k=count)
    if column.minimum is None or column.maximum is None:
        return [_text(source) if column.kind in ("string", "any") else None for _ in range(count)]
    numbers = _numbers(column.minimum, column.maximum, profile, count, source)
    return [_as_sent(column, number) for number in numbers]


def _weights(column: Column, profile: FeatureProfile | None) -> list[float] | None:
    """The frequency of each category in training; None if the profile has none."""
    if profile is None or profile.kind != "categorical" or not column.categories:
        return None
    counts = dict(zip(profile.categories, profile.counts, strict=False))
    others = len(column.categories) - len(profile.categories)
    rest = profile.counts[-1] / others if others > 0 else 1
    return [float(counts.get(str(category), rest)) or 1.0 for category in column.categories]


def _numbers(
    low: float,
    high: float,
    profile: FeatureProfile | None,
    count: int,
    source: random.Random,
) -> list[float]:
    if profile is None or profile.kind != "numeric":
        return [source.uniform(low, high) for _ in range(count)]
    bounds = [low, *profile.edges, high]
    bins = source.choices(range(len(profile.counts)), profile.counts, k=count)
    return [source.uniform(bounds[index], bounds[index + 1]) for index in bins]


def _as_sent(column: Column, number: float) -> Any:
    if column.kind == "integer":
        return round(number)
    if column.kind in ("datetime", "date", "time", "decimal"):
        return format_bound(column, number)
    return float(f"{number:.6g}")


def _text(source: random.Random) -> str:
    return "".join(source.choices(_LETTERS, k=source.randint(3, 30)))
