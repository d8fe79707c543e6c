"""Order and batch size, for models that legitimately or by chance differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from case_models import CLASSES, PRICES, Classes, Prices, asker, price_of, rows

from packager.worker.compile.held_out import json_rows
from packager.worker.test.cases.batches import check_batches
from packager.worker.test.report import Check

ROWS = json_rows(rows(30), PRICES)


def found(native: Any, **given: Any) -> Check:
    given = {"schema": PRICES, **given}
    return check_batches(ROWS, range(len(ROWS)), asker(native, **given), given["schema"])


def test_rounding_of_another_batch_size_is_no_difference() -> None:
    assert found(Prices(lambda f: price_of(f) * (1 + 1e-7 * len(f)))).verdict == "passed"
    assert found(Prices(lambda f: price_of(f) * (1 + 1e-5 * len(f)))).verdict == "failed"


def test_a_tie_may_fall_either_way() -> None:
    class Tied(Classes):
        def predict(self, frame: pd.DataFrame) -> Any:
            return self.classes_[[len(frame) % 2] * len(frame)]

    half = Tied(lambda f: np.full(len(f), 0.5))
    assert found(half, schema=CLASSES, task="classification").verdict == "passed"


def test_a_label_that_depends_on_the_batch_is_found() -> None:
    ranked = Classes(lambda f: (price_of(f) >= price_of(f).max()) * 0.8 + 0.1)
    check = found(ranked, schema=CLASSES, task="classification")
    assert check.verdict == "failed"
    assert "got cheap, and dear for batches of 7 rows" in check.why
    assert check.examples[0]["cells"]["cut"] in ("Fair", "Good", "Ideal")


def test_a_model_that_refuses_single_rows_warns() -> None:
    def series(frame: pd.DataFrame) -> Any:
        if len(frame) < 10:
            raise ValueError("a series is longer")
        return price_of(frame)

    check = found(Prices(series))
    assert (check.verdict, check.severity) == ("failed", "warn")
    assert "the model raises for batches of 7 rows, and answers all 30 rows together" in check.why


def test_a_model_that_answers_nothing_is_not_judged() -> None:
    def broken(frame: pd.DataFrame) -> Any:
        raise ValueError("broken")

    check = found(Prices(broken))
    assert check.verdict == "inconclusive"
    assert check_batches([], [], asker(Prices()), PRICES).verdict == "inconclusive"
