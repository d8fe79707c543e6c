"""Runs of a flow with members replaced, on solutions of one line a member."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.study import OtherMember, Study, UnansweredError
from tests.support.study_samples import SampleMember, loaded_solution

SEGMENTER = SampleMember(
    "np.where(frame['x'] > 0, 'car', 'home')", ("x:number",), ("car", "home"), "segment"
)
PRICE = SampleMember(
    "frame['y'] * np.where(frame['segment'] == 'car', 2, 1)",
    ("y:number", "segment:string"),
    truth="value",
)
MEMBERS = {"segmenter": SEGMENTER, "price": PRICE}
FLOW = """
def run(rows, members):
    kind = members.segmenter(rows)
    price = members.price(rows.assign(segment=kind.predictions))
    return price.predictions + 10 * kind.probability("car")
"""
ROWS = pd.DataFrame({"x": [1.0, -1.0, 2.0], "y": [1.0, 2.0, 3.0]})


def labels(found: Predictions) -> list[Any]:
    return found.labels


def test_a_member_is_replaced_by_its_right_answers(tmp_path: Path) -> None:
    """What depends on it changes, too: its price and its probability.

    The first row has a wrong segment: its price, 2 and not 1, keeps that error of another, and
    loses its own, 1 instead of 7.
    """
    with loaded_solution(tmp_path, FLOW, MEMBERS) as model:
        truth = {"segmenter": ["home", "home", "car"], "price": [7.0, 8.0, 9.0]}
        study = Study(model, ROWS, (), truth)
        assert labels(study.run()) == labels(model.predict(ROWS)) == [12.0, 2.0, 16.0]
        assert labels(study.run(["segmenter"])) == [1.0, 2.0, 16.0]
        assert labels(study.run(["price"])) == [18.0, 8.0, 19.0]
        assert labels(study.run(["segmenter", "price"])) == [7.0, 8.0, 19.0]
        assert labels(study.run()) == [12.0, 2.0, 16.0]
    assert model.native.members.observer is None


def test_unknown_right_answers_are_the_members_own(tmp_path: Path) -> None:
    with loaded_solution(tmp_path, FLOW, MEMBERS) as model:
        study = Study(model, ROWS, (), {"segmenter": ["home", None, None]})
        assert labels(study.run(["segmenter"])) == [1.0, 2.0, 16.0]


def test_a_member_that_gets_the_same_rows_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sets of two members: the second gets two kinds of rows, the first one."""
    with loaded_solution(tmp_path, FLOW, MEMBERS) as model:
        asked: list[str] = []
        for name in MEMBERS:
            runner = model.native.members[name].runner
            ask = runner.submit

            def counted(rows: Any, until: Any, name: str = name, ask: Any = ask) -> Any:
                asked.append(name)
                return ask(rows, until)

            monkeypatch.setattr(runner, "submit", counted)
        truth = {"segmenter": ["home", "home", "car"], "price": [7.0, 8.0, 9.0]}
        study = Study(model, ROWS, (), truth)
        for size in range(3):
            for names in itertools.combinations(MEMBERS, size):
                study.run(names)
    assert sorted(asked) == ["price", "price", "segmenter"]


def test_each_call_is_recorded_with_the_places_of_its_rows(tmp_path: Path) -> None:
    flow = """
def run(rows, members):
    kind = members.segmenter(rows)
    some = rows[kind.predictions == "car"].assign(segment="car")
    made = kind.probability("car")
    made[kind.predictions == "car"] = members.price(some).predictions
    return made
"""
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), {})
        study.run()
        calls = [(one.member, one.indices, one.predictions.labels) for one in study.received]
    assert calls == [
        ("segmenter", [0, 1, 2], ["car", "home", "car"]),
        ("price", [0, 2], [2.0, 6.0]),
    ]


@pytest.mark.parametrize(
    ("hand", "got"),
    [
        ("rows[rows['x'] > 0].reset_index(drop=True)", r"an index with \[0, 1\]"),
        ("rows[rows['x'] > 0][['x']].to_numpy()", "an array of 2 of 3 rows"),
    ],
)
def test_rows_that_lost_their_index_are_no_other_rows(tmp_path: Path, hand: str, got: str) -> None:
    """Rows numbered anew would get the right answers of the first rows."""
    flow = f"""
def run(rows, members):
    members.segmenter({hand})
    return rows["x"]
"""
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), {"segmenter": ["car"] * 3})
        with pytest.raises(PackageError, match=f"expected rows with the index.*{got}"):
            study.run(["segmenter"])


def test_a_whole_array_is_all_rows(tmp_path: Path) -> None:
    flow = """
def run(rows, members):
    return members.segmenter(rows[["x"]].to_numpy()).probability("car")
"""
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), {"segmenter": ["home", "car", "home"]})
        assert labels(study.run(["segmenter"])) == [0.0, 1.0, 0.0]


