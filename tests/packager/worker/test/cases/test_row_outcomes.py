"""The outcome of each row, whatever the model does with it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from case_models import Prices, asker, price_of

ROW = {"carat": 1.0, "count": 1, "cut": "Fair", "note": "a"}


def picky(frame: pd.DataFrame) -> Any:
    if (frame["note"] == "bad").any():
        raise ValueError("no such note")
    return price_of(frame)


def test_a_row_on_which_the_model_raises_has_no_answer_and_others_have() -> None:
    rows = [ROW, {**ROW, "note": "bad"}, {**ROW, "carat": 2.0}, {**ROW, "note": "bad"}, ROW]
    found = asker(Prices(picky)).query(rows)
    assert [one.answer and one.answer["prediction"] for one in found] == [
        *(2010.0, None, 4010.0, None, 2010.0)
    ]
    assert found[1].why.startswith("the model raises: ")
    assert "no such note" in found[1].why


def test_a_row_that_a_server_refuses_is_not_sent() -> None:
    found = asker(Prices()).query([{**ROW, "count": 1.5}, ROW, {"carat": 1.0}])
    assert found[0].why == ("a server refuses the column 'count': expected an integer, got 1.5")
    assert found[1].answer == {"prediction": 2010.0}
    assert found[2].answer is None


def test_flags_say_what_leaves_the_training_range() -> None:
    (one,) = asker(Prices()).query([{**ROW, "carat": 99.0, "cut": "Odd"}])
    assert one.flags == {"carat:out_of_range", "cut:unseen"}
    assert one.answer == {"prediction": 198010.0}
