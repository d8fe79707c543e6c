"""A model with fixed settings: the columns it uses, and tables that it doesn't judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fold_tables import labelled_rows
from picture_samples import gray_png

from packager.data.array_column import ArrayColumn
from packager.data.checks.cross_validation import plan_folds
from packager.data.checks.default_model import check_readable, default_model
from packager.data.checks.issue import NotApplicableError
from packager.data.checks.table import table_of

pytestmark = pytest.mark.slow


def test_columns_without_values_do_not_stop_a_stand_in():
    rows = labelled_rows().assign(blank=np.nan, one=1, wild=np.inf)
    table = table_of(rows, "y", task="classification")
    found = plan_folds(table).predict_all(default_model("classification"))
    assert (np.argmax(found.predictions, axis=1) == found.target_values).mean() > 0.95
    nothing = table_of(rows[["blank", "one", "y"]], "y", task="classification")
    with pytest.raises(NotApplicableError, match="no feature has two values"):
        plan_folds(nothing).predict_all(default_model("classification"))


def test_a_stand_in_does_not_judge_a_table_too_wide():
    check_readable(table_of(labelled_rows(), "y", task="classification"))
    wide = pd.DataFrame(np.zeros((3, 600)), columns=[f"c{n}" for n in range(600)])
    with pytest.raises(NotApplicableError, match="500 features at most, got 599"):
        check_readable(table_of(wide, "c0", task="classification"))


def separable(column):
    labels = pd.Series(["even", "odd"] * 100)
    table = table_of(pd.DataFrame({"x": column, "y": labels}), "y", task="classification")
    found = plan_folds(table).predict_all(default_model("classification"))
    return (np.argmax(found.predictions, axis=1) == found.target_values).mean()


def test_a_stand_in_reads_the_words_of_text():
    words = (("cold", "rainy"), ("warm", "sunny"))
    texts = [f"note {n}: a {words[n % 2][n // 2 % 2]} day" for n in range(200)]
    assert separable(pd.Series(texts)) > 0.9


def test_a_stand_in_reads_arrays_lists_and_images():
    blocks = np.zeros((200, 9, 9), np.uint8)
    blocks[1::2, 0] = 7
    blocks[:, 5] = np.arange(200)[:, None]
    assert separable(pd.Series(ArrayColumn(blocks))) > 0.9
    assert separable(pd.Series([[n, "odd" if n % 2 else "even"] for n in range(200)])) > 0.9
    light = [gray_png(np.full((9, 9), 20 + 100 * (n % 2) + n // 20)) for n in range(200)]
    assert separable(pd.Series(light, dtype=object)) > 0.9