def other(answers: dict[str, Predictions]) -> OtherMember:
    """The price of another release, which takes other columns."""
    from modelhost.columns import ColumnSpec

    spec = {
        "name": "price",
        "process": "own",
        "deadline": None,
        "on_error": "fail",
        "truth": None,
        "task": "regression",
        "predictor": "auto",
        "loader": "joblib",
        "takes": "frame",
        "classes": None,
        "outputs": [],
        "features": [ColumnSpec("y", "number", "float64").as_json()],
        "defaults": {},
        "pickle_allow": [],
    }
    return OtherMember({"spec": spec, "classes": None, "has_probabilities": False}, answers)


def test_a_member_of_another_release_is_asked_elsewhere(tmp_path: Path) -> None:
    """A run ends with its rows, and goes on when the answers are known; a flow can't catch that."""
    flow = FLOW.replace("    price =", "    try:\n        price =").replace(
        "    return", "    except Exception:\n        return rows['x']\n    return"
    )
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), {}, [other({})])
        with pytest.raises(UnansweredError) as found:
            study.run(swapped=["price"])
        assert found.value.member == "price"
        assert found.value.columns.rows == 3
        known = {found.value.digest: Predictions([5.0, 6.0, 7.0], None)}
        study = Study(model, ROWS, (), {}, [other(known)])
        assert labels(study.run(swapped=["price"])) == [15.0, 6.0, 17.0]
        assert labels(study.run()) == [12.0, 2.0, 16.0]


def test_probabilities_of_unknown_rows_are_the_members_own(tmp_path: Path) -> None:
    flow = "def run(rows, members): return members.segmenter(rows).probability('car')"
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), {"segmenter": [None, "car", "boat"]})
        np.testing.assert_array_equal(study.run(["segmenter"]).labels, [1.0, 1.0, 0.0])


def test_a_label_that_a_wrong_input_changed_is_no_error_of_its_member(tmp_path: Path) -> None:
    """The second member only repeats what it is told: with its right answers it still does."""
    members = {
        "one": SampleMember("frame['name']", ("name:string",), ("a", "b"), "right"),
        "two": SampleMember("frame['told']", ("told:string",), ("a", "b"), "right"),
    }
    flow = """
def run(rows, members):
    told = rows[["name"]].assign(told=members.one(rows).predictions)
    return [ord(one) for one in members.two(told).predictions]
"""
    rows = pd.DataFrame({"name": ["a", "b", "a"]})
    truth = {"one": ["a", "a", "a"], "two": ["a", "a", "b"]}
    with loaded_solution(tmp_path, flow, members) as model:
        study = Study(model, rows, (), truth)
        assert labels(study.run()) == [97.0, 98.0, 97.0]
        assert labels(study.run(["two"])) == [97.0, 98.0, 98.0]
        assert labels(study.run(["one"])) == [97.0, 97.0, 97.0]
        assert labels(study.run(["one", "two"])) == [97.0, 97.0, 98.0]


def test_a_row_that_a_member_gets_by_another_ones_error_is_its_own_answer(tmp_path: Path) -> None:
    """The first row is no car: the model of cars has no right answer to it."""
    flow = """
def run(rows, members):
    kind = members.segmenter(rows).predictions
    made = rows["y"] * 0
    made[kind == "car"] = members.price(rows[kind == "car"].assign(segment="car")).predictions
    return made
"""
    truth = {"segmenter": ["home", "home", "car"], "price": [7.0, 8.0, 9.0]}
    with loaded_solution(tmp_path, flow, MEMBERS) as model:
        study = Study(model, ROWS, (), truth)
        assert labels(study.run()) == [2.0, 0.0, 6.0]
        assert labels(study.run(["price"])) == [2.0, 0.0, 9.0]
        assert labels(study.run(["segmenter", "price"])) == [0.0, 0.0, 9.0]


def test_a_right_label_leaves_a_cascade_as_it_is(tmp_path: Path) -> None:
    """The second member is asked about what the first is not sure of, right or wrong."""
    members = {
        "one": SampleMember(
            "frame['name']", ("name:string", "p:number"), ("a", "b"), sure="frame['p']"
        ),
        "two": SampleMember("frame['other']", ("other:string",), ("a", "b")),
    }
    flow = """
def run(rows, members):
    first = members.one(rows)
    made, unsure = first.predictions.copy(), first.probabilities.max(axis=1) < 0.8
    if unsure.any():
        made[unsure] = members.two(rows[unsure]).predictions
    return [ord(one) for one in made]
"""
    rows = pd.DataFrame({"name": [*"baba"], "p": [0.9, 0.6, 0.6, 0.9], "other": [*"bbba"]})
    truth = {"one": [*"aaaa"], "two": [*"aaaa"]}
    with loaded_solution(tmp_path, flow, members) as model:
        study = Study(model, rows, (), truth)
        assert labels(study.run()) == [98.0, 98.0, 98.0, 97.0]
        assert labels(study.run(["one"])) == [97.0, 98.0, 98.0, 97.0]
        assert labels(study.run(["two"])) == [98.0, 97.0, 97.0, 97.0]
        assert labels(study.run(["one", "two"])) == [97.0] * 4
        assert study.by_confidence
