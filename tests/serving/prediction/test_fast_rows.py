"""Whatever the fast path accepts, it converts as the exact checker would."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from example_counts import many
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.manifest.manifest import RejectedValue, Schema
from serving.http.messages import RequestError, parse_rows
from serving.prediction.fast_rows import FastRows

TRAIN = pd.DataFrame(
    {
        "number": [0.5, -1.5, 1e300],
        "narrow": np.array([0.5, 1.5, 2.5], "float32"),
        "count": [1, 2, 300],
        "byte": np.array([1, 2, 3], "int8"),
        "text": ["E", "F", "é"],
        "size": pd.Categorical(["S", "L", "S"]),
        "sold": [True, False, True],
        "when": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-12-31"]).astype("M8[us]"),
        "mixed": pd.Series(["a", 1, 2.5], dtype=object),
        "extra": ["north", "south", "north"],
    }
)
FEATURES = [name for name in TRAIN if name != "extra"]
SCHEMA = Schema(features=infer_columns(TRAIN[FEATURES]), extras=infer_columns(TRAIN[["extra"]]))
GOOD: dict[str, Any] = {
    "number": 0.25,
    "narrow": 0.1,
    "count": 7,
    "byte": 2,
    "text": "E",
    "size": "L",
    "sold": True,
    "when": "2024-02-03T04:05:06",
    "mixed": "b",
}
NUMBERS = [
    "0", "-0", "-0.0", "1", "5.0", "1e2", "0.1", "1e400", "-1e400", "1e-400", "NaN", "Infinity",
    "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1e18", "1e19",
    "123456789012345678901234567890", "9007199254740993.0", "2.5e-324", "01", "1.", "127", "128",
]  # fmt: skip
TEXTS = [
    '"E"', '"Z"', '""', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u00e9"', '"é"', '"S"', '"north"',
    '"2024-01-01"', '"2024-01-01T00:00:00Z"', '"1"', '"a\\u0000b"',
]  # fmt: skip
CELLS = st.sampled_from([*NUMBERS, *TEXTS, "null", "true", "false", "[]", "{}", '{"a":[1]}'])


def slow(body: bytes, *, strict: bool = False, schema: Schema = SCHEMA) -> ValidatedRows | None:
    try:
        return RowChecker(schema, strict=strict).check(parse_rows(body))
    except (RequestError, RowError):
        return None


def fast(body: bytes, *, strict: bool = False, schema: Schema = SCHEMA) -> ValidatedRows | None:
    checker = RowChecker(schema, strict=strict)
    return FastRows(schema, checker, strict=strict).read(body)


def assert_agree(body: bytes, *, strict: bool = False, schema: Schema = SCHEMA) -> bool:
    taken = fast(body, strict=strict, schema=schema)
    if taken is None:
        return False
    expected = slow(body, strict=strict, schema=schema)
    assert expected is not None, body
    assert (taken.rows, dict(taken.anomalies)) == (expected.rows, dict(expected.anomalies))
    assert list(map(list, taken.flags)) == list(map(list, expected.flags))
    # repr tells 1 from 1.0 and True, and 0.0 from -0.0.
    assert [repr(list(c)) for c in taken.columns] == [repr(list(c)) for c in expected.columns]
    pd.testing.assert_frame_equal(taken.frame, expected.frame, check_exact=True)
    return True


def text_of(rows: list[dict[str, str]]) -> bytes:
    objects = ",".join(
        "{" + ",".join(f"{json.dumps(name)}:{cell}" for name, cell in row.items()) + "}"
        for row in rows
    )
    return f'{{"rows":[{objects}]}}'.encode()


PLAIN = {name: json.dumps(value) for name, value in GOOD.items()}


@pytest.mark.slow
@settings(max_examples=many(400))
@given(
    changes=st.lists(
        st.dictionaries(st.sampled_from([*TRAIN, "other"]), CELLS, max_size=4),
        min_size=1,
        max_size=4,
    ),
    dropped=st.sampled_from([None, None, None, *FEATURES]),
    strict=st.booleans(),
)
def test_what_is_taken_equals_what_the_exact_checker_takes(
    changes: list[dict[str, str]], dropped: str | None, strict: bool
) -> None:
    rows = [{**PLAIN, **change} for change in changes]
    if dropped:
        rows[0].pop(dropped)
    assert_agree(text_of(rows), strict=strict)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("cell", [*NUMBERS, *TEXTS, "null", "true", "[]", '{"a":1}'])
def test_every_cell_in_every_column_alone_and_beside_another_row(name: str, cell: str) -> None:
    assert_agree(text_of([{**PLAIN, name: cell}]))
    assert_agree(text_of([PLAIN, {**PLAIN, name: cell}]))
    assert_agree(text_of([{**PLAIN, name: "null"}, {**PLAIN, name: cell}]))


def refusing(kinds: tuple[RejectedValue, ...], *, fatal: bool) -> Schema:
    """The schema of a model that can't take values of these kinds in any column."""
    changes = {"refuses": kinds, "fatal": kinds if fatal else ()}
    features = (column.model_copy(update=changes) for column in SCHEMA.features)
    return SCHEMA.model_copy(update={"features": tuple(features)})


