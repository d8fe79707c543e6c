"""Arrays, bytes and lists read without a check per element equal what the exact checker reads."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.manifest.manifest import Column, Schema
from serving.http.messages import RequestError, parse_rows
from serving.prediction.fast_rows import FastRows

ELEMENTS = ["uint8", "int16", "int64", "uint64", "float16", "float32", "float64", "bool"]
NUMBERS = [
    "0", "-0", "-0.0", "1", "255", "256", "-1", "0.5", "0.1", "3.0", "1e400", "-1e400", "NaN",
    "65504", "65520", "2048", "2049", "2049.0", "16777216", "16777217", "16777217.0", "-16777217",
    "9007199254740992", "9007199254740993", "-9007199254740993", "9007199254740993.0", "1e19",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "123456789012345678901234567890", "3.5e38", "1e-50", "true", "false", "null", '"1"', "[1]",
    "[]", "{}",
]  # fmt: skip
BYTES = [
    '""', '"QQ=="', '"QQ="', '"QR=="', '"QQ"', '"QQ==QQ=="', '"Q Q="', '"QQ=\\u003d"', '"_-=="',
    '"===="', '"QUJD="', '"QUJD"', '"QQ==\\n"', '"é==="', '"\\ud800"', "null", "1", "[]", "true",
]  # fmt: skip


def array(element: str, shape: tuple[int, ...], **more: Any) -> Column:
    return Column(
        name="x", kind="array", dtype="object", nullable=True, shape=shape, element=element, **more
    )


def listed(element: str) -> Column:
    return Column(name="x", kind="list", dtype="object", nullable=True, element=element)


PICTURE = Column(name="x", kind="bytes", dtype="object", nullable=True)


def body_of(*cells: str) -> bytes:
    return f'{{"rows":[{",".join(f"""{{"x":{cell}}}""" for cell in cells)}]}}'.encode()


def exact(body: bytes, schema: Schema) -> ValidatedRows | None:
    try:
        return RowChecker(schema).check(parse_rows(body))
    except (RequestError, RowError):
        return None


def shown(values: Any) -> list[str]:
    """The values with types, dtypes and signs of zero."""
    return [
        f"{one.dtype}{one.shape}{one.tolist()!r}" if isinstance(one, np.ndarray) else repr(one)
        for one in values
    ]


def assert_agree(column: Column, *cells: str) -> bool:
    """Whether the cells are read; then they are read as the exact checker does."""
    schema = Schema(features=(column,))
    checker, body = RowChecker(schema), body_of(*cells)
    found = FastRows(schema, checker).read(body)
    if found is None:
        return False
    expected = exact(body, schema)
    assert expected is not None, body
    assert shown(found.columns[0]) == shown(expected.columns[0]), body
    assert (found.rows, dict(found.anomalies)) == (expected.rows, dict(expected.anomalies))
    assert list(map(list, found.flags)) == list(map(list, expected.flags))
    assert (found.row is None) == (expected.row is None)
    return True


@pytest.mark.parametrize("element", ELEMENTS)
def test_every_element_of_an_array_is_read_as_the_exact_checker_reads_it(element: str) -> None:
    column = array(element, (2,))
    plain = "true" if element == "bool" else "1"
    for number in NUMBERS:
        assert_agree(column, f"[{plain},{number}]")
        assert_agree(column, f"[{plain},{plain}]", f"[{number},{plain}]")
        assert_agree(column, "null", f"[{plain},{number}]")
    assert assert_agree(column, f"[{plain},{plain}]", f"[{plain},{plain}]")


@pytest.mark.parametrize("element", ["number", "integer", "boolean", "string"])
def test_every_element_of_a_list_is_read_as_the_exact_checker_reads_it(element: str) -> None:
    plain = {"boolean": "true", "string": '"a"'}.get(element, "1")
    for one in [*NUMBERS, *BYTES]:
        assert_agree(listed(element), f"[{plain},{one}]")
        assert_agree(listed(element), "[]", f"[{one}]")
    assert assert_agree(listed(element), f"[{plain},null]", "[]", "null")


@pytest.mark.parametrize("cell", BYTES)
def test_base64_is_read_as_the_exact_checker_reads_it(cell: str) -> None:
    assert_agree(PICTURE, cell)
    assert_agree(PICTURE, '"QUJD"', cell, "null")


nested = st.recursive(
    st.sampled_from(["0", "1", "2.5", "null", "true"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]"),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=many(200))
@given(
    cells=st.lists(nested, min_size=1, max_size=3), shape=st.sampled_from([(2,), (1, 2), (2, 2)])
)
def test_any_nesting_is_read_as_the_exact_checker_reads_it(
    cells: list[str], shape: tuple[int, ...]
) -> None:
    assert_agree(array("float32", shape), *cells)


@pytest.mark.slow
@settings(max_examples=many(200))
@given(
    block=st.lists(
        st.lists(
            st.lists(st.floats(allow_nan=False), min_size=2, max_size=2), min_size=3, max_size=3
        ),
        min_size=1,
        max_size=4,
    ),
    element=st.sampled_from(["float16", "float32", "float64"]),
)
def test_any_floats_are_read_as_the_exact_checker_reads_them(block: Any, element: str) -> None:
    cells = [json.dumps(cell).replace("Infinity", "1e400") for cell in block]
    assert_agree(array(element, (3, 2), minimum=-1.0, maximum=1.0), *cells)


def test_an_array_is_one_block_and_its_rows_are_flagged() -> None:
    column = array("uint8", (2, 2), minimum=1.0, maximum=16.0)
    schema = Schema(features=(column,))
    cells = ["[[1,2],[3,4]]", "[[0,2],[3,4]]", "[[1,2],[3,17]]"]
    found = FastRows(schema, RowChecker(schema)).read(body_of(*cells))
    assert found is not None
    assert isinstance(found.columns[0], np.ndarray)
    assert found.columns[0].dtype == np.uint8
    assert found.flags == [[], ["x:out_of_range"], ["x:out_of_range"]]
    assert found.anomalies == {("x", "below_range"): 1, ("x", "above_range"): 1}
    for cell in cells:
        assert assert_agree(column, cell)


def test_a_value_that_the_model_rejects_is_left_to_the_exact_checker() -> None:
    column = array("uint8", (2,)).model_copy(update={"refuses": ("null",)})
    assert not assert_agree(column, "null")
    assert not assert_agree(column, "[1,2]", "null")


def test_a_heavy_body_of_pictures_is_parsed_at_once() -> None:
    schema = Schema(features=(PICTURE,))
    picture = bytes(range(256)) * 8_000
    body = body_of(json.dumps(base64.b64encode(picture).decode()))
    found = FastRows(schema, RowChecker(schema)).read(body, heavy=True)
    assert found is not None
    assert found.columns[0] == (picture,)
    text = Schema(features=(Column(name="x", kind="string", dtype="str", nullable=True),))
    assert FastRows(text, RowChecker(text)).read(body, heavy=True) is None
