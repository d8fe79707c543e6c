"""Of many features, the ones that change the answers most are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiled_models import RANDOM, LabelsOnly, Model, Regression, made, profiled

from packager.data.frames import infer_columns
from packager.model.predictions import Predictions
from packager.worker.train.importance import MAX_CALLS, by_importance


@pytest.mark.slow
@pytest.mark.parametrize("model", [Model(), Regression(), LabelsOnly()])
def test_of_many_features_those_are_kept_that_move_the_answers(
    model: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, schema, loaded = made(model)
    ranked = [column.name for column in by_importance(loaded, dataset.test, schema.features)]
    assert ranked[:2] == ["f150", "f7"]
    assert ranked[2:] == [c.name for c in schema.features if c.name not in ("f150", "f7")]
    found = profiled(*made(model))
    names = [feature.name for feature in found.features]
    assert len(names) == 15
    assert {"f150", "f7", "__prediction__"} <= set(names)
    assert ("__confidence__" in names) == (type(model) is Model)
    assert len(found.left_out) == 201 - sum(not name.startswith("__") for name in names)
    said = capsys.readouterr().err
    assert "features get drift bins" in said
    assert "beyond the cap, the least important" in said


@pytest.mark.slow
def test_of_thousands_of_features_groups_are_permuted_within_a_budget_of_predictions(
    capsys,
) -> None:
    names = [f"f{i}" for i in range(3_000)]
    rows = pd.DataFrame(RANDOM.normal(size=(60, 3_000)), columns=names)
    weights = {"f7": 1.0, "f8": 4.0, "f1500": 2.0, "f2999": 3.0}
    asked = []

    class Wide(Model):
        def predict(self, frame: pd.DataFrame) -> Predictions:
            asked.append(list(frame) == names)
            score = sum(frame[name].to_numpy() * weight for name, weight in weights.items())
            chance = 1 / (1 + np.exp(-score))
            return Predictions(["yes"] * len(frame), np.column_stack([1 - chance, chance]))

    columns = infer_columns(rows)
    ranked = [column.name for column in by_importance(Wide(), rows, columns)]
    assert ranked[:4] == ["f8", "f2999", "f1500", "f7"]
    assert sorted(ranked) == sorted(names)
    assert all(asked)
    assert len(asked) <= MAX_CALLS + 1
    assert ranked == [column.name for column in by_importance(Wide(), rows, columns)]
    assert "of at most 120 predictions" in capsys.readouterr().err
