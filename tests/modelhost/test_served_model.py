"""Which failures are errors of a row, and which of the model; batches and their parts."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.columns import ColumnSpec, encode_values
from modelhost.errors import PackageError
from modelhost.failing_rows import MAX_CALLS
from modelhost.joined_answers import PartAnswer
from modelhost.model import LoadedModel
from modelhost.output_spec import OutputSpec
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.served_model import ServedModel
from modelhost.solution.flow import load_flow
from modelhost.solution.prediction_bins import PredictionBins
from modelhost.wire import Message
from tests.support.solution_samples import member_spec, write_solution

SPECS = [
    ColumnSpec("x", "number", "float64"),
    ColumnSpec("n", "integer", "int64"),
    ColumnSpec("t", "string", "object"),
]


class RejectingModel:
    """Doubles numbers but those in ``bad``; ``broken`` fails whatever it is asked."""

    def __init__(self, bad: set[float] = frozenset(), *, most: int = 10**9) -> None:  # type: ignore[assignment]
        self.bad = bad
        self.most = most
        self.broken = False
        self.frames: list[pd.DataFrame] = []

    @property
    def asked(self) -> list[int]:
        return [len(frame) for frame in self.frames]

    def predict(self, frame: pd.DataFrame) -> list[float]:
        self.frames.append(frame)
        found = frame["x"][frame["x"].isin(list(self.bad))]
        if self.broken or len(found) or len(frame) > self.most:
            raise ValueError(f"a secret: {list(found)}")
        return [2 * value for value in frame["x"]]


def messages(model: ServedModel, requests: Sequence[Message]) -> list[Message]:
    """The answer to each request as a message of its own."""
    answers = model.answers(requests)
    return [one.message if isinstance(one, PartAnswer) else one for one in answers]


def served(model: Any, known: float | None = 500.0, plain: float | None = 0.0) -> ServedModel:
    rows = [None if one is None else [one, 1, "a"] for one in (known, plain)]
    loaded = LoadedModel(model, "regression", None, has_probabilities=False)
    return ServedModel(loaded, SPECS, *rows)


def request(*numbers: float | None, **cells: Any) -> Message:
    rows = len(numbers)
    columns = [list(numbers), [cells.get("n", 1)] * rows, [cells.get("t", "a")] * rows]
    made = encode_values(columns, SPECS, rows)
    return Message({"verb": "predict", "rows": rows, "columns": made.described}, made.buffers)


def alone(model: ServedModel, *numbers: float) -> Predictions | dict[str, Any]:
    (answer,) = messages(model, [request(*numbers)])
    return decode_predictions(answer) if "labels" in answer.header else answer.header


@pytest.mark.slow
@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_the_first_row_that_it_cannot_take_is_named(bad: set[int], count: int) -> None:
    model = RejectingModel(set(map(float, bad)))
    expected = min((row for row in bad if row < count), default=None)
    found = alone(served(model), *map(float, range(count)))
    if expected is None:
        assert isinstance(found, Predictions)
        assert found.labels == [2.0 * row for row in range(count)]
        assert model.asked == [count]
        return
    assert isinstance(found, dict)
    assert (found["refused"]["first"], found["refused"]["last"]) == (expected, expected)
    assert len(model.asked) <= 2 * count.bit_length() + 2


def test_what_it_says_is_kept_by_type_and_place_and_never_its_message() -> None:
    found = alone(served(RejectingModel({1.0})), 1.0)
    assert isinstance(found, dict)
    assert found["refused"]["said"][0].startswith("ValueError < ")
    assert "secret" not in str(found)


def test_a_model_that_fails_on_the_row_it_is_known_to_answer_is_broken() -> None:
    model = RejectingModel()
    model.broken = True
    found = alone(served(model), 1.0, 2.0)
    assert isinstance(found, dict)
    assert found["broken"]["said"][0].startswith("ValueError < ")
    assert "secret" not in str(found)


def test_without_a_known_row_a_made_up_one_tells_a_sound_model_from_a_broken_one() -> None:
    model = RejectingModel({1.0})
    assert "refused" in alone(served(model, None), 1.0)
    model.broken = True
    assert "broken" in alone(served(model, None), 1.0)
    assert "broken" in alone(served(RejectingModel({1.0}), None, None), 1.0)


def test_without_a_known_row_another_row_of_the_request_becomes_it() -> None:
    found = alone(served(RejectingModel({0.0, 1.0}), None), 3.0, 1.0)  # the made-up row, too
    assert isinstance(found, dict)
    assert found["refused"]["first"] == 1


def test_without_a_known_row_the_first_row_answered_becomes_it() -> None:
    model = RejectingModel({0.0, 1.0})
    own = served(model, None)
    assert "broken" in alone(own, 1.0)
    found = alone(own, 3.0, 4.0)
    assert isinstance(found, Predictions)
    assert "refused" in alone(own, 1.0)
    model.broken = True
    own._sound_until = 0.0
    assert "broken" in alone(own, 1.0)


def test_rows_that_it_takes_in_parts_only_are_answered() -> None:
    found = alone(served(RejectingModel(most=3)), *map(float, range(10)))
    assert isinstance(found, Predictions)
    assert found.labels == [2.0 * row for row in range(10)]


def test_the_parts_that_are_queried_are_bounded() -> None:
    model = RejectingModel(most=1)
    found = alone(served(model), *map(float, range(500)))
    assert len(model.asked) <= MAX_CALLS + 1 + (500).bit_length()
    assert isinstance(found, dict)
    assert found["refused"]["last"] > found["refused"]["first"]


@pytest.mark.parametrize("sizes", [(1, 2), (20, 1), (20, 30), (1, 20, 3)])
def test_each_request_of_a_batch_gets_its_own_rows_back(sizes: Sequence[int]) -> None:
    model = RejectingModel()
    requests = [request(*(100.0 * at + row for row in range(n))) for at, n in enumerate(sizes)]
    answers = [decode_predictions(one).labels for one in messages(served(model), requests)]
    assert answers == [[200.0 * at + 2 * row for row in range(n)] for at, n in enumerate(sizes)]
    (frame,) = model.frames
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        spec.name: spec.dtype for spec in SPECS
    }


def test_a_request_that_fails_fails_alone() -> None:
    requests = [request(1.0), request(2.0, 3.0), request(4.0)]
    found = messages(served(RejectingModel({3.0})), requests)
    assert ["labels" in one.header for one in found] == [True, False, True]
    assert found[1].header["refused"]["first"] == 1


def test_missing_values_of_short_and_long_requests_are_the_same() -> None:
    model = RejectingModel()
    served(model).answers([request(None, 1.0), request(*[None] * 20, 1.0)])
    (frame,) = model.frames
    assert frame["x"].isna().tolist() == [True, False, *[True] * 20, False]


def test_a_request_of_other_columns_is_an_error() -> None:
    message = Message({"verb": "predict", "rows": 1, "columns": [{"as": "json", "values": [1]}]})
    with pytest.raises(PackageError, match="expected 3 columns"):
        served(RejectingModel()).answers([message])


class Scaled:
    """A transformer within a model."""

    def transform(self, matrix: Any) -> Any:
        if matrix[0, 0] < 0:
            raise ValueError("a secret")
        return np.asarray(matrix) * 3


def test_a_part_of_the_model_is_called() -> None:
    model = RejectingModel()
    model.steps = [("scale", Scaled())]  # type: ignore[attr-defined]
    header = {"verb": "call", "path": ["steps", 0, 1], "method": "transform", "sparse": False}
    matrix = {"as": "array", "type": "<f8", "nulls": False}
    for sign, expected in ((1.0, [3.0, 6.0]), (-1.0, None)):
        data = [np.array([sign, 2.0]).tobytes()]
        asked = Message({**header, "matrix": matrix, "shape": [1, 2]}, data)
        (answer,) = messages(served(model), [asked])
        if expected is None:
            assert answer.header["broken"]["said"][0].startswith("ValueError < ")
            assert "secret" not in str(answer.header)
        else:
            assert np.frombuffer(answer.buffers[0]).tolist() == expected
            assert answer.header["shape"] == [1, 2]


class Vectors:
    """Two numbers for each row, three for a negative one."""

    def predict(self, frame: pd.DataFrame) -> Any:
        return {"vector": [[1.0] * (2 if x >= 0 else 3) for x in frame["x"]], "total": frame["x"]}


def test_an_answer_of_another_form_names_its_output() -> None:
    outputs = (OutputSpec("vector", "numbers", shape=(2,)), OutputSpec("total", "number"))
    model = LoadedModel(Vectors(), "outputs", None, False, outputs=outputs)
    own = ServedModel(model, SPECS, [1.0, 1, "a"], None)
    refused = alone(own, 1.0, -1.0)["refused"]
    assert (refused["first"], refused["last"]) == (1, 1)
    assert (refused["output"], refused["expected"]) == ("vector", "(rows, 2)")


FLOW = """
from modelhost.solution.errors import MemberUnavailableError

