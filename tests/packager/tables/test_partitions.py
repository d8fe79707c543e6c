"""Values of partition columns are text in the log, and are restored to their types."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.tables.partitions import by_partition, partition_text, partition_value

DATETIMES = st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1))
PAIRS = st.one_of(
    st.tuples(st.booleans(), st.just(pa.bool_())),
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.just(pa.int64())),
    st.tuples(st.floats(), st.just(pa.float64())),
    st.tuples(st.floats(width=32), st.just(pa.float32())),
    st.tuples(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.just(pa.string())),
    st.tuples(st.dates(dt.date(1, 1, 1)), st.just(pa.date32())),
    st.tuples(st.decimals(-(10**6), 10**6, places=2), st.just(pa.decimal128(12, 2))),
    st.tuples(DATETIMES, st.just(pa.timestamp("us"))),
    st.tuples(
        DATETIMES.map(lambda t: t.replace(tzinfo=dt.UTC)), st.just(pa.timestamp("us", "UTC"))
    ),
)


@given(PAIRS)
def test_a_value_comes_back_from_its_text(pair):
    value, kind = pair
    found = partition_value(partition_text(value, kind), kind).as_py()
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(found)
    else:
        assert found == value
    assert partition_value(partition_text(value, kind), kind).type == kind


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (True, pa.bool_(), "true"),
        (0.1, pa.float32(), "0.1"),
        (float("-inf"), pa.float64(), "-Infinity"),
        (Decimal("1.10"), pa.decimal128(8, 2), "1.10"),
        (dt.datetime(2024, 1, 31, 10), pa.timestamp("us"), "2024-01-31 10:00:00.000000"),
        (
            dt.datetime(2024, 1, 31, 10, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            pa.timestamp("us", "UTC"),
            "2024-01-31T09:00:00.000000Z",
        ),
        (None, pa.string(), None),
    ],
)
def test_values_are_written_as_the_protocol_says(value, kind, text):
    assert partition_text(value, kind) == text


@pytest.mark.parametrize("text", [None, ""])
def test_no_text_is_null_whatever_the_type(text):
    for kind in (pa.string(), pa.int64(), pa.timestamp("us", "UTC")):
        assert partition_value(text, kind).as_py() is None


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 2)), min_size=1))
def test_every_row_is_in_one_partition_in_its_order(rows):
    table = pa.table(
        {
            "p": pa.array([p for p, _ in rows], pa.string()),
            "q": [q for _, q in rows],
            "n": range(len(rows)),
        }
    )
    seen: list[int] = []
    for values, part in by_partition(table, ["p", "q"], "t"):
        assert {(v["p"], v["q"]) for v in part.to_pylist()} == {(values["p"], int(values["q"]))}
        numbers = part["n"].to_pylist()
        assert numbers == sorted(numbers)
        seen += numbers
    assert sorted(seen) == list(range(len(rows)))


def test_empty_text_is_refused_as_it_would_be_read_as_null():
    with pytest.raises(
        UsageError, match="t: partition column 'p': '' cannot be distinguished from null"
    ):
        list(by_partition(pa.table({"p": ["a", ""]}), ["p"], "t"))
