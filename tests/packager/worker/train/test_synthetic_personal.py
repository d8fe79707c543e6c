"""Synthetic replacements for personal data belong to no person and have the same format."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import pytest

from packager.data.check_digits import is_card, is_iban
from packager.data.rows.coerce import make_converter
from packager.manifest.manifest import Column
from packager.manifest.personal import Personal
from packager.worker.train.synthetic_personal import TEXTS, synthetic


def column(personal: str, kind: str, dtype: str) -> Column:
    return Column.model_validate(
        {"name": "x", "kind": kind, "dtype": dtype, "nullable": False, "personal": personal}
    )


@pytest.mark.parametrize("personal", get_args(Personal))
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("string", "str"),
        ("integer", "int64"),
        ("number", "float64"),
        ("boolean", "bool"),
        ("datetime", "datetime64[s]"),
        ("datetime", "datetime64[us, UTC]"),
    ],
)
def test_every_way_gives_values_that_the_column_takes(personal, kind, dtype):
    told = column(personal, kind, dtype)
    take = make_converter(told)
    for make in synthetic(told):
        assert all(take(make(step)) is not None for step in range(20))


def test_the_values_are_reserved_for_examples():
    assert all(text.endswith("@example.com") for text in TEXTS["e-mail addresses"])
    assert all(text.startswith("192.0.2.") for text in TEXTS["IP addresses"])  # RFC 5737
    assert all("202 555 01" in text for text in TEXTS["phone numbers"])
    assert all(map(is_card, TEXTS["payment cards"]))
    assert all(map(is_iban, TEXTS["bank accounts"]))
    assert pd.to_datetime(list(TEXTS["birth dates"])).year.unique().tolist() == [1970]
