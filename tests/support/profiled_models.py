"""Models that use two of many columns, and the profile of their answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from modelhost.model import LoadedModel
from monitoring.profile.profile import Profile
from packager.data.frames import infer_columns
from packager.manifest.manifest import Schema
from packager.model.predictions import Predictions
from packager.worker.train.dataset import Dataset
from packager.worker.train.importance import by_importance
from packager.worker.train.profile import profile

RANDOM = np.random.default_rng(5)


class Model:
    """Answers yes or no by two of many columns, of which ``f150`` has more weight."""

    task: Any = "classification"
    classes: Any = ("no", "yes")

    def predict(self, frame: pd.DataFrame) -> Predictions:
        score = frame["f150"].to_numpy() * 3 + frame["f7"].fillna(0).to_numpy()
        chance = 1 / (1 + np.exp(-score))
        labels = np.where(chance > 0.5, "yes", "no").tolist()
        return Predictions(labels, np.column_stack([1 - chance, chance]))


class Regression(Model):
    task = "regression"
    classes = None

    def predict(self, frame: pd.DataFrame) -> Predictions:
        return Predictions((frame["f150"] * 3 + frame["f7"].fillna(0)).tolist(), None)


class LabelsOnly(Model):
    def predict(self, frame: pd.DataFrame) -> Predictions:
        return Predictions(super().predict(frame).labels, None)


def made(model: Any, rows: int = 500) -> tuple[Dataset, Schema, LoadedModel]:
    columns = {f"f{i}": RANDOM.normal(size=rows) for i in range(200)}
    frame = pd.DataFrame(columns)
    frame.loc[:24, "f7"] = np.nan
    frame["shop"] = RANDOM.choice(["north", "south"], rows)
    frame["y"] = model.predict(frame).labels
    train, test = frame.iloc[: rows // 2], frame.iloc[rows // 2 :].reset_index(drop=True)
    test = test.copy()
    test.loc[:9, "shop"] = "west"
    test.loc[:4, "f3"] = 99.0
    features = tuple(name for name in frame if name != "y")
    dataset = Dataset(train, test, features, ("y",))
    schema = Schema(features=infer_columns(train[list(features)]), classes=model.classes)
    return dataset, schema, model


def profiled(
    dataset: Dataset, schema: Schema, model: Any, apart: Any = None, **more: Any
) -> Profile:
    return profile(dataset, schema, model, partial(by_importance, model), apart, **more)
