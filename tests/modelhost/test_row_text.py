"""A row of checked values as JSON, and back."""

from __future__ import annotations

import json

import numpy as np

from modelhost.columns import ColumnSpec
from modelhost.row_text import row_as_json, row_from_json

SPECS = [
    ColumnSpec("pixels", "array", "object", None, (2, 2), "uint8"),
    ColumnSpec("gone", "array", "object", None, (2,), "float32"),
    ColumnSpec("picture", "bytes", "object"),
    ColumnSpec("tags", "list", "object", None, None, "string"),
    ColumnSpec("x", "number", "float64"),
]


def test_a_row_of_every_kind_survives_a_json_document() -> None:
    pixels = np.arange(4, dtype=np.uint8).reshape(2, 2)
    row = [pixels, None, b"\x89PNG\xff", ["a", None], 0.5]
    found = row_from_json(json.loads(json.dumps(row_as_json(row))), SPECS)
    assert found[0].dtype == np.uint8
    assert np.array_equal(found[0], pixels)
    assert found[1:] == row[1:]
