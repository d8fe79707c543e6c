"""Synthetic rows with the fresh model's answers: an example to show, and a test of every copy.

No value is a training row's own: numbers lie in the middle of the profile's bins (or spread over
the range seen), and only categories are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from monitoring.profile import FeatureProfile, Profile
from packager.manifest import Column, Schema
from packager.results import Golden
from packager.worker.model import LoadedModel
from packager.worker.predict import answers

ROWS = 8
TEXT = "example"


def golden(schema: Schema, profile: Profile, model: LoadedModel) -> Golden:
    """Eight rows drawn from schema and profile, the last with nulls where training had some."""
    profiles = {feature.name: feature for feature in profile.features}
    rows = [_row(schema, profiles, place) for place in range(ROWS)]
    return Golden(rows=tuple(rows), answers=tuple(answers(rows, schema, model)))


def _row(schema: Schema, profiles: Mapping[str, FeatureProfile], place: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for index, column in enumerate(schema.features):
        if column.nullable and place == ROWS - 1:
            row[column.name] = None
        else:
            # Each feature starts elsewhere, so that the rows differ in more than one way.
            row[column.name] = _value(column, profiles.get(column.name), place + index)
    return row


def _value(column: Column, profile: FeatureProfile | None, step: int) -> Any:
    if column.categories:
        return column.categories[step % len(column.categories)]
    if column.kind == "string":
        return TEXT
    if column.minimum is None or column.maximum is None:
        return None  # never seen in training
    middle = _middle(_bounds(column.minimum, column.maximum, profile), step)
    match column.kind:
        case "integer":
            return round(middle)
        case "datetime":
            return _moment(middle, column.dtype)
        case _:
            return _float(middle, column.dtype)


def _bounds(low: float, high: float, profile: FeatureProfile | None) -> list[tuple[float, float]]:
    """The profile's bins; eighths of the range seen where it has none."""
    if profile is not None and profile.kind == "numeric" and profile.edges:
        return list(pairwise((low, *profile.edges, high)))
    return list(pairwise(np.linspace(low, high, ROWS + 1).tolist()))


def _middle(bounds: list[tuple[float, float]], step: int) -> float:
    low, high = bounds[step % len(bounds)]
    return low + (high - low) / 2


def _float(value: float, dtype: str) -> float:
    """``value`` with six digits where that is short enough to read, and exact in ``dtype``."""
    short = float(f"{value:.6g}")
    return float(np.float32(short)) if dtype in ("float32", "float16", "Float32") else short


def _moment(nanoseconds: float, dtype: str) -> str:
    """ISO 8601, to the second; with an offset where the column has a time zone."""
    aware = "," in dtype
    moment = pd.Timestamp(int(nanoseconds // 10**9), unit="s", tz="UTC" if aware else None)
    return moment.isoformat()
