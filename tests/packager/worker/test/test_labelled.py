"""The labelled rows with the model's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from case_models import manifest_of, price_of, rows

from packager.model.predictions import Predictions
from packager.worker.test.labelled import judged_data, measured_rows
from packager.worker.test.new_rows import read_new_rows
from packager.worker.test.weighted_rows import WeightedRows


def test_the_kept_rows_are_judged_with_their_weights(tmp_path: Path) -> None:
    table = rows(6).assign(price=lambda frame: price_of(frame))
    table.to_csv(tmp_path / "new.csv", index=False)
    read = read_new_rows(tmp_path / "new.csv", manifest_of())
    found = Predictions([value + 1 for value in table["price"]], None)
    kept = np.array([True, True, False, False, True, True])
    judged = judged_data(read, found, kept)
    assert judged is not None
    assert len(judged) == 4
    assert judged.estimates()["mae"].value == 1.0
    assert judged_data(read, found, np.zeros(6, np.bool_)) is None
    weighted = judged_data(read, found, kept, np.full(6, 0.5))
    assert isinstance(weighted, WeightedRows)
    assert weighted.weights.tolist() == [2.0, 2.0, 2.0, 2.0]


def test_rows_that_nothing_is_measured_on_have_a_reason(tmp_path: Path) -> None:
    table = rows(3).assign(price=[1.0, None, 3.0])
    table.to_csv(tmp_path / "new.csv", index=False)
    read = read_new_rows(tmp_path / "new.csv", manifest_of())
    kept, why = measured_rows(read, np.array([True, True, False]))
    assert (kept.tolist(), why) == ([True, False, False], "")
    kept, why = measured_rows(read, np.array([False, True, False]))
    assert (kept.any(), why) == (False, "every labelled row is one of the training")
    read = read_new_rows(tmp_path / "new.csv", manifest_of()).where(np.array([False, True, False]))
    assert measured_rows(read, np.ones(1, np.bool_))[1] == "the new data have no labels"
    table.rename(columns={"price": "Price"}).to_csv(tmp_path / "named.csv", index=False)
    read = read_new_rows(tmp_path / "named.csv", manifest_of())
    told = "the new data have no labels (they have 'Price', not 'price')"
    assert measured_rows(read, np.ones(3, np.bool_))[1] == told
