"""House prices by XGBoost, in its own file format."""

import pandas as pd
import xgboost

AREAS = pd.CategoricalDtype(["north", "old town", "river"])


class Prices:
    """A booster that takes the rows as they come."""

    def __init__(self, booster: xgboost.Booster) -> None:
        self.booster = booster

    def predict(self, features: pd.DataFrame):
        return self.booster.predict(matrix(features))


def matrix(features: pd.DataFrame, target: pd.Series | None = None) -> xgboost.DMatrix:
    """Rows as XGBoost takes them."""
    rows = features.assign(area=features["area"].astype(AREAS))
    return xgboost.DMatrix(rows, target, enable_categorical=True, nthread=1)


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> Prices:
    settings = {"max_depth": params["depth"], "seed": seed, "subsample": 0.8, "nthread": 1}
    return Prices(xgboost.train(settings, matrix(features, target), params["rounds"]))


def save(model: Prices, path) -> None:
    path.write_bytes(model.booster.save_raw("json"))


def load(path) -> Prices:
    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    return Prices(booster)
