"""Sources of a version, in Delta's types, that can be read repeatedly."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from packager.errors import UsageError
from packager.tables.source import open_source


def csv(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


def test_rows_can_be_read_again_and_again(tmp_path: Path):
    source = open_source(csv(tmp_path, "a,b\n1,x\n2,\n"))
    for _ in range(2):
        (table,) = (t for t in source.tables() if len(t))
        assert table.to_pydict() == {"a": [1, 2], "b": ["x", None]}
    assert source.schema == pa.schema({"a": pa.int64(), "b": pa.string()})
    assert [entry.path for entry in source.files] == ["rows.csv"]


def test_a_column_without_values_has_no_type_yet(tmp_path: Path):
    assert open_source(csv(tmp_path, "a,b\n1,\n")).schema.field("b").type == pa.null()


def test_integers_beyond_64_bits_are_refused_with_a_way_out(tmp_path: Path):
    with pytest.raises(UsageError, match="column 'id': expected integers of 64 bits") as caught:
        open_source(csv(tmp_path, f"id\n{2**64}\n"))
    assert "letter" in caught.value.hint


def test_only_text_of_which_nobody_said_what_is_null_may_hold_null_words(tmp_path: Path):
    source = open_source(csv(tmp_path, "n,t\n1,x\n2,NA\n3,NA\n"))
    assert source.guessed == ("t",)
    assert source.null_words(["t"]) == {"t": {"NA": 2}}


def test_integers_with_nulls_are_known_as_floats_of_a_frame(tmp_path: Path):
    table = pa.table({"whole": [1, 2], "holed": [1, None], "text": ["a", None]})
    pq.write_table(table, tmp_path / "rows.parquet")
    assert open_source(tmp_path / "rows.parquet").floats == ("holed",)


def test_partitions_are_columns_of_the_version(tmp_path: Path):
    for name, value in {"n=1/c=red": 1.5, "n=2/c=__HIVE_DEFAULT_PARTITION__": 2.5}.items():
        (tmp_path / name).mkdir(parents=True)
        pq.write_table(pa.table({"x": [value, value]}), tmp_path / name / "part.parquet")
    source = open_source(tmp_path)
    assert source.schema == pa.schema({"x": pa.float64(), "n": pa.int64(), "c": pa.string()})
    assert pa.concat_tables(source.tables()).to_pydict() == {
        "x": [1.5, 1.5, 2.5, 2.5], "n": [1, 1, 2, 2], "c": ["red", "red", None, None],
    }  # fmt: skip
    assert source.floats == ()


def test_integer_partitions_with_nulls_are_floats_of_a_frame(tmp_path: Path):
    for name in ("n=1", "n=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"x": [1]}), tmp_path / name / "part.parquet")
    source = open_source(tmp_path)
    assert source.floats == ("n",)
    assert [v for t in source.tables() for v in t["n"].to_pylist()] == [1, None]


def test_encoded_text_of_a_folder_is_text(tmp_path: Path):
    folder = tmp_path / "rows"
    folder.mkdir()
    for place, values in enumerate((["a", "b"], ["b", "c"])):
        encoded = pa.table({"t": pa.array(values).dictionary_encode()})
        pq.write_table(encoded, folder / f"{place}.parquet")
    source = open_source(folder)
    values = [v for table in source.tables() for v in table["t"].to_pylist()]
    assert values == ["a", "b", "b", "c"]
    assert source.schema.field("t").type == pa.string()
