"""The project's function of a metamorphic case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.model import LoadedModel
from modelhost.own_relation import Predict, call_relation

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0]})


class Doubling:
    def predict(self, frame: pd.DataFrame) -> Any:
        return 2 * frame["x"].to_numpy()


MODEL = LoadedModel(Doubling(), "regression", None, False)


def call(body: str, place: Path, monkeypatch: pytest.MonkeyPatch, takes: str = "frame, predict"):
    name = f"relation_{abs(hash((body, takes)))}"
    (place / f"{name}.py").write_text(f"def holds({takes}):\n    {body}\n")
    monkeypatch.syspath_prepend(str(place))
    return call_relation(f"{name}:holds", FRAME, MODEL, ())


def test_a_boolean_for_each_row(tmp_path, monkeypatch) -> None:
    body = "return predict(frame * 2) == 2 * predict(frame) * (frame['x'] < 3)"
    assert call(body, tmp_path, monkeypatch) == [True, True, False]
    assert call("return [True, False, True]", tmp_path, monkeypatch) == [True, False, True]


def test_the_frame_is_a_copy(tmp_path, monkeypatch) -> None:
    call("frame['x'] = 0.0; return frame['x'] == 0", tmp_path, monkeypatch)
    assert FRAME["x"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return True", "got True"),
        ("return [True]", "got bool of shape (1,)"),
        ("return predict(frame)", "got float64 of shape (3,)"),
        ("return ['a', 'b', 'c']", "got <U1 of shape (3,)"),
        ("return [True, None, True]", "got object of shape (3,)"),
    ],
)
def test_another_result_is_refused(body, got, tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError) as refused:
        call(body, tmp_path, monkeypatch)
    assert "to return true or false for each of 3 rows" in refused.value.message
    assert got in refused.value.message


def test_an_exception_and_another_signature_are_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(PackageError, match=r"the function .*:holds of .* raised ZeroDivisionError"):
        call("return 1 / 0", tmp_path, monkeypatch)
    with pytest.raises(UsageError, match=r"to take \(frame, predict\)"):
        call("return frame", tmp_path, monkeypatch, takes="frame")


def test_predict_gives_labels_and_probabilities() -> None:
    class Two:
        classes_ = np.array(["a", "b"])

        def predict_proba(self, frame):
            return np.column_stack([frame["x"] / 4, 1 - frame["x"] / 4])

        def predict(self, frame):
            return self.classes_[(frame["x"] < 2).astype(int)]

    predict = Predict(LoadedModel(Two(), "classification", ("a", "b"), True), ())
    assert predict(FRAME).tolist() == ["b", "a", "a"]
    assert predict.probabilities(FRAME)[0].tolist() == [0.25, 0.75]
    assert Predict(MODEL, ()).probabilities(FRAME) is None
