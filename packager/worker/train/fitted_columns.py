"""The input columns of a recipe's model: those it was fitted on, in that order.

``train`` gets every feature, but may fit on some of them or in another order. Most models expose
their columns; given others they raise, or mix up columns.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import pandas as pd

from modelhost.feature_names import columns_named
from packager.errors import PackageError
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import untraced
from packager.model.model import Model
from packager.worker.train.dataset import Dataset

MAX_TRIED_ROWS = 20
MAX_SHOWN = 5


def with_fitted_columns(model: Model, dataset: Dataset) -> Dataset:
    """``dataset`` with the features that the model uses, in its order; reports others on stderr.

    Unused features are then not part of the schema.
    """
    features = features_of_model(model, dataset.test, dataset.features)
    unused = [name for name in dataset.features if name not in features]
    if unused:
        some = ", ".join(map(repr, unused[:MAX_SHOWN])) + (", …" if len(unused) > MAX_SHOWN else "")
        sys.stderr.write(
            f"the model was fitted on {len(features)} of {len(dataset.features)} features; "
            f"requests need not hold the others: {some}\n"
        )
    return replace(dataset, features=features)


def features_of_model(model: Model, rows: pd.DataFrame, features: Sequence[str]) -> tuple[str, ...]:
    """The ``features`` that the model names, in its order; all if it names none.

    A class of the project may read other columns than it names: if it fails on those it names but
    not on all features, it gets all of them.
    """
    every = tuple(features)
    named = None if model.feature_names is None else columns_named(model.feature_names, every)
    if named is None or named == every:
        return every
    some = rows.head(MAX_TRIED_ROWS)
    if _answers(model, some[list(named)]) or not _answers(model, some[list(every)]):
        return named
    return every


def explain_features(error: PackageError, model: Model, features: Sequence[str]) -> PackageError:
    """``error`` of a model called with ``features``, with a hint if its fitted columns differ."""
    names, count = model.feature_names, model.feature_count
    if names is not None:
        absent = [name for name in names if columns_named([name], features) is None]
        if absent:
            return _with_hint(
                error,
                f"train fitted it on {absent[0]!r}, which is no feature of the data: make such "
                "columns in a step of a pipeline, or in a class with predict(frame), so that "
                "they are made for requests too",
            )
        return error
    if count is not None and count != len(features):
        return _with_hint(
            error,
            f"train fitted it on {count} of {len(features)} features without their names: fit it "
            'on a frame, such as features[["a", "b"]], return a pipeline that selects its '
            "columns, or exclude the others under [data]",
        )
    return error


def _with_hint(error: PackageError, hint: str) -> PackageError:
    changed = copy(error)
    changed.hint = hint
    return changed


def _answers(model: Model, rows: pd.DataFrame) -> bool:
    """Whether the model predicts these rows without an exception."""
    try:
        untraced(model).predict(rows)
    except HostEndedError:
        raise
    except PackageError:
        return False
    return True
