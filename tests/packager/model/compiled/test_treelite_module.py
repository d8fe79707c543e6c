"""Treelite without scipy gives the bits that it gives with scipy, on models of real libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.model.compiled.treelite_module import import_treelite

WITHOUT_SCIPY = """
import json, sys
from pathlib import Path
HIDDEN = ("scipy", "sklearn", "pandas")
sys.meta_path[:] = [
    type("Filter", (), {"find_spec": staticmethod(
        lambda name, path=None, target=None, f=f:
            None if name.split(".")[0] in HIDDEN
            else f.find_spec(name, path, target))})
    for f in sys.meta_path
]
import importlib.util, numpy as np
from packager.model.compiled.treelite_module import import_treelite
treelite = import_treelite()
left = sorted(n for n in sys.modules if n.split(".")[0] in HIDDEN)
folder = Path(sys.argv[1])
rows = np.load(folder / "rows.npy")
for path in sorted(folder.glob("*.bin")):
    model = treelite.Model.deserialize_bytes(path.read_bytes())
    given = rows.astype(np.float32) if path.stem.startswith("f32") else rows
    gtil = treelite.gtil
    np.save(path.with_suffix(".npy"), gtil.predict(model, given, nthread=1, pred_margin=True))
    np.save(path.with_suffix(".leaf.npy"), gtil.predict_leaf(model, given, nthread=1))
print(json.dumps([left, importlib.util.find_spec("scipy") is None]))
"""


@pytest.fixture(scope="module")
def models() -> Mapping[str, Any]:
    """Name → a treelite model; trees with float32 thresholds begin with ``f32``."""
    import lightgbm
    import sklearn.ensemble
    import xgboost

    treelite = import_treelite()
    random = np.random.default_rng(0)
    rows = random.normal(size=(300, 5))
    rows[:, 4] = random.integers(0, 6, 300)
    target = rows[:, 0] + (rows[:, 4] % 3) * 2 + random.normal(size=300) / 10
    classes = np.digitize(target, [0.5, 2.0])
    several = np.column_stack([target, -target])
    frozen = {"n_estimators": 8, "random_state": 0, "n_jobs": 1}
    boosted = lightgbm.LGBMClassifier(**frozen, verbose=-1, min_child_samples=5)
    boosted.fit(rows, classes, categorical_feature=[4])
    single = lightgbm.LGBMRegressor(**frozen, verbose=-1, min_child_samples=5)
    single.fit(rows, target, categorical_feature=[4])
    forest = sklearn.ensemble.RandomForestRegressor(**frozen).fit(rows, several)
    staged = sklearn.ensemble.GradientBoostingClassifier(n_estimators=8, random_state=0)
    binned = sklearn.ensemble.HistGradientBoostingRegressor(
        max_iter=8, categorical_features=[4], random_state=0
    )
    extreme = xgboost.XGBClassifier(**frozen, max_depth=4).fit(rows, classes)
    outputs = xgboost.XGBRegressor(**frozen, max_depth=4, multi_strategy="multi_output_tree").fit(
        rows, several
    )
    return {
        "lightgbm-categories": treelite.frontend.from_lightgbm(single.booster_),
        "lightgbm-classes": treelite.frontend.from_lightgbm(boosted.booster_),
        "f32-forest-outputs": treelite.sklearn.import_model(forest),
        "f32-staged": treelite.sklearn.import_model(staged.fit(rows, classes)),
        "binned-categories": treelite.sklearn.import_model(binned.fit(rows, target)),
        "f32-xgboost": treelite.frontend.from_xgboost(extreme.get_booster()),
        "f32-xgboost-outputs": treelite.frontend.from_xgboost(outputs.get_booster()),
    }


def test_predictions_without_scipy_are_the_same_bits(
    tmp_path: Path, models: Mapping[str, Any]
) -> None:
    treelite = import_treelite()
    random = np.random.default_rng(1)
    rows = random.normal(size=(2_000, 5)) * 2
    rows[:, 4] = random.integers(-1, 9, 2_000)
    rows[random.random(rows.shape) < 0.05] = np.nan
    rows[::97, 1], rows[::89, 2] = np.inf, 1e300
    np.save(tmp_path / "rows.npy", rows)
    for name, model in models.items():
        (tmp_path / f"{name}.bin").write_bytes(model.serialize_bytes())
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SCIPY, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], True]
    with np.errstate(over="ignore"):
        narrow = rows.astype(np.float32)
    for name, model in models.items():
        given = narrow if name.startswith("f32") else rows
        sums = treelite.gtil.predict(model, given, nthread=1, pred_margin=True)
        leaves = treelite.gtil.predict_leaf(model, given, nthread=1)
        assert np.load(tmp_path / f"{name}.npy").tobytes() == sums.tobytes(), name
        assert np.load(tmp_path / f"{name}.leaf.npy").tobytes() == leaves.tobytes(), name
