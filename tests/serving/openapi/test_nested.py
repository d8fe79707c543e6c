"""Array, list and bytes columns as JSON Schema: the server accepts what the schema accepts."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.manifest import Column, Schema
from serving.openapi.columns import column as column_schema
from serving.openapi.nested import nested_schema, nested_words


def array(element: str, shape: tuple[int, ...] = (2, 1), **more: Any) -> Column:
    return Column(
        name="x", kind="array", dtype="object", nullable=True, shape=shape, element=element, **more
    )


PICTURE = Column(name="x", kind="bytes", dtype="object", nullable=True)
COLUMNS = [
    *(array(element) for element in ("uint8", "int64", "float16", "float32", "float64", "bool")),
    *(
        Column(name="x", kind="list", dtype="object", nullable=False, element=element)
        for element in ("number", "integer", "boolean", "string")
    ),
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-300, 300), st.just(2**63), st.floats(-1e5, 1e5),
    st.just(1e39), st.sampled_from(["a", ""]),
)  # fmt: skip
VALUES = st.one_of(
    st.lists(SCALARS, max_size=3),
    st.lists(st.lists(SCALARS, min_size=1, max_size=1), min_size=2, max_size=2),
    SCALARS,
)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: f"{one.kind}-{one.element}")
@settings(max_examples=many(60))
@given(value=VALUES)
def test_what_the_schema_takes_the_server_takes(column: Column, strict: bool, value: Any) -> None:
    described = column_schema(column, None, strict=strict)
    if jsonschema_rs.validator_for(described).is_valid(value):
        RowChecker(Schema(features=(column,)), strict=strict).check([{"x": value}])


def test_an_array_is_lists_of_as_many_items_and_never_prefix_items() -> None:
    found = nested_schema(array("uint8", (2, 3)), null=True, strict=False)
    assert found == {
        "type": ["array", "null"],
        "minItems": 2,
        "maxItems": 2,
        "items": {
            "type": "array",
            "minItems": 3,
            "maxItems": 3,
            "items": {"type": "integer", "minimum": 0, "maximum": 255},
        },
    }


def test_the_range_of_training_is_a_bound_of_a_strict_package_only() -> None:
    column = array("float32", (1,), minimum=-1.0, maximum=1.0)
    strict = nested_schema(column, null=False, strict=True)
    assert strict["items"] == {"type": "number", "minimum": -1.0, "maximum": 1.0}
    validator = jsonschema_rs.validator_for(nested_schema(column, null=False, strict=False))
    assert validator.is_valid([2.0])
    with pytest.raises(RowError):
        RowChecker(Schema(features=(column,)), strict=True).check([{"x": [2.0]}])


def test_bytes_are_base64_and_elements_of_lists_may_be_null() -> None:
    found = nested_schema(PICTURE, null=False, strict=False)
    assert (found["type"], found["format"]) == ("string", "byte")
    listed = nested_schema(COLUMNS[-1], null=False, strict=False)
    assert listed == {"type": "array", "items": {"type": ["string", "null"]}}


def test_the_words_say_what_to_send() -> None:
    assert nested_words(array("uint8", (28, 28))) == (
        "An array of shape 28 x 28 (uint8) as nested lists of finite numbers."
    )
    assert nested_words(PICTURE).startswith("Bytes in base64")
    assert nested_words(COLUMNS[-1]) == "A list of text, any of them null."
