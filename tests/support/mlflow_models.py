"""Logs models of several flavours with a tracking server; run by an interpreter that has MLflow.

``python mlflow_models.py URI FOLDER``: writes ``rows.csv`` and, for each model, ``NAME.json`` with
its run and MLflow's own answers to the rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

HELPER = """
import mlflow

class Doubling(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return 2 * model_input["size"].to_numpy()
"""


def rows() -> tuple[pd.DataFrame, Any]:
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "size": draw.normal(size=60).round(4),
            "count": draw.integers(0, 9, 60),
            "colour": draw.choice(["red", "blue"], 60),
        }
    )
    return frame, np.where(frame["size"] + 0.1 * frame["count"] > 0.4, "big", "small")


def log(name: str, folder: Path, kind: Any, frame: pd.DataFrame, **given: Any) -> None:
    with mlflow.start_run(run_name=f"run-{name}") as run:
        mlflow.log_metric("accuracy", 0.93)
        mlflow.log_param("C", 1.0)
        mlflow.set_tag("team", "risk")
        mlflow.log_param("api_key", "ghp_" + "a1B2" * 9)
        info = kind.log_model(
            name="model", input_example=frame.head(3), registered_model_name=name, **given
        )
    answers = np.asarray(mlflow.pyfunc.load_model(info.model_uri).predict(frame))
    told = {"run": run.info.run_id, "model": info.model_id, "answers": answers.tolist()}
    (folder / f"{name}.json").write_text(json.dumps(told))


def main(uri: str, folder: Path) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("models")
    frame, label = rows()
    frame.to_csv(folder / "rows.csv", index=False)
    frame.assign(label=label).to_csv(folder / "labelled.csv", index=False)
    steps = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    fitted = make_pipeline(steps, LogisticRegression()).fit(frame, label)
    signature = infer_signature(frame, fitted.predict(frame))
    log("churn", folder, mlflow.sklearn, frame, sk_model=fitted, signature=signature)
    mlflow.MlflowClient().set_registered_model_alias("churn", "champion", "1")
    numbers = frame[["size", "count"]]
    trees = lightgbm.LGBMRegressor(n_estimators=5, min_child_samples=2).fit(numbers, frame["size"])
    signature = infer_signature(numbers, trees.predict(numbers))
    log("trees", folder, mlflow.lightgbm, numbers, lgb_model=trees, signature=signature)
    boosted = xgboost.XGBRegressor(n_estimators=5).fit(numbers, frame["size"])
    log("boosted", folder, mlflow.xgboost, numbers, xgb_model=boosted, signature=signature)
    helper = folder / "doubling_helper.py"
    helper.write_text(HELPER)
    sys.path.insert(0, str(folder))
    signature = infer_signature(numbers, 2 * frame["size"].to_numpy())
    import doubling_helper

    own = {
        "python_model": doubling_helper.Doubling(),
        "code_paths": [str(helper)],
        "signature": signature,
    }
    log("doubling", folder, mlflow.pyfunc, numbers, **own)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
