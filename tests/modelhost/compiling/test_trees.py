"""Tables of LightGBM's and XGBoost's trees, and the reasons why there are none."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn import ensemble, linear_model, neighbors

from modelhost.compiling.trees import has_trees, trees_of

VALUES = np.random.default_rng(0).normal(size=(80, 2))
NUMBER = VALUES.sum(axis=1)
LIGHTGBM = {"n_estimators": 3, "n_jobs": 1, "verbose": -1}
XGBOOST = {"n_estimators": 3, "n_jobs": 1}


def test_ensembles_of_three_libraries_have_trees():
    yes = [ensemble.ExtraTreesClassifier(), lightgbm.LGBMRegressor(**LIGHTGBM)]
    yes.append(xgboost.XGBRegressor(**XGBOOST))
    fitted = [one.fit(VALUES, (NUMBER > 0).astype(int)) for one in yes]
    assert all(has_trees(one) for one in fitted)
    assert not has_trees(neighbors.KNeighborsClassifier())
    assert not has_trees(ensemble.IsolationForest())


def test_lightgbm_is_its_text_and_xgboost_its_bytes():
    light = lightgbm.LGBMRegressor(**LIGHTGBM).fit(VALUES, NUMBER)
    head = trees_of(light)
    assert head.described == {"trees": {"estimator": described(light), "kind": "lightgbm"}}
    assert head.arrays["bytes"].tobytes().decode() == light.booster_.model_to_string()
    other = xgboost.XGBRegressor(**XGBOOST).fit(VALUES, NUMBER)
    head = trees_of(other)
    assert head.described["trees"]["kind"] == "xgboost ubj"
    assert head.arrays["bytes"].tobytes() == other.get_booster().save_raw(raw_format="ubj")


def described(estimator: object) -> str:
    return f"{type(estimator).__module__}.{type(estimator).__name__}"


def test_an_older_xgboost_writes_json(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(xgboost, "__version__", "1.7.6")
    head = trees_of(xgboost.XGBRegressor(**XGBOOST).fit(VALUES, NUMBER))
    assert head.described["trees"]["kind"] == "xgboost json"
    assert head.arrays["bytes"].tobytes().startswith(b'{"')


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (
            lightgbm.LGBMRegressor(linear_tree=True, **LIGHTGBM),
            "LightGBM has linear models in its leaves",
        ),
        (
            lightgbm.LGBMRegressor(zero_as_missing=True, **LIGHTGBM),
            "LightGBM treats zeros as missing",
        ),
        (
            lightgbm.LGBMRegressor(pred_early_stop=True, **LIGHTGBM),
            "LightGBM stops early when it predicts",
        ),
        (xgboost.XGBRegressor(missing=0.0, **XGBOOST), "XGBoost treats 0.0 as missing"),
        (
            ensemble.GradientBoostingRegressor(n_estimators=2, init=linear_model.Ridge()),
            "treelite can't take GradientBoostingRegressor: Custom init estimator not supported",
        ),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_tables_can_not_hold_is_refused_by_name(estimator, reason):
    head = trees_of(estimator.fit(VALUES, NUMBER))
    assert (head.described, head.arrays) == ({"refused": reason}, {})


def test_several_outputs_are_refused():
    both = np.column_stack([NUMBER, NUMBER])
    head = trees_of(ensemble.RandomForestRegressor(2).fit(VALUES, both))
    assert head.described == {"refused": "it has several outputs"}
