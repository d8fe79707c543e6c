"""Small models of several libraries, and their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from modelhost.loaders.formats import PREFIX, found_format
from modelhost.model import LoadedModel, load_model
from modelhost.output_spec import OutputSpec
from modelhost.predictions import Scalar, Task

ROWS = pd.DataFrame(
    {
        "a": np.linspace(-2, 2, 120),
        "b": np.sin(np.arange(120.0)),
        "c": np.arange(120) % 3,
    }
)
LABELS = (ROWS["a"] + ROWS["b"] > 0).astype(int)
NUMBERS = 2 * ROWS["a"] + ROWS["c"]
THREE = ROWS["c"]


def lightgbm_booster(objective: str = "binary", target: Any = LABELS, **more: Any) -> Any:
    """A booster of a few trees on ``ROWS``."""
    import lightgbm

    settings = {"objective": objective, "verbose": -1, "num_threads": 1, **more}
    return lightgbm.train(settings, lightgbm.Dataset(ROWS, target), 5)


def xgboost_booster(objective: str = "binary:logistic", target: Any = LABELS, **more: Any) -> Any:
    """A booster of a few trees on ``ROWS``."""
    import xgboost

    settings = {"objective": objective, "nthread": 1, **more}
    return xgboost.train(settings, xgboost.DMatrix(ROWS, target), 5)


def loaded(
    place: Path,
    model: Any,
    task: Task,
    classes: tuple[Scalar, ...] | None = None,
    outputs: tuple[OutputSpec, ...] = (),
) -> LoadedModel:
    """``model`` as it is loaded from a pickle in the folder ``place``."""
    joblib.dump(model, place / "model")
    return load_model(place / "model", "auto", "joblib", task, outputs, classes)


def loaded_file(path: Path, task: Task, classes: tuple[Scalar, ...] | None = None) -> LoadedModel:
    """The model in a file of a known format."""
    found = found_format(path)
    assert found is not None
    return load_model(path, "auto", PREFIX + found.name, task, classes=classes)
