from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from monitoring.slices.kinds import ValueKind, kind_of
from monitoring.slices.slices import Rule

DTYPES: dict[str, Any] = pd.DataFrame(
    {
        "carat": pd.Series(dtype="float32"),
        "count": pd.Series(dtype="Int64"),
        "color": pd.Series(dtype="str"),
        "cut": pd.Categorical([], categories=["Good", "Ideal"]),
        "sold": pd.Series(dtype=bool),
        "day": pd.Series(dtype="datetime64[us, UTC]"),
        "any": pd.Series(dtype=object),
    }
).dtypes.to_dict()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("carat", "number"),
        ("count", "number"),
        ("color", "text"),
        ("cut", "text"),
        ("sold", "boolean"),
        ("day", "datetime"),
        ("any", "any"),
    ],
)
def test_a_dtype_says_what_a_column_holds(column: str, kind: ValueKind) -> None:
    assert kind_of(DTYPES[column]) == kind


@pytest.mark.parametrize(
    "rule",
    [
        "sold == 1",
        "sold < carat",
        "day >= '2024-01-31' and day not in ['2024-02-01', '2024-02-02']",
        "'2024-01-31' < day",
        "any and any > 1 and any > 'a' and any == day and any + 1 > carat",
        "cut > color",
        "1 < carat / count <= 2",
    ],
)
def test_a_rule_on_like_columns_is_accepted(rule: str) -> None:
    Rule.parse(rule).check(DTYPES)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (
            "color > 1",
            r"expected alike values in a comparison, got color \(text\) and 1 \(number\)",
        ),
        ("1 < carat < 'x'", r"got carat \(number\) and 'x' \(text\)"),
        ("carat in [1, 'x']", r"got carat \(number\) and 'x' \(text\)"),
        ("carat > 1 or not cut == sold", r"got cut \(text\) and sold \(boolean\)"),
        ("day > 20240131", r"got day \(datetime\) and 20240131 \(number\)"),
        ("day == color", r"got day \(datetime\) and color \(text\)"),
        ("day in ['soon']", "expected a date such as '2024-01-31', got 'soon'"),
        ("carat + color > 1", r"expected numbers in arithmetic, got color \(text\)"),
        ("-sold < 1", r"expected numbers in arithmetic, got sold \(boolean\)"),
        ("carat + 1 == 'x'", r"got a calculation with carat \(number\) and 'x' \(text\)"),
        ("not day", r"expected a condition, got day \(datetime\)"),
        ("carat in [1] == 2", r"expected a value, got '\[1\]'"),
    ],
)
def test_a_rule_on_unlike_columns_is_refused_without_a_row(rule: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"rule .*: .*{error}"):
        Rule.parse(rule).check(DTYPES)
