from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.columns import ColumnSpec
from modelhost.solution.errors import MemberInputError
from modelhost.solution.member_input import member_columns
from modelhost.solution.remote_rows import answered, refusal, request_body
from tests.support.solution_samples import member_spec

KINDS = {
    "number": (np.array([0.1, np.nan]), "float64", [0.1, None]),
    "integer": ([2**60, None], "Int64", [2**60, None]),
    "boolean": ([True, None], "boolean", [True, None]),
    "string": (["ü", None], "object", ["ü", None]),
    "bytes": ([b"\x00\xff", None], "object", ["AP8=", None]),
    "list": ([["a", None], None], "object", [["a", None], None]),
    "date": ([date(2024, 1, 31), None], "object", ["2024-01-31", None]),
    "decimal": ([Decimal("1.50"), None], "object", ["1.50", None]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_as_predict_takes_it(kind: str) -> None:
    values, dtype, expected = KINDS[kind]
    assert sent(ColumnSpec("c", kind, dtype), values) == expected


def test_times_are_text_in_the_unit_of_training() -> None:
    times = pd.Series(pd.to_datetime(["2024-01-31T10:30:00.123", None]))
    assert sent(ColumnSpec("c", "datetime", "datetime64[ms]"), times) == [
        "2024-01-31T10:30:00.123",
        None,
    ]
    zoned = ColumnSpec("c", "datetime", "datetime64[us, Europe/Berlin]")
    there = times.dt.tz_localize("Europe/Berlin")
    assert sent(zoned, there) == ["2024-01-31T09:30:00.123000Z", None]


def test_arrays_are_nested_lists() -> None:
    spec = ColumnSpec("c", "array", "object", shape=(2, 2), element="float32")
    assert sent(spec, np.arange(4).reshape(1, 2, 2)) == [[[0.0, 1.0], [2.0, 3.0]]]


def test_infinity_is_no_number_of_json() -> None:
    with pytest.raises(MemberInputError, match="column 'c': expected finite numbers"):
        sent(ColumnSpec("c", "number", "float64"), np.array([np.inf]))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_arrive_exactly(numbers: list[float]) -> None:
    assert sent(ColumnSpec("c", "number", "float64"), np.array(numbers)) == numbers


def sent(spec: ColumnSpec, values: Any) -> list[Any]:
    member = member_spec("m", features=(spec,))
    frame = pd.DataFrame({"c": values if spec.kind == "number" else list(values)})
    rows = values if isinstance(values, np.ndarray) and values.ndim > 1 else frame
    columns, count = member_columns(rows, member)
    return [row["c"] for row in json.loads(request_body(columns, count, member))["rows"]]


def test_probabilities_in_the_order_of_the_classes() -> None:
    member = member_spec("m", task="classification")
    row = {"prediction": True, "probabilities": {"false": 0.25, "true": 0.75}}
    found = answered({"predictions": [row]}, 1, member, (True, False))
    assert found.labels == [True]
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.75, 0.25]]


def test_labels_that_answers_write_alike_are_refused() -> None:
    row = {"prediction": 1, "probabilities": {"1": 0.5}}
    member = member_spec("m", task="classification")
    with pytest.raises(ValueError, match="two labels have the text of one: 1, 1"):
        answered({"predictions": [row]}, 1, member, (1, "1"))


def test_numbers_and_rows_without_an_answer() -> None:
    rows = [{"prediction": 3}, {"prediction": None}]
    found = answered({"predictions": rows}, 2, member_spec("m"), None)
    assert found.labels == [3.0, None]
    assert type(found.labels[0]) is float
    with pytest.raises(ValueError, match="answers to 3 rows"):
        answered({"predictions": rows}, 3, member_spec("m"), None)


def test_what_an_error_says() -> None:
    assert refusal(413, b'{"error": {"message": "too large"}}') == "413: too large"
    assert refusal(502, b"<html>") == "502: <html>"
