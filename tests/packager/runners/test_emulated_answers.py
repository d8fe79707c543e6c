"""The script of an emulator asks a model as its process would."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
from case_models import PRICES, SERVE, rows
from sklearn.dummy import DummyRegressor

from modelhost.columns import ColumnSpec
from packager.model.hosted import load_header
from packager.runners.emulated_answers import _plain, of_model


def test_the_model_answers_the_rows_it_is_asked(tmp_path: Path):
    frame = rows(3)
    model = DummyRegressor(strategy="constant", constant=4.0).fit(frame, [4.0] * 3)
    joblib.dump(model, tmp_path / "model")
    specs = [ColumnSpec.of(one).as_json() for one in PRICES.features]
    load = {**load_header(tmp_path / "model", SERVE, "regression"), "specs": specs}
    values = [frame[one.name].tolist() for one in PRICES.features]
    ask = {"verb": "ask", "model": 0, "rows": 3, "values": values}
    asked = json.loads(json.dumps({"load": load, "ask": ask}))
    assert json.loads(json.dumps(of_model(asked), default=_plain)) == {
        "labels": [4.0, 4.0, 4.0],
        "probabilities": None,
    }


def test_an_error_of_the_model_is_told(tmp_path: Path):
    load = load_header(tmp_path / "absent", SERVE, "regression")
    assert "error" in of_model({"load": load, "ask": {}})
