"""Checked values of one row as JSON values: arrays as nested lists, bytes in base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelhost.columns import ColumnSpec


def row_as_json(values: Sequence[Any]) -> list[Any]:
    """For a JSON document; ``row_from_json`` is the inverse."""
    return [_as_json(value) for value in values]


def row_from_json(values: Sequence[Any], specs: Sequence[ColumnSpec]) -> list[Any]:
    """The values of a row of these columns, None for null."""
    return [_from_json(value, spec) for value, spec in zip(values, specs)]


def _as_json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _from_json(value: Any, spec: ColumnSpec) -> Any:
    if value is None:
        return None
    if spec.kind == "array":
        return np.array(value, spec.element).reshape(spec.shape or ())
    return base64.b64decode(value) if spec.kind == "bytes" else value
