"""Opening untrusted Parquet files."""

import sys

import pytest

from packager.data.frames import read
from packager.data.parquet_open import schema_of
from packager.errors import UsageError


def test_damaged_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UsageError, match=r"a.parquet: expected a Parquet file, got"):
        read(tmp_path / "a.parquet")


def test_parquet_without_its_reader_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"a.parquet: expected CSV or NumPy files.* got Parquet"):
        schema_of(tmp_path / "a.parquet")
