"""Answers as /predict gives them: prediction, probabilities, flags; an error names its row."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.errors import PackageError
from packager.manifest.manifest import Column, Schema
from packager.model import answers as module
from packager.model.answers import answers
from packager.model.model import LoadedModel

SCHEMA = Schema(
    features=(Column(name="x", kind="number", dtype="float64", nullable=False),),
    classes=("no", "yes"),
)


class Threshold:
    """Says yes above 0, and raises on numbers above 9."""

    classes_ = ["no", "yes"]

    def predict(self, frame: pd.DataFrame) -> list[str]:
        if (frame["x"] > 9).any():
            raise ValueError("too large")
        return ["yes" if x > 0 else "no" for x in frame["x"]]

    def predict_proba(self, frame: pd.DataFrame) -> list[list[float]]:
        return [[0.25, 0.75] if x > 0 else [0.75, 0.25] for x in frame["x"]]


MODEL = LoadedModel(Threshold(), "classification", ("no", "yes"), True)


def test_every_row_has_its_answer_and_its_flags_whatever_the_batches(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    frame = pd.DataFrame({"extra": list("abcde"), "x": [1.0, -1, 2, -2, 3]})
    flags = [[], ["x:out_of_range"], [], [], ["x:missing"]]
    found = list(answers(frame, flags, SCHEMA, MODEL))
    assert [one["prediction"] for one in found] == ["yes", "no", "yes", "no", "yes"]
    assert [one["flags"] for one in found] == flags
    assert found[0]["probabilities"] == {"no": 0.25, "yes": 0.75}


@pytest.mark.parametrize("named", [False, True])
def test_where_the_model_raises_the_row_is_named_if_asked_for(monkeypatch, named, capsys):
    monkeypatch.setattr(module, "BATCH", 2)
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 10.0]})
    with pytest.raises(PackageError) as caught:
        list(answers(frame, [[]] * 4, SCHEMA, MODEL, named=named))
    place = "row 3: " if named else ""
    assert caught.value.message == f"{place}the model raised ValueError: too large"
    assert "ValueError: too large" in capsys.readouterr().err


def test_no_rows_have_no_answers():
    assert list(answers(pd.DataFrame({"x": []}), [], SCHEMA, MODEL)) == []
