"""A realistic table, and a function that reads a file with given read options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from packager.data.fingerprint import fingerprint
from packager.data.frames import read
from packager.data.model_input import to_model_input
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions
from packager.tables import stream


@pytest.fixture
def messy() -> pd.DataFrame:
    """A realistic table: odd names, nulls, text that looks like numbers."""
    return pd.DataFrame(
        {
            "house size": [70.5, None, 120.0, 33.25],
            "year-built": [1970, 1985, None, 2001],
            "größe": [1, 2, 3, 4],
            "has garden": [True, None, False, True],
            "sold": [True, False, True, True],
            "zip": ["x007", "x0815", None, "x1234"],
            "town": ["Zürich", "São Paulo", "京都", 'a, "b"\nc'],
            "when": pd.to_datetime(
                ["2024-01-31T00:00", "2024-02-29T12:30", None, "2025-01-01T08:00"]
            ),
        }
    )


@pytest.fixture
def read_table(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Write a file and read it; reading it in blocks must give the same fingerprint."""

    def read_table(text: str | bytes, name: str = "t.csv", **options: Any) -> pd.DataFrame:
        file, reader = tmp_path / name, TableReadOptions.model_validate(options)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        frame = read(file, reader)
        printed = stream.fingerprint_path(file, reader).model_copy(update={"files": ()})
        assert printed == fingerprint(frame)
        return to_model_input(frame, reader)

    return read_table


def refusal(call: Callable[..., object], *arguments: Any, **options: Any) -> UsageError:
    """The ``UsageError`` that ``call`` raises for its arguments."""
    with pytest.raises(UsageError) as caught:
        call(*arguments, **options)
    return caught.value
