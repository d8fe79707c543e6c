"""A model with fixed settings: the columns it uses, and tables that it doesn't judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fold_tables import labelled_rows, sentences

from packager.data.checks.cross_validation import plan_folds
from packager.data.checks.default_model import check_readable, default_model
from packager.data.checks.issue import NotApplicableError
from packager.data.checks.table import table_of


def test_columns_without_values_do_not_stop_a_stand_in():
    rows = labelled_rows().assign(blank=np.nan, one=1, wild=np.inf)
    table = table_of(rows, "y", task="classification")
    found = plan_folds(table).answered(default_model("classification"))
    assert (np.argmax(found.answers, axis=1) == found.given).mean() > 0.95
    nothing = table_of(rows[["blank", "one", "y"]], "y", task="classification")
    with pytest.raises(NotApplicableError, match="no feature has two values"):
        plan_folds(nothing).answered(default_model("classification"))


def test_a_stand_in_does_not_judge_free_text_or_a_table_too_wide():
    rows = labelled_rows().assign(text=sentences(200))
    with pytest.raises(NotApplicableError, match=r"cannot read free text \(column 'text'\)"):
        check_readable(table_of(rows, "y", task="classification"))
    check_readable(table_of(labelled_rows(), "y", task="classification"))
    wide = pd.DataFrame(np.zeros((3, 600)), columns=[f"c{n}" for n in range(600)])
    with pytest.raises(NotApplicableError, match="500 features at most, got 599"):
        check_readable(table_of(wide, "c0", task="classification"))
