"""XGBoost's JSON gives the answers of the booster that wrote it."""

from __future__ import annotations

from pathlib import Path

from tiny_models import NUMBERS, ROWS, loaded_file, xgboost_booster
from xgboost import DMatrix


def test_a_file_answers_as_the_booster(tmp_path: Path) -> None:
    booster = xgboost_booster("reg:squarederror", NUMBERS)
    booster.save_model(tmp_path / "m.json")
    model = loaded_file(tmp_path / "m.json", "regression")
    assert model.predict(ROWS).labels == booster.predict(DMatrix(ROWS)).tolist()
    assert model.feature_names == ("a", "b", "c")
