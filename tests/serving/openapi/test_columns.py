"""A package's columns as JSON Schema: the server accepts what the schema accepts."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.manifest import Column, Schema, Serve
from serving.openapi.columns import column, row

FRAME = pd.DataFrame(
    {
        "n": [1.5, 2.5],
        "i": [1, 20],
        "b": [True, False],
        "s": ["a", "b"],
        "t": pd.to_datetime(["2024-01-31T10:00", "2024-02-29T10:00"]),
    }
)
SCHEMA = Schema(features=infer_columns(FRAME), classes=("yes", "no"))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-100, 100), st.floats(-100, 100),
    st.sampled_from(["a", "b", "c", "2024-02-01T00:00:00", "2024-02-01", "soon"]),
)  # fmt: skip


def manifest(*, strict: bool, **serve: Any):
    told = Serve(predictor="auto", compile="off", workers=1, strict=strict, **serve)
    return make_manifest(SCHEMA, serve=told)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
@given(values=st.fixed_dictionaries(dict.fromkeys(FRAME.columns, VALUES)))
def test_what_the_schema_takes_the_server_takes(strict, values):
    validator = jsonschema_rs.validator_for(row(manifest(strict=strict), {}))
    if not validator.is_valid(values):
        return
    wrong = None
    try:
        RowChecker(SCHEMA, strict=strict).check([values])
    except RowError as error:
        wrong = error
    # Days that no calendar has are beyond a pattern.
    assert wrong is None or wrong.column == "t", wrong


def test_a_model_that_refuses_extra_columns_says_so():
    assert row(manifest(strict=False), {})["additionalProperties"] is True
    assert row(manifest(strict=False, extra_columns="refuse"), {})["additionalProperties"] is False


def test_training_is_a_bound_for_a_strict_package_only():
    (first, *_) = SCHEMA.features
    assert column(first, None, strict=True)["minimum"] == 1.5
    loose = column(first, 2.0, strict=False)
    assert "minimum" not in loose
    assert loose["x-training"] == {"minimum": 1.5, "maximum": 2.5}
    assert loose["examples"] == [2.0]


def test_integers_have_the_bounds_of_their_type():
    small = Column(name="x", kind="integer", dtype="int8", nullable=True)
    found = column(small, None, strict=False)
    assert (found["minimum"], found["maximum"]) == (-128, 127)
    assert found["type"] == ["integer", "null"]


CALENDAR = [
    Column(name="d", kind="date", dtype="object", nullable=True, minimum=0, maximum=86_400e9),
    Column(name="c", kind="time", dtype="object", nullable=True),
    Column(name="p", kind="decimal", dtype="object", nullable=True, minimum=0, maximum=5),
]


def test_dates_times_and_decimals_are_text_of_a_format():
    day, clock, price = (column(one, None, strict=False) for one in CALENDAR)
    assert (day["type"], day["format"]) == (["string", "null"], "date")
    assert day["x-training"] == {"minimum": "1970-01-01", "maximum": "1970-01-02"}
    assert (clock["type"], clock["format"]) == (["string", "null"], "time-local")
    assert (price["type"], price["format"]) == (["string", "integer", "null"], "decimal")


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("d", "2024-01-31", True), ("d", "2024-01-31T10:00", False), ("d", 5, False),
        ("c", "10:30", True), ("c", "10:30:00.123456", True), ("c", "10:30Z", False),
        ("p", "12.30", True), ("p", "-.5", True), ("p", "1e3", True), ("p", 7, True),
        ("p", 1.5, False), ("p", "1,5", False), ("p", "", False), ("d", None, True),
    ],
)  # fmt: skip
def test_dates_times_and_decimals_are_what_the_server_takes(name, value, valid):
    schema = Schema(features=tuple(c for c in CALENDAR if c.name == name), classes=("y", "n"))
    document = row(make_manifest(schema), {})
    assert jsonschema_rs.validator_for(document).is_valid({name: value}) == valid
    try:
        RowChecker(schema).check([{name: value}])
    except RowError:
        assert not valid
    else:
        assert valid


def test_a_column_with_a_default_is_not_required():
    features = tuple(
        c.model_copy(update={"default": 1.5} if c.name == "n" else {}) for c in SCHEMA.features
    )
    document = row(make_manifest(Schema(features=features, classes=("yes", "no"))), {})
    assert document["required"] == ["i", "b", "s", "t"]
    assert document["properties"]["n"]["default"] == 1.5
    assert "Optional: 1.5 if it is left out." in document["properties"]["n"]["description"]
