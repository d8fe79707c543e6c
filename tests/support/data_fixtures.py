import pandas as pd
import pytest


@pytest.fixture
def messy():
    """A table as people have them: odd names, blanks, text that looks like numbers."""
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