BARRING = [
    refusing(("null",), fatal=False),
    refusing(("empty",), fatal=False),
    refusing(("null", "unseen", "empty", "extreme"), fatal=True),
]


@pytest.mark.parametrize("name", FEATURES)
def test_what_the_model_cannot_take_is_refused_by_both(name: str) -> None:
    for cell in ("null", '""', '"Z"', '"E"', "1e300", "5.0", "true", '"2024-02-01"'):
        for rows in ([{**PLAIN, name: cell}], [PLAIN, {**PLAIN, name: cell}]):
            for schema in BARRING:
                assert_agree(text_of(rows), schema=schema)


@pytest.mark.parametrize("schema", BARRING[:2])
def test_plain_requests_stay_fast_where_something_is_refused(schema: Schema) -> None:
    plain = {**PLAIN, "mixed": '"a"'}
    assert assert_agree(text_of([plain]), schema=schema)
    assert assert_agree(text_of([plain, plain]), schema=schema)


@pytest.mark.slow
@settings(max_examples=many(300))
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 5))
@example(b"\xef\xbb\xbf", 0, 0)
@example(b"\x00", 400, 0)
def test_broken_bytes_are_never_taken_for_something_else(noise: bytes, at: int, cut: int) -> None:
    body = text_of([PLAIN, {**PLAIN, "extra": '"north"'}])
    at = min(at, len(body))
    assert_agree(body[:at] + noise + body[at + cut :])
    single = text_of([PLAIN])
    at = min(at, len(single))
    assert_agree(single[:at] + noise + single[at + cut :])


def test_the_last_of_duplicate_keys_counts() -> None:
    body = text_of([PLAIN]).replace(b'"count":7', b'"count":"x","count":9')
    assert assert_agree(body)
    taken = fast(b'{"rows":[],' + body[1:])
    assert taken is not None
    assert taken.columns[FEATURES.index("count")] == (9,)


def test_plain_requests_are_taken() -> None:
    assert assert_agree(text_of([PLAIN]))
    assert assert_agree(text_of([PLAIN] * 3))
    assert assert_agree(text_of([{**PLAIN, "extra": '"south"'}] * 2))
    assert assert_agree(text_of([{**PLAIN, "number": "5", "count": "5.0"}, PLAIN]))
    assert assert_agree(text_of([{**PLAIN, "text": '"Z"', "number": "null"}, PLAIN]))


def test_rows_of_different_form_are_left_to_the_exact_checker() -> None:
    assert fast(text_of([PLAIN, {**PLAIN, "extra": '"south"'}])) is None
    assert slow(text_of([PLAIN, {**PLAIN, "extra": '"south"'}])) is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "\ud800"])
def test_rows_that_json_read_are_as_safe(value: Any) -> None:
    fast_rows = FastRows(SCHEMA, RowChecker(SCHEMA))
    for name in FEATURES:
        if name == "mixed" and isinstance(value, int):
            continue  # it takes integers of any size, here as in the exact checker
        assert fast_rows.check([GOOD, {**GOOD, name: value}, GOOD]) is None
        assert fast_rows.check([{**GOOD, name: value}]) is None


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("more", [{}, {"extra": '"south"'}])
def test_rows_with_columns_too_many_are_taken_without_them(rows: int, more: dict[str, str]) -> None:
    plain = {**PLAIN, **more}
    body = text_of([{"id": '"a1"', **plain, "zzz": "[1]"}] * rows)
    taken, exact = fast(body), slow(body)
    assert taken is not None
    assert exact is not None
    assert (taken.ignored, exact.ignored) == (2, 2)
    assert list(map(list, taken.columns)) == list(map(list, exact.columns))
    assert taken.columns == fast(text_of([plain] * rows)).columns


def test_a_column_too_many_in_place_of_one_that_is_missing_is_refused() -> None:
    row = {name: cell for name, cell in PLAIN.items() if name != "count"} | {"zzz": "1"}
    assert fast(text_of([row])) is None
    assert fast(text_of([{**row, "yyy": "1"}])) is None


def test_a_row_that_leaves_out_a_feature_with_a_default_is_for_the_exact_checker() -> None:
    features = tuple(
        column.model_copy(update={"default": 0.5 if column.name == "number" else None})
        for column in SCHEMA.features
    )
    schema = SCHEMA.model_copy(update={"features": features})
    whole = json.dumps({"rows": [GOOD, GOOD]}).encode()
    assert assert_agree(whole, schema=schema)
    less = {name: value for name, value in GOOD.items() if name != "number"}
    for rows in ([less], [less, GOOD], [less, less], [{**less, "unknown": 1}]):
        body = json.dumps({"rows": rows}).encode()
        assert fast(body, schema=schema) is None
        found = slow(body, schema=schema)
        assert found is not None
        assert found.columns[0][0] == 0.5
        assert found.defaulted == {"number": sum("number" not in row for row in rows)}
