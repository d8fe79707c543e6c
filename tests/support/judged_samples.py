"""Labelled rows with answers, drawn so that their quality is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.predictions import Predictions
from packager.manifest.manifest import Manifest, Schema, Slices
from packager.manifest.policy import Policy
from packager.worker.test.judged_rows import JudgedRows

CLASSES = ("no", "yes")
CITIES = ("a", "b", "c")


def answered(
    rows: int, seed: int, *, wrong: float = 0.0, where: str = "", copies: int = 1
) -> tuple[pd.DataFrame, JudgedRows]:
    """Rows with a city and a sex, and calibrated answers to them.

    A share ``wrong`` of the labels (of the rows of the city ``where``) is what the model says no
    to. Each row is there ``copies`` times, and is a group then.
    """
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "city": draw.choice(CITIES, rows, p=[0.6, 0.3, 0.1]),
            "sex": draw.choice(["f", "m"], rows),
        }
    )
    chance = draw.beta(1, 2, rows)
    yes = draw.random(rows) < chance
    chosen = draw.random(rows) < wrong
    if where:
        chosen &= frame["city"].to_numpy() == where
    yes = np.where(chosen, chance < 0.5, yes)
    places = np.repeat(np.arange(rows), copies)
    chances = np.column_stack([1 - chance, chance])[places]
    found = Predictions([CLASSES[code] for code in chances.argmax(axis=1)], chances)
    truth = [CLASSES[int(code)] for code in yes[places]]
    groups = places if copies > 1 else None
    frame = frame.iloc[places].reset_index(drop=True)
    return frame, JudgedRows("classification", truth, found, CLASSES, groups)


def numbers(rows: int, seed: int, *, bias: float = 0.0) -> JudgedRows:
    """Answers with a normal error of 2 and ``bias``."""
    draw = np.random.default_rng(seed)
    truth = draw.normal(50, 10, rows)
    guess = truth + draw.normal(bias, 2, rows)
    return JudgedRows("regression", truth.tolist(), Predictions(guess.tolist(), None), None)


def masks(frame: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """All rows, and each city."""
    every = {"__all__": np.ones(len(frame), np.bool_)}
    return every | {f"city={city}": (frame["city"] == city).to_numpy() for city in CITIES}


def manifest(task: str = "classification", **policy: Any) -> Manifest:
    """A manifest with this policy."""
    classes = CLASSES if task == "classification" else None
    return Manifest.model_construct(
        task=task,
        test=Policy.model_validate(policy),
        schema_=Schema(features=(), classes=classes),
        slices=Slices(columns={"city": CITIES}, rules={}),
    )
