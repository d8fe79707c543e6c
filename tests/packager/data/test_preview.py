"""The preview of a table: its first rows and types, without reading all of it."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from packager.data.preview import read_first_rows, refuse_commas
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions


@pytest.mark.parametrize(
    ("cells", "marks"),
    [
        (['"0,126"', '"1,5"'], {"decimal": ","}),
        (['"1,234"', "12"], {"thousands": ","}),
        (['"1.234,5"', '"7,25"'], {"decimal": ",", "thousands": "."}),
    ],
)
def test_numbers_with_commas_are_not_taken_for_text(read_table, tmp_path, cells, marks):
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in cells * 15)
    read_table(text)
    with pytest.raises(UsageError, match="numbers with a decimal point in 'a'") as caught:
        refuse_commas(read_first_rows(tmp_path / "t.csv"), TableReadOptions(), "t.csv")
    line = caught.value.hint.partition("package.toml: ")[2].partition(", or declare")[0]
    assert tomllib.loads(line) == {"read": marks}
    assert pd.api.types.is_numeric_dtype(read_table(text, **marks)["a"].dtype)
