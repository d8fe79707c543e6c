"""Opening untrusted Parquet files."""

import pytest

from packager.data.frames import read
from packager.errors import UsageError


def test_damaged_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UsageError, match=r"a.parquet: expected a Parquet file, got"):
        read(tmp_path / "a.parquet")
