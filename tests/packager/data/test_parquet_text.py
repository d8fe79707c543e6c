"""Parquet text with each distinct value stored once."""

from __future__ import annotations

import pandas as pd

from modelhost.frames import keep_text_plain
from packager.data.frames import read


def test_equal_texts_of_parquet_share_one_string(tmp_path):
    pd.DataFrame({"a": ["some text"] * 9 + [None]}).to_parquet(tmp_path / "t.parquet")
    keep_text_plain()
    cells = read(tmp_path / "t.parquet")["a"].astype(object).tolist()
    assert len({id(cell) for cell in cells[:9]}) == 1
