"""The embedding that monitoring names: a function of the project, or a method of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.embedding import call_embedding, embedded
from modelhost.errors import PackageError, UsageError
from modelhost.model import LoadedModel
from modelhost.objects.adapter import Adapter
from modelhost.prediction_messages import decode_matrix
from modelhost.wire import Message

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0]})


class Doubling:
    size = 2

    def predict(self, frame: pd.DataFrame) -> Any:
        return 2 * frame["x"].to_numpy()

    def embed(self, frame: pd.DataFrame) -> Any:
        return np.stack([frame["x"]] * self.size, axis=1)[:, :, np.newaxis]

    def alone(self) -> None:
        """No embedding."""


MODEL = LoadedModel(Doubling(), "regression", None, False)


def call(body: str, place: Path, monkeypatch: pytest.MonkeyPatch, takes: str = "rows, *, model"):
    name = f"embedding_{abs(hash((body, takes)))}"
    (place / f"{name}.py").write_text(f"import numpy as np\ndef embed({takes}):\n    {body}\n")
    monkeypatch.syspath_prepend(str(place))
    return call_embedding(f"{name}:embed", FRAME, MODEL, ())


def test_a_method_of_the_model_also_behind_an_adapter() -> None:
    wanted = [[1, 1], [2, 2], [3, 3]]
    assert call_embedding("model:embed", FRAME, MODEL, ()).tolist() == wanted
    behind = Adapter(Doubling(), lambda frame: frame["x"])
    model = LoadedModel(behind, "regression", None, False)
    assert call_embedding("model:embed", FRAME, model, ()).tolist() == wanted


def test_a_function_gets_the_features_and_the_model(tmp_path, monkeypatch) -> None:
    found = call("return np.outer(rows['x'], np.ones(model.size))", tmp_path, monkeypatch)
    assert found.tolist() == [[1, 1], [2, 2], [3, 3]]
    call("rows['x'] = 0; return rows.to_numpy()", tmp_path, monkeypatch)
    assert FRAME["x"].tolist() == [1, 2, 3]


def test_the_answer_is_a_matrix_and_its_seconds() -> None:
    answer = embedded(Message({"function": "model:embed"}), FRAME, MODEL, ())
    assert decode_matrix(answer).tolist() == [[1, 1], [2, 2], [3, 3]]
    assert answer.header["seconds"] >= 0


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return 1", r"expected numbers of shape \(3, …\) .* got int64 of shape \(\)"),
        ("return [1, 2, 3]", r"of shape \(3,\)"),
        ("return np.ones((2, 2))", r"of shape \(2, 2\)"),
        ("return [['a']] * 3", "got <U1"),
        ("return np.ones((3, 0))", "expected 1 to 65,536 numbers for a row, got 0"),
    ],
)
def test_other_results_are_refused(body, got, tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError, match=got):
        call(body, tmp_path, monkeypatch)


def test_what_can_not_be_called_is_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError, match="expected a method 'other' of the model, a Doubling"):
        call_embedding("model:other", FRAME, MODEL, ())
    with pytest.raises(UsageError, match=r"to take what this takes: def alone\(self, features\)"):
        call_embedding("model:alone", FRAME, MODEL, ())
    with pytest.raises(UsageError, match=r"def embed\(features, \*, model\)"):
        call("return rows", tmp_path, monkeypatch, takes="rows")
    with pytest.raises(PackageError, match="raised ZeroDivisionError"):
        call("return 1 / 0", tmp_path, monkeypatch)
