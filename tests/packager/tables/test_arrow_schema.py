"""Arrow types that Delta Lake stores without loss, and how versions may differ."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.tables.arrow_schema import (
    agreed_schema,
    fit,
    refuse_nulls,
    refuse_same_but_case,
    stored_schema,
)

PLAIN = [pa.int8(), pa.int64(), pa.float32(), pa.float64(), pa.string(), pa.bool_(), pa.date32()]


def stored(kind: pa.DataType) -> pa.DataType:
    return stored_schema(pa.schema([("x", kind)]), "t").field("x").type


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        (pa.uint8(), pa.int16()),
        (pa.uint64(), pa.int64()),
        (pa.float16(), pa.float32()),
        (pa.large_string(), pa.string()),
        (pa.dictionary(pa.int32(), pa.large_string()), pa.string()),
        (pa.timestamp("ns"), pa.timestamp("us")),
        (pa.timestamp("s", "Europe/Berlin"), pa.timestamp("us", "UTC")),
        (pa.list_(pa.uint8()), pa.list_(pa.int16())),
        (pa.struct([("a", pa.large_list(pa.date64()))]), pa.struct([("a", pa.list_(pa.date32()))])),
        (pa.decimal128(38, 2), pa.decimal128(38, 2)),
        (pa.binary(4), pa.binary()),
    ],
)
def test_a_type_is_kept_in_one_that_says_the_same(kind, kept):
    assert stored(kind) == kept
    assert stored(kept) == kept


@pytest.mark.parametrize(
    "kind",
    [
        pa.time64("us"),
        pa.duration("s"),
        pa.map_(pa.string(), pa.int8()),
        pa.decimal256(50, 2),
        pa.list_(pa.time32("s")),
    ],
)
def test_a_type_that_delta_has_not_is_refused_by_its_column(kind):
    with pytest.raises(UsageError, match="t: column 'x': expected a type that a Delta table has"):
        stored(kind)


def test_names_that_differ_only_in_case_are_refused_at_any_depth():
    with pytest.raises(UsageError, match="columns 'Id' and 'id' differ only in case"):
        refuse_same_but_case(["Id", "x", "id"], "t")
    with pytest.raises(UsageError, match=r"column 'x': columns 'a' and 'A'"):
        stored(pa.struct([("a", pa.int8()), ("A", pa.int8())]))
    refuse_same_but_case(["a", "b", "a"], "t")


def test_values_are_fitted_or_refused_by_their_column():
    table = pa.table({"b": ["x"], "a": pa.array([300], pa.int64())})
    schema = pa.schema([("a", pa.int16()), ("b", pa.string())])
    assert fit(table, schema, "t").to_pydict() == {"a": [300], "b": ["x"]}
    with pytest.raises(UsageError, match="t: column 'a': expected values that int8 holds"):
        fit(table, pa.schema([("a", pa.int8())]), "t")


def test_a_null_is_refused_where_the_table_has_none():
    table = pa.table({"a": [1, None, None], "b": [1, 2, 3]})
    refuse_nulls(table, ["b"], "t")
    with pytest.raises(UsageError, match=r"column 'a': expected no nulls.*got 2"):
        refuse_nulls(table, ["a"], "t")


SCHEMAS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(PLAIN)), min_size=1, unique_by=lambda p: p[0]
).map(pa.schema)


@pytest.mark.slow
@given(SCHEMAS, SCHEMAS, st.booleans())
def test_the_next_version_has_the_columns_of_the_last_or_they_were_accepted(before, after, append):
    changed = agreed_schema(before, after, "t", change=True, append=False)
    assert changed in (before, after)
    if changed == before:
        assert agreed_schema(before, after, "t", change=False, append=append) == before
        assert sorted(after.names) == sorted(before.names)
    else:
        with pytest.raises(UsageError) as caught:
            agreed_schema(before, after, "t", change=False, append=append)
        assert ("--append" in caught.value.hint) == append


@pytest.mark.parametrize(
    ("found", "wanted", "fits"),
    [
        (pa.int32(), pa.int64(), True),
        (pa.int64(), pa.int32(), False),
        (pa.int64(), pa.float64(), True),
        (pa.int64(), pa.float32(), False),
        (pa.float32(), pa.float64(), True),
        (pa.float64(), pa.float32(), False),
        (pa.null(), pa.date32(), True),
        (pa.string(), pa.int64(), False),
    ],
)
def test_narrower_numbers_and_columns_without_values_fit(found, wanted, fits):
    before, after = pa.schema([("x", wanted)]), pa.schema([("x", found)])
    if fits:
        assert agreed_schema(before, after, "t", change=False, append=True) == before
    else:
        with pytest.raises(UsageError, match=f"'x' was {wanted} and is {found}"):
            agreed_schema(before, after, "t", change=False, append=True)


def test_many_differences_are_reported_in_part():
    before = pa.schema([("a", pa.int8())])
    after = pa.schema([(f"c{n}", pa.int8()) for n in range(20)])
    with pytest.raises(UsageError) as caught:
        agreed_schema(before, after, "t", change=False, append=False)
    assert caught.value.message.endswith("'c7' is new; …")
    assert "--allow-schema-change" in caught.value.hint


def test_a_column_that_differs_from_one_there_only_in_case_is_called_as_that_one():
    with pytest.raises(UsageError) as caught:
        agreed_schema(
            pa.schema([("Id", pa.int8())]),
            pa.schema([("id", pa.int8())]),
            "t",
            change=True,
            append=False,
        )
    assert caught.value.hint == "call it 'Id'"
