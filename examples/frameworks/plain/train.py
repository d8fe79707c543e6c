"""House prices without any framework: the median price a square metre, by area."""

import json

import pandas as pd


class Prices:
    """A price a square metre for each area, and one for areas never seen."""

    def __init__(self, rates: dict[str, float], usual: float) -> None:
        self.rates, self.usual = rates, usual

    def predict(self, features: pd.DataFrame) -> list[float]:
        rows = zip(features["size"], features["area"], strict=True)
        return [float(size) * self.rates.get(area, self.usual) for size, area in rows]


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> Prices:
    rate = target / features["size"]
    large = rate[features["size"] >= params["smallest"]]
    rates = large.groupby(features["area"]).median()
    return Prices({str(area): float(value) for area, value in rates.items()}, float(large.median()))


def save(model: Prices, path) -> None:
    path.write_text(json.dumps([model.rates, model.usual], sort_keys=True))


def load(path) -> Prices:
    return Prices(*json.loads(path.read_text()))
