"""Free text is distinguished from names, ids and categories."""

from __future__ import annotations

import pandas as pd
import pytest
from fold_tables import labelled_rows, sentences

from packager.data.checks.free_text import is_free_text
from packager.data.checks.table import table_of


@pytest.mark.parametrize(
    ("values", "free"),
    [
        (sentences(200), True),
        ([f"荷物が遅れて届きました番号{n}" for n in range(200)], True),
        ([f"{n:032x}" for n in range(200)], False),
        ([f"Anna Berg {n}" for n in range(200)], False),
        (["a b c d e", "f g h i j"] * 100, False),
        ([None] * 200, False),
    ],
)
def test_free_text_is_distinguished_from_names_ids_and_categories(values, free):
    rows = labelled_rows().assign(text=pd.Series(values, dtype=object).to_numpy())
    assert is_free_text(table_of(rows, "y"), "text") is free
