"""Data, models and faults of ``data_tests.py``: rows whose laws are known, made by a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from modelhost.predictions import Predictions
from packager.model.predictions import scalars

FIT_ROWS = 4_000
Rng = np.random.Generator
Fault = Callable[[pd.DataFrame, npt.NDArray[Any], Rng], pd.DataFrame]
"""Changes new rows, given the model's answers to them."""


@dataclass(frozen=True)
class World:
    """A task with unlimited or many rows."""

    name: str
    task: str
    target: str
    draw: Callable[[int, Rng], pd.DataFrame]
    """Rows of the population."""
    slices: tuple[str, ...]
    fairness: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    fit: pd.DataFrame | None = None
    """Rows for the model; None: drawn."""


class FittedModel:
    """A scikit-learn pipeline with the interface of a packaged model."""

    outputs = ()
    has_probabilities = True
    feature_count = None

    def __init__(self, world: World, rows: pd.DataFrame) -> None:
        features = rows.drop(columns=world.target)
        words = [n for n in features if not pd.api.types.is_numeric_dtype(features[n])]
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        made = HistGradientBoostingClassifier if world.task == "classification" else None
        learner = (made or HistGradientBoostingRegressor)(
            max_iter=60, max_leaf_nodes=8, random_state=0
        )
        self._model = make_pipeline(
            make_column_transformer((encoder, words), remainder="passthrough"), learner
        ).fit(features, rows[world.target])
        self.task = world.task
        self.feature_names = tuple(features)
        labels = getattr(learner, "classes_", None)
        self.classes = None if labels is None else tuple(scalars(labels))
        self.type_name = type(learner).__name__

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """The answers to ``frame``."""
        frame = frame[list(self.feature_names)]
        if self.classes is None:
            return Predictions(self._model.predict(frame).tolist(), None)
        chances = self._model.predict_proba(frame)
        return Predictions([self.classes[code] for code in chances.argmax(axis=1)], chances)


def _people(rows: int, draw: Rng) -> pd.DataFrame:
    """Like COMPAS: two years of a person, by age, priors, sex, origin and charge."""
    age = 18 + np.round(draw.gamma(2.0, 8.0, rows))
    priors = draw.negative_binomial(0.8, 0.2, rows)
    sex = draw.choice(["Male", "Female"], rows, p=[0.8, 0.2])
    origins = ["African-American", "Caucasian", "Hispanic", "Other"]
    race = draw.choice(origins, rows, p=[0.5, 0.34, 0.1, 0.06])
    charge = draw.choice(["F", "M"], rows, p=[0.65, 0.35])
    score = -0.3 - 0.045 * (age - 34) + 0.17 * priors + 0.35 * (sex == "Male")
    score += 0.15 * (charge == "F")
    again = draw.random(rows) < 1 / (1 + np.exp(-score))
    return pd.DataFrame(
        {
            "age": age,
            "priors": priors,
            "sex": sex,
            "race": race,
            "charge": charge,
            "days_in_jail": np.round(draw.exponential(15, rows)),
            "again": np.where(again, "yes", "no"),
        }
    )


def _income(rows: int, draw: Rng) -> pd.DataFrame:
    """Like Adult: a rare class (12 %), fourteen features, many of which say nothing."""
    education = draw.choice(
        ["HS-grad", "Some-college", "Bachelors", "Masters", "Doctorate", "11th"],
        rows,
        p=[0.35, 0.25, 0.2, 0.08, 0.03, 0.09],
    )
    rank = pd.Series(education).map(
        {"11th": 0, "HS-grad": 1, "Some-college": 2, "Bachelors": 3, "Masters": 4, "Doctorate": 5}
    )
    age, hours = draw.normal(39, 12, rows).clip(17, 90), draw.normal(40, 11, rows).clip(1, 99)
    married = draw.choice(["Married", "Never-married", "Divorced"], rows, p=[0.46, 0.36, 0.18])
    score = -4.6 + 0.55 * rank.to_numpy() + 0.035 * (age - 39) + 0.03 * (hours - 40)
    score += 1.6 * (married == "Married")
    rich = draw.random(rows) < 1 / (1 + np.exp(-score))
    noise = {f"noise_{place}": draw.normal(size=rows) for place in range(6)}
    return pd.DataFrame(
        {
            "age": age.round(),
            "hours": hours.round(),
            "education": education,
            "married": married,
            "sex": draw.choice(["m", "f"], rows, p=[0.67, 0.33]),
            "region": draw.choice(list("abcdefgh"), rows),
            **noise,
            "income": np.where(rich, "high", "low"),
        }
    )


def _bikes(rows: int, draw: Rng) -> pd.DataFrame:
    """Like rented bicycles: a count by hour, weather and season, with heavy tails."""
    hour, season = draw.integers(0, 24, rows), draw.choice(["1", "2", "3", "4"], rows)
    warm = draw.normal(15, 8, rows) + 3 * (season == "3") - 4 * (season == "1")
    weather = draw.choice(["clear", "mist", "rain"], rows, p=[0.65, 0.26, 0.09])
    mean = 60 + 120 * np.exp(-(((hour - 17) / 3) ** 2)) + 5 * warm - 60 * (weather == "rain")
    count = np.maximum(0, mean + draw.standard_t(4, rows) * (15 + 0.15 * np.abs(mean)))
    return pd.DataFrame(
        {
            "hour": hour,
            "season": season,
            "warm": warm.round(1),
            "weather": weather,
            "wind": draw.gamma(2, 6, rows).round(1),
            "count": count.round(),
        }
    )


