"""Keys of rows as text."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.tables.delta import VersionedTable
from packager.tables.labels.keys import check_key, key_texts, refuse_repeated, row_keys, typed_texts


@pytest.mark.parametrize(
    ("texts", "kind", "found"),
    [
        (["17", "017", "x", "17.5", ""], pa.int64(), ["17", "17", None, None, None]),
        (["0.5", "5e-1", "x"], pa.float64(), ["0.5", "0.5", None]),
        (["true", "false"], pa.bool_(), ["true", "false"]),
        (["2026-03-01", "x"], pa.date32(), ["2026-03-01", None]),
        (["017", ""], pa.string(), ["017", ""]),
    ],
)
def test_a_text_is_compared_as_a_value_of_its_column(texts, kind, found):
    assert typed_texts(texts, kind) == found


@pytest.mark.slow
def test_the_keys_of_rows_are_those_of_equal_texts(commit, place):
    when = [dt.datetime(2026, 3, 1, 12), dt.datetime(2026, 3, 2)]
    frame = pd.DataFrame({"a": [1, 2], "s": ["x", 'ü, "q"'], "t": pd.to_datetime(when)})
    commit(frame)
    store = VersionedTable.open(place)
    columns = [
        typed_texts(["01", "2"], store.schema().field("a").type),
        typed_texts(["x", 'ü, "q"'], store.schema().field("s").type),
        typed_texts(["2026-03-01T12:00:00", "2026-03-02 00:00:00"], store.schema().field("t").type),
    ]
    assert row_keys(store, 1, ["a", "s", "t"]) == key_texts(columns)
    assert row_keys(store, 1, ["s"]) == frame["s"].tolist()
    hashes = [f"{value:016x}" for value in row_hashes(frame).tolist()]
    assert row_keys(store, 1, []) == hashes


def test_several_columns_are_not_confused():
    assert key_texts([["a", "a,b"], ["b,c", "c"]])[0] != key_texts([["a", "a,b"], ["b,c", "c"]])[1]
    assert key_texts([["a", None], ["b", "c"]]) == ['["a", "b"]', None]


def test_columns_without_text_are_no_key(place):
    schema = pa.schema([("a", pa.list_(pa.int64())), ("b", pa.binary())])
    for name in schema.names:
        with pytest.raises(UsageError, match="expected a key column of texts, numbers or times"):
            check_key(schema, [name], place)


def test_equal_rows_may_share_a_hash_but_no_key():
    refuse_repeated(["a", "a"], (), "t")
    with pytest.raises(UsageError, match="expected 'id' to identify one row, got 2 rows with a"):
        refuse_repeated(["a", "a"], ("id",), "t")
