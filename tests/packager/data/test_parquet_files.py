"""Parquet read into frames of plain dtypes, whole or in blocks."""

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import read
from packager.data.sources.table import column_names
from packager.errors import UsageError


def test_parquet_has_plain_dtypes_and_a_fresh_index(tmp_path, messy):
    path = tmp_path / "t.parquet"
    frame = messy.assign(n=pd.array([1, 2, 3, 4], "Int64"), c=messy["sold"].astype("category"))
    frame.index = [9, 8, 7, 6]
    frame.to_parquet(path)
    found = read(path)
    assert column_names(path) == list(frame) == list(found)
    assert found.index.equals(pd.RangeIndex(4))
    assert found["n"].dtype == "int64"
    assert found["year-built"].dtype == "float64"
    assert found["has garden"].dtype == object
    assert found["has garden"].tolist()[0::2] == [True, False]
    assert isinstance(found["has garden"][1], float)  # NaN, as from CSV, not None
    assert found["when"].dtype.kind == "M"


def test_named_index_of_parquet_is_a_column(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1]}, index=pd.Index([5], name="id")).to_parquet(path)
    assert column_names(path) == list(read(path)) == ["a", "id"]


def test_parquet_files_of_one_folder_share_types(tmp_path):
    pd.DataFrame({"a": np.array([1], "int32"), "s": [None]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": np.array([2**40]), "s": ["x"]}).to_parquet(tmp_path / "2.parquet")
    assert read(tmp_path).a.tolist() == [1, 2**40]
    pd.DataFrame({"a": ["x"], "s": ["x"]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(UsageError, match="expected columns of the same type in every file"):
        read(tmp_path)
