from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.replacement import Replacement
from tests.support.solution_samples import member_spec

ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
KNOWN = Replacement(member_spec("price"), Predictions([10.0, 20.0, 30.0, 40.0], None), None)


def test_rows_are_found_by_their_index() -> None:
    some = ROWS.iloc[[3, 1]]
    assert KNOWN.answers(some).predictions.tolist() == [40.0, 20.0]
    assert KNOWN.answers(ROWS.assign(y=1)).predictions.tolist() == [10.0, 20.0, 30.0, 40.0]


def test_an_array_of_all_rows_is_in_their_order() -> None:
    assert len(KNOWN.answers(np.zeros((4, 1)))) == 4
    with pytest.raises(PackageError, match="got an array of 2 of 4 rows"):
        KNOWN.answers(np.zeros((2, 1)))


def test_another_index_is_refused() -> None:
    with pytest.raises(PackageError, match=r"'price': expected rows with the index of the sol"):
        KNOWN.answers(ROWS.set_index(pd.Index(["a", "b", "c", "d"])))
