"""XGBoost's UBJSON holds the same model as its JSON."""

from __future__ import annotations

from pathlib import Path

from tiny_models import ROWS, loaded_file, xgboost_booster

from modelhost.state import state, state_digest


def test_both_forms_are_one_model(tmp_path: Path) -> None:
    booster = xgboost_booster()
    models = []
    for name in ("m.json", "m.ubj"):
        booster.save_model(tmp_path / name)
        models.append(loaded_file(tmp_path / name, "classification"))
    one, two = (model.predict(ROWS) for model in models)
    assert one.labels == two.labels
    assert (one.probabilities == two.probabilities).all()
    assert len({state_digest(state(model.state)) for model in models}) == 1
