from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.model import load_model
from modelhost.predictions import Predictions
from modelhost.solution.flow import load_flow
from tests.modelhost.solution.conftest import Load
from tests.support.solution_samples import member_spec

UP = (member_spec("up", "inline", task="classification"), {"classes": ["no", "yes"]})
ROWS = pd.DataFrame({"x": [-1.0, 2.0]})


def test_the_probabilities_are_in_the_order_that_is_declared(load: Load) -> None:
    flow = load(
        UP, flow="def run(rows, members):\n    return members.up(rows)\n", classes=("yes", "no")
    )
    labels, chances = flow.label_and_probabilities(ROWS)  # type: ignore[attr-defined]
    assert labels == ["no", "yes"]
    assert np.allclose(chances[:, 0], 1 / (1 + np.exp([1.0, -2.0])))


@pytest.mark.parametrize(
    ("returns", "labels"),
    [
        ("members.up(rows).probabilities", ["no", "yes"]),
        ("(['no', 'no'], members.up(rows).probabilities)", ["no", "no"]),
    ],
)
def test_what_a_flow_may_return(load: Load, returns: str, labels: list[str]) -> None:
    flow = load(UP, flow=f"def run(rows, members):\n    return {returns}\n", classes=("no", "yes"))
    assert flow.predict(ROWS) == labels


def test_labels_without_the_declared_probabilities(load: Load) -> None:
    flow = load(
        UP,
        flow="def run(rows, members):\n    return members.up(rows).predictions\n",
        classes=("no", "yes"),
    )
    with pytest.raises(PackageError, match=r"expected probabilities of the 2 classes .* shape \(2"):
        flow.predict(ROWS)


def test_fewer_answers_than_rows_are_counted(load: Load) -> None:
    few = "def run(rows, members):\n    return members.up(rows).probabilities[1:]\n"
    flow = load(UP, flow=few, classes=("no", "yes"))
    with pytest.raises(PackageError, match="expected an answer to each of 2 rows, got 1"):
        flow.predict(ROWS)


def test_it_is_loaded_as_a_model(load: Load, tmp_path: Path) -> None:
    load((member_spec("double", "inline"), {"scale": 2}))
    model = load_model(tmp_path / "model", "auto", "solution", "regression")
    assert model.predict(ROWS).labels == [-2.0, 4.0]
    assert (model.type_name, model.classes, model.has_probabilities) == ("Flow", None, False)
    assert model.feature_names is None


def test_a_flow_that_is_not_there(load: Load) -> None:
    with pytest.raises(UsageError, match=r"\[package\] flow: expected 'run' in module 'flow'"):
        load((member_spec("double", "inline"), {"scale": 2}), flow="x = 1\n")


def test_a_damaged_record(tmp_path: Path) -> None:
    (tmp_path / "solution.json").write_text("{")
    with pytest.raises(PackageError, match="expected a solution, got JSONDecodeError"):
        load_flow(tmp_path, None)


def test_rows_without_an_answer_of_a_member_are_named_once(load: Load) -> None:
    text = """
    def run(rows, members):
        doubled = members.double(rows[rows["x"] > 0]).predictions
        return [0.0] * (len(rows) - len(doubled)) + list(doubled)
    """
    spec = member_spec("double", "inline", on_error="null")
    flow = load((spec, {"scale": 2}), flow=textwrap.dedent(text))
    answered = Predictions([0.0], None)
    flow.predict(pd.DataFrame({"x": [-1.0, 777.0, 2.0]}))
    assert flow.with_absent(answered).absent == {"double": [1]}
    assert flow.with_absent(answered).absent is None
    flow.predict(ROWS)
    assert flow.with_absent(answered) is answered