def older(column: str, step: float) -> Fault:
    """Half the values of ``column`` are larger by ``step``."""

    def apply(rows: pd.DataFrame, _: npt.NDArray[Any], draw: Rng) -> pd.DataFrame:
        moved = rows[column] + step * (draw.random(len(rows)) < 0.5)
        return rows.assign(**{column: moved.clip(upper=rows[column].max())})

    return apply


def decile_up(column: str) -> Fault:
    """Half the values of ``column`` become those a tenth of the rows higher: a PSI of 0.055."""

    def apply(rows: pd.DataFrame, _: npt.NDArray[Any], draw: Rng) -> pd.DataFrame:
        ordered = np.sort(rows[column].to_numpy(np.float64))
        # Ties are divided at random, so that each tenth of the rows loses and gets its part.
        rank = np.lexsort((draw.random(len(rows)), rows[column])).argsort()
        higher = ordered[np.minimum(rank + len(rows) // 10, len(rows) - 1)]
        moved = np.where(draw.random(len(rows)) < 0.5, higher, rows[column])
        return rows.assign(**{column: moved})

    return apply


def missing(column: str, share: float) -> Fault:
    """A ``share`` of the values of ``column`` is absent."""

    def apply(rows: pd.DataFrame, _: npt.NDArray[Any], draw: Rng) -> pd.DataFrame:
        return rows.assign(**{column: rows[column].mask(draw.random(len(rows)) < share)})

    return apply


def wrong(target: str, share: float, where: Callable[[pd.DataFrame], Any] | None = None) -> Fault:
    """A ``share`` of the rows of ``where`` gets the label that the model doesn't give."""

    def apply(rows: pd.DataFrame, answers: npt.NDArray[Any], draw: Rng) -> pd.DataFrame:
        chosen = draw.random(len(rows)) < share
        if where is not None:
            chosen &= np.asarray(where(rows))
        classes, places = np.unique(answers, return_inverse=True)
        flipped = classes[(places + 1) % len(classes)]
        return rows.assign(**{target: np.where(chosen, flipped, rows[target])})

    return apply


def larger(target: str, factor: float, where: Callable[[pd.DataFrame], Any]) -> Fault:
    """The numbers of ``target`` of the rows of ``where`` are ``factor`` times as large."""

    def apply(rows: pd.DataFrame, _: npt.NDArray[Any], __: Rng) -> pd.DataFrame:
        return rows.assign(**{target: rows[target] * np.where(where(rows), factor, 1.0)})

    return apply


PEOPLE = World(
    "people (like COMPAS)",
    "classification",
    "again",
    _people,
    ("sex", "race", "charge"),
    {"columns": ["sex", "race"], "gap": {"accuracy": 0.03, "true_positive_rate": 0.05}},
    {
        "half the ages a decile up": decile_up("age"),
        "a tenth of all labels wrong": wrong("again", 0.1),
        "a tenth of the labels of race=Caucasian wrong": wrong(
            "again", 0.1, lambda rows: rows["race"] == "Caucasian"
        ),
        "a fifth of the labels of sex=Female wrong": wrong(
            "again", 0.2, lambda rows: rows["sex"] == "Female"
        ),
    },
)
INCOME = World(
    "income (like Adult, a rare class)",
    "classification",
    "income",
    _income,
    ("education", "married", "region", "sex"),
    {},
    {
        "half the ages a decile up": decile_up("age"),
        "half the ages 4 years up": older("age", 4),
        "a tenth of the labels of education=HS-grad wrong": wrong(
            "income", 0.1, lambda rows: rows["education"] == "HS-grad"
        ),
        "40 % of the young with long hours wrong, undeclared": wrong(
            "income", 0.4, lambda rows: (rows["age"] < 30) & (rows["hours"] > 45)
        ),
        "a twentieth of the hours missing": missing("hours", 0.05),
    },
)
BIKES = World(
    "bikes (regression, heavy tails)",
    "regression",
    "count",
    _bikes,
    ("season", "weather"),
    {"columns": ["season"]},
    {
        "it is 3 degrees warmer in half the rows": older("warm", 3),
        "a fifth more rented when it rains": larger(
            "count", 1.2, lambda rows: rows["weather"] == "rain"
        ),
        "a tenth more rented": larger("count", 1.1, lambda rows: rows["warm"] > -99),
    },
)
WORLDS = (PEOPLE, INCOME, BIKES)


def of_file(path: str, target: str, slices: tuple[str, ...]) -> World:
    """The rows of a CSV file: a fixed part for the model, of which the others are drawn."""
    every = pd.read_csv(path, skipinitialspace=True, na_values=["?"], keep_default_na=False)
    every = every.drop(columns=[name for name in every if name.startswith("Unnamed")])
    order = np.random.default_rng(0).permutation(len(every))
    fit, pool = (every.iloc[part].reset_index(drop=True) for part in np.split(order, [FIT_ROWS]))

    def draw(rows: int, rng: Rng) -> pd.DataFrame:
        return pool.iloc[rng.choice(len(pool), rows, replace=False)].reset_index(drop=True)

    return World(path.rpartition("/")[2], "classification", target, draw, slices, fit=fit)
