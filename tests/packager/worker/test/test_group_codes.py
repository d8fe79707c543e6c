"""Groups of rows by the equal values of columns."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.worker.test.group_codes import group_codes

ROWS = pd.DataFrame({"customer": ["a", "b", "a", None, None], "shop": [1, 1, 2, 1, 1]})


def test_equal_values_are_one_group_and_nulls_too() -> None:
    found = group_codes(ROWS, ["customer"])
    assert found is not None
    assert found.tolist() == [0, 1, 0, 2, 2]


def test_several_columns_together() -> None:
    found = group_codes(ROWS, ["customer", "shop"])
    assert found is not None
    assert found.tolist() == [0, 1, 2, 3, 3]


def test_without_columns_rows_are_independent() -> None:
    assert group_codes(ROWS, []) is None


def test_an_absent_column_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        group_codes(ROWS, ["client"])
    assert raised.value.message == (
        "[test] groups: expected the column 'client' in the data, which lack it"
    )
