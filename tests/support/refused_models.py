"""Models without a compiled form, and the reasons."""

from __future__ import annotations

import numpy as np
from sklearn import linear_model, preprocessing
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline


class Doubler(TransformerMixin, BaseEstimator):
    """A project's own transformer."""

    def fit(self, features, target=None):
        return self

    def transform(self, features):
        return np.asarray(features, float) * 2


class NondeterministicTransformer(ClassifierMixin, BaseEstimator):
    """A classifier with random predictions."""

    def fit(self, features, target):
        self.classes_ = np.unique(target)
        return self

    def predict(self, features):
        return np.random.default_rng().choice(self.classes_, len(features))


def halve(values):
    return values / 2


NUMERIC = ["size", "count"]


REFUSED = {
    "a transformer of one's own": (
        make_pipeline(Doubler(), linear_model.LogisticRegression()),
        f"no exact encoder is known for {__name__}.Doubler",
    ),
    "a function of one's own": (
        make_pipeline(preprocessing.FunctionTransformer(halve), linear_model.LogisticRegression()),
        "FunctionTransformer calls the function halve",
    ),
    "an estimator of one's own": (
        NondeterministicTransformer(),
        f"no compiled form is known for {__name__}.NondeterministicTransformer",
    ),
    "weights": (
        make_pipeline(
            ColumnTransformer(
                [("n", preprocessing.StandardScaler(), NUMERIC)], transformer_weights={"n": 2.0}
            ),
            linear_model.LogisticRegression(),
        ),
        "ColumnTransformer has transformer_weights",
    ),
    "answers that change": (
        make_pipeline(preprocessing.StandardScaler(), NondeterministicTransformer()),
        "the model gives different predictions for the same rows",
    ),
}