def run(rows, members):
    x = rows["x"]
    if (x == 7).all():
        return x
    if (x == 5).any() or (x == 6).any():
        raise MemberUnavailableError("double", "ended", late=bool((x == 6).any()))
    return members.double(rows)
"""


@pytest.fixture
def solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServedModel:
    """A flow that has lost a member for rows with 5, and for which it is late for rows with 6."""
    model = write_solution(tmp_path, [(member_spec("double", "inline"), {"scale": 2})], FLOW)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "code"), *sys.path])
    for name in ("flow", "double_model"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    flow = load_flow(model, None)
    return ServedModel(LoadedModel(flow, "regression", None, False), SPECS, None, None)


def test_the_first_answer_of_a_batch_has_the_calls_of_members(solution: ServedModel) -> None:
    solution.count_predictions({"double": PredictionBins(2, (5.0,), {}, None).as_json()})
    first, second = messages(solution, [request(1.0, 2.0), request(3.0)])
    assert "members" not in second.header
    usage = first.header["members"]["double"]
    assert (sum(usage.calls), usage.rows, usage.bins) == (1, [3, 0, 0], [2, 1])
    assert 0 < usage.own <= usage.seconds
    assert solution.members == {"double": "ready"}


def test_a_member_that_is_gone_fails_the_requests_that_need_it(solution: ServedModel) -> None:
    told = {"member": "double", "reason": "ended", "late": False}
    answers = messages(solution, [request(1.0), request(5.0), request(2.0)])
    assert answers[1].header["unavailable"] == told
    assert [decode_predictions(answers[n]).labels for n in (0, 2)] == [[2.0], [4.0]]


def test_a_member_that_is_late_is_asked_once_a_batch(solution: ServedModel) -> None:
    answers = messages(solution, [request(1.0), request(6.0), request(7.0)])
    assert [one.header["unavailable"]["late"] for one in answers[:2]] == [True, True]
    assert decode_predictions(answers[2]).labels == [7.0]  # it does not need the member
    (again,) = messages(solution, [request(1.0)])
    assert decode_predictions(again).labels == [2.0]


def test_members_have_a_little_less_time_than_the_request(solution: ServedModel) -> None:
    def deadline(*seconds: float | None) -> float | None:
        now = time.monotonic()
        asked = [
            request(1.0)
            if one is None
            else Message({**request(1.0).header, "deadline": int((now + one) * 1e9)})
            for one in seconds
        ]
        solution.answers(asked)
        end = solution._flow.members.deadline  # type: ignore[union-attr]
        return None if end is None else end - now

    assert deadline(100) == pytest.approx(99.9, abs=0.01)
    assert deadline(100, 50) == pytest.approx(99.9, abs=0.01)
    assert deadline(100, None) is None
