"""A table of 50,000 rows and 14 columns, a pipeline on it, and the package as in an image."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import joblib
import numpy as np
import pandas as pd
from bare_package import bare_manifest, write_manifest
from in_process import hosted
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelhost.model import LoadedModel
from monitoring.stats.binning import build_profile
from packager.data.frames import infer_columns
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema, Slices
from packager.worker.compile.compile import compile_model

ROWS, NUMBERS, TEXTS = 50_000, 6, 8


def data() -> tuple[pd.DataFrame, Any]:
    """The features, and their labels."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame({f"number_{i}": random.normal(i, i + 1, ROWS) for i in range(NUMBERS)})
    for place in range(TEXTS):
        values = [f"value {place} {letter}" for letter in "abcdefghij"[: place + 3]]
        frame[f"text_{place}"] = random.choice(values, ROWS)
    score = frame["number_1"] + 2 * frame["text_3"].str.endswith("a") + random.normal(size=ROWS)
    return frame, np.where(score > 1, "yes", "no")


def train(frame: pd.DataFrame, target: Any) -> Pipeline:
    """Standard scaler and one-hot, then logistic regression."""
    numbers = [name for name in frame if str(name).startswith("number")]
    texts = [name for name in frame if str(name).startswith("text")]
    encoder = ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(), texts)])
    return make_pipeline(encoder, LogisticRegression(max_iter=300)).fit(frame, target)


def lay_out(root: Path, frame: pd.DataFrame, model: Pipeline) -> None:
    """Write the folders of a package as in an image."""
    for name in ("code", "models", "package"):
        (root / name).mkdir()
    joblib.dump(model, root / "models" / "model")
    columns = infer_columns(frame)
    schema = Schema(features=columns, classes=tuple(model.classes_.tolist()))
    loaded = LoadedModel(model, "classification", schema.classes, has_probabilities=True)
    compiled = compile_model(
        hosted(loaded), schema, frame.tail(2_000), root / "package" / "compiled", "require"
    )
    slices = Slices(
        columns={"text_0": tuple(sorted(frame["text_0"].unique()))},
        rules={"large": "number_1 >= 2", "both": "number_2 > 0 and text_1 == 'value 1 a'"},
    )
    manifest = bare_manifest("tabular", schema, compiled, workers=1, slices=slices)
    profile = build_profile(frame, [(column.name, column.kind) for column in columns])
    (root / "package" / "profile.json").write_text(profile.model_dump_json())
    golden = Golden(rows=tuple(frame.head(8).to_dict("records")), expected=())
    (root / "package" / "golden.json").write_bytes(golden.dump())
    write_manifest(root, manifest)
