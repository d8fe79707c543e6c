"""Whatever is read into typed columns equals what the exact checker reads, and its arrays."""

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
from packager.manifest.manifest import Column, RejectedValue, Schema
from serving.http.messages import RequestError, parse_rows
from serving.prediction.converters import FastConverter
from serving.prediction.typed_rows import MAX_COLUMNS, TypedRows

TRAIN = pd.DataFrame(
    {
        "number": [0.5, -1.5, 1e300],
        "small": [0.0, 1.0, 2.0],
        "count": [1, 2, 300],
        "byte": np.array([1, 2, 3], "int8"),
        "text": ["E", "F", "é"],
        "with space": ["a", None, "b"],
        "sold": [True, False, True],
        "always": [True, True, True],
    }
)
FREE = Column(name="free", kind="string", dtype="str", nullable=False)
"""Text of more categories than a schema lists."""
SCHEMA = Schema(
    features=(*infer_columns(TRAIN), FREE),
    extras=infer_columns(pd.DataFrame({"extra": ["north", "south"]})),
)
PLAIN = {
    "number": "0.25", "small": "1", "count": "7", "byte": "2", "text": '"E"', "with space": '"a"',
    "sold": "true", "always": "true", "free": '"anything"',
}  # fmt: skip
CELLS = [
    "0", "-0", "-0.0", "1", "2", "5.0", "0.1", "1e400", "-1e400", "1e-400", "NaN", "1e308",
    "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "1e16",
    "18446744073709551616", "1e19", "123456789012345678901234567890", "9007199254740993.0",
    "2.5e-324", "2.2250738585072011e-308", "0.30000000000000004", "01", "127", "128", "300", "301",
    '"E"', '"Z"', '""', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u00e9"', '"é"', '"b"', '"a\\u0000"',
    "null", "true", "false", "[]", "{}",
]  # fmt: skip


def takers(schema: Schema) -> list[FastConverter]:
    return [FastConverter(column, judged=True) for column in schema.features]


def reader(schema: Schema = SCHEMA) -> TypedRows:
    made = TypedRows.of(takers(schema), len(schema.extras), RowChecker(schema))
    assert made is not None
    return made


READER = reader()


def exact(body: bytes, schema: Schema) -> ValidatedRows | None:
    try:
        return RowChecker(schema).check(parse_rows(body))
    except (RequestError, RowError):
        return None


def assert_agree(body: bytes, schema: Schema = SCHEMA, used: TypedRows = READER) -> bool:
    """Whether ``body`` is read; then it is read as the exact checker does."""
    found = used.read(body)
    if found is None:
        return False
    expected = exact(body, schema)
    assert expected is not None, body
    assert (found.rows, dict(found.anomalies)) == (expected.rows, dict(expected.anomalies))
    assert list(map(list, found.flags)) == list(map(list, expected.flags))
    # repr tells 1 from 1.0 and True, and 0.0 from -0.0.
    assert [repr(list(c)) for c in found.columns] == [repr(list(c)) for c in expected.columns]
    assert found.ignored == expected.ignored == 0
    if found.arrays is not None:
        assert_arrays(found)
    return True


def assert_arrays(found: ValidatedRows) -> None:
    assert found.arrays is not None
    layout = found.arrays.layout
    for column, place in layout.numbers.items():
        expected = np.array(found.columns[column], np.float64)
        assert found.arrays.numbers[place].tobytes() == expected.tobytes()
    for column, place in layout.categories.items():
        codes = [layout.codes[column][value] for value in found.columns[column]]
        assert found.arrays.codes[place].tolist() == codes


def text_of(rows: list[dict[str, str]]) -> bytes:
    objects = ",".join(
        "{" + ",".join(f"{json.dumps(name)}:{cell}" for name, cell in row.items()) + "}"
        for row in rows
    )
    return f'{{"rows":[{objects}]}}'.encode()


@pytest.mark.slow
@settings(max_examples=many(300))
@given(
    changes=st.lists(
        st.dictionaries(
            st.sampled_from([*PLAIN, "extra", "other"]), st.sampled_from(CELLS), max_size=3
        ),
        min_size=1,
        max_size=4,
    ),
    dropped=st.sampled_from([None, None, None, *PLAIN]),
)
def test_what_is_read_equals_what_the_exact_checker_reads(
    changes: list[dict[str, str]], dropped: str | None
) -> None:
    rows = [{**PLAIN, **change} for change in changes]
    if dropped:
        rows[0].pop(dropped)
    assert_agree(text_of(rows))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_in_every_column_alone_and_beside_another_row(name: str, cell: str) -> None:
    assert_agree(text_of([{**PLAIN, name: cell}]))
    assert_agree(text_of([PLAIN, {**PLAIN, name: cell}]))
    assert_agree(text_of([{**PLAIN, name: "null"}, {**PLAIN, name: cell}]))


