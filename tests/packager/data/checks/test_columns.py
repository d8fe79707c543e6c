"""Features without information: constants and ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dirty_tables import ROWS, clean, issues_of

from packager.data.checks.columns import constant, id_like


def test_columns_that_teach_nothing_are_named():
    frame = clean().assign(number=np.arange(ROWS) + 7, same=1)
    frame["key"] = [f"k{place}" for place in range(ROWS)]
    assert [one.column for one in issues_of(constant, frame)] == ["same"]
    assert [one.column for one in issues_of(id_like, frame)] == ["number", "key"]


def test_bytes_and_lists_are_no_ids():
    frame = pd.DataFrame(
        {"file": [bytes([n, 1]) for n in range(200)], "y": [n % 9 for n in range(200)]}
    )
    frame["tags"] = [[n] for n in range(200)]
    assert issues_of(id_like, frame) == []
