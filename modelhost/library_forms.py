"""Objects of libraries in a form that their state is read from, because their pickles won't do.

Pickles of boosters hold thread counts; CatBoost's an identifier and times of the training;
Prophet's the temporary files of its optimizer.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

CATBOOST_RECORDS = ("model_guid", "train_finish_time", "training", "output_options", "params")
"""CatBoost's records of a training; parameters are compared by themselves."""
PROPHET_RECORDS = ("stan_fit", "stan_backend")


def library_form(value: Any, masked: Collection[str]) -> Any:
    """Plain data that stands for an object of a library; ``value`` itself for any other.

    ``masked``: names of settings that don't affect what a model computes.
    """
    kind = type(value)
    room, name = kind.__module__.split(".")[0], kind.__qualname__
    if room == "lightgbm" and name == "Booster":
        lines = value.model_to_string(num_iteration=-1).splitlines()
        names = (line[1:].partition(":")[0] for line in lines)
        return [line for line, known in zip(lines, names) if known not in masked]
    if room == "xgboost" and name == "Booster":
        return json.loads(value.save_raw("json"))
    if room == "catboost" and hasattr(value, "get_metadata"):
        return _catboost(value)
    if room == "prophet" and name == "Prophet":
        return {key: part for key, part in vars(value).items() if key not in PROPHET_RECORDS}
    return value


def _catboost(model: Any) -> dict[str, Any]:
    """The trees of a CatBoost model and its settings."""
    if not model.is_fitted():
        return {"params": model.get_params()}
    own = model.copy()
    metadata = own.get_metadata()
    for name in CATBOOST_RECORDS:
        metadata[name] = ""
    return {"trees": bytes(own._serialize_model()), "params": model.get_params()}