@pytest.mark.slow
@settings(max_examples=many(300))
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**60), 2**60))
@example(2.0**53, 2**53)
@example(2.0**53 - 1, -(2**53) + 1)
def test_every_number_is_the_one_that_json_reads(number: float, whole: int) -> None:
    for cell in (json.dumps(number), str(whole)):
        assert_agree(text_of([{**PLAIN, "number": cell}]))
        assert_agree(text_of([{**PLAIN, "number": cell, "count": cell}, PLAIN]))


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({}, []),
        ({"number": "null"}, ["number:missing"]),
        ({"number": "-2", "text": '"Z"'}, ["number:out_of_range", "text:unseen"]),
        ({"sold": "null", "count": "301"}, ["count:out_of_range", "sold:missing"]),
        ({"always": "false", "free": "null"}, ["always:unseen", "free:missing"]),
        ({"free": '""'}, []),
    ],
)
def test_rows_with_anomalies_are_read_too(change: dict[str, str], flags: list[str]) -> None:
    body = text_of([PLAIN, {**PLAIN, **change}])
    assert assert_agree(body)
    found = READER.read(body)
    assert found is not None
    assert list(found.flags[1]) == flags
    assert list(found.flags[0]) == []
    assert (found.arrays is None) == any("unseen" in flag for flag in flags)


def test_keys_in_any_order_and_twice_are_read_as_json_reads_them() -> None:
    assert assert_agree(text_of([dict(reversed(PLAIN.items())), PLAIN]))
    row = text_of([PLAIN])[9:-3].decode()
    assert assert_agree(f'{{"rows":[{row},"number":0.75}}]}}'.encode())
    assert assert_agree(f'{{"rows":[],"rows":[{row}}}]}}'.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"rows":[]}',
        b'{"rows":{}}',
        b'{"rows":[[]]}',
        b'{"rows":[null]}',
        b'{"other":[]}',
        text_of([PLAIN])[:-1],
        text_of([PLAIN]) + b" x",
        b"\xef\xbb\xbf" + text_of([PLAIN]),
        text_of([PLAIN]).replace(b'"E"', b'"\xff"'),
        text_of([PLAIN]).replace(b'"rows"', b'"more":1,"rows"'),
        text_of([{**PLAIN, "extra": '"north"'}]),
        text_of([PLAIN]).replace(b"0.25", b"[" * 100_000),
    ],
)
def test_anything_else_is_left_to_the_other_readers(body: bytes) -> None:
    assert READER.read(body) is None


def refusing(kinds: tuple[RejectedValue, ...], *, fatal: bool) -> Schema:
    """The schema of a model that can't take values of these kinds in any column."""
    changes = {"refuses": kinds, "fatal": kinds if fatal else ()}
    features = (column.model_copy(update=changes) for column in SCHEMA.features)
    return SCHEMA.model_copy(update={"features": tuple(features)})


BARRING = [
    refusing(("null", "empty"), fatal=False),
    refusing(("null", "unseen", "empty", "extreme"), fatal=True),
]


@pytest.mark.parametrize("name", PLAIN)
def test_what_the_model_cannot_take_is_refused_by_both(name: str) -> None:
    for kinds, fatal in (
        (("null", "empty"), False),
        (("null", "unseen", "empty", "extreme"), True),
    ):
        schema = refusing(kinds, fatal=fatal)
        used = reader(schema)
        for cell in ("null", '""', '"Z"', '"E"', "-1e300", "5.0", "true", "false", "301"):
            for rows in ([{**PLAIN, name: cell}], [PLAIN, {**PLAIN, name: cell}]):
                assert_agree(text_of(rows), schema, used)


def number(name: str, **changes: Any) -> Column:
    return Column(
        **{"name": name, "kind": "number", "dtype": "float64", "nullable": False} | changes
    )


@pytest.mark.parametrize(
    "columns",
    [
        [number("when", kind="datetime", dtype="datetime64[us]")],
        [number("narrow", dtype="float32")],
        [number("mixed", kind="any", dtype="object")],
        [number("of few values", categories=(1.0, 2.0))],
        *([number(name)] for name in ('a"quote', "back\\slash", "new\nline", "lone \ud800")),
        [number(f"column{at}") for at in range(MAX_COLUMNS + 1)],
    ],
)
def test_schemas_of_rarer_kinds_and_names_have_no_reader(columns: list[Column]) -> None:
    schema = Schema(features=tuple(columns))
    assert TypedRows.of(takers(schema), 0, RowChecker(schema)) is None


def test_a_schema_without_text_or_without_numbers_is_read() -> None:
    for columns in (["number"], ["text"], ["free"], ["sold"]):
        chosen = tuple(c for c in SCHEMA.features if c.name in columns)
        schema = Schema(features=chosen)
        row = {name: PLAIN[name] for name in columns}
        assert assert_agree(text_of([row, row]), schema, reader(schema))
