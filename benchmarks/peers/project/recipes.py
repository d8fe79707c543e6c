"""The models that every server is given; copied into a project, and built from there."""

# ruff: noqa: ARG001, ARG002 (what `package` and scikit-learn pass, needed or not)

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def linear(features: pd.DataFrame, target: pd.Series, *, params: Any, seed: int) -> Pipeline:
    """Standard scaler and one-hot, then logistic regression."""
    return make_pipeline(_encoder(features), LogisticRegression(max_iter=300)).fit(features, target)


def boosting(features: pd.DataFrame, target: pd.Series, *, params: Any, seed: int) -> Pipeline:
    """Ordinal encoder, then hist gradient boosting of 100 trees."""
    numbers, texts = _columns(features)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    encoder = ColumnTransformer([("t", ordinal, texts), ("n", "passthrough", numbers)])
    model = HistGradientBoostingClassifier(random_state=seed, early_stopping=False)
    return make_pipeline(encoder, model).fit(features, target)


def native(features: pd.DataFrame, target: pd.Series, *, params: Any, seed: int) -> Pipeline:
    """Features of the project's own in pandas, then as ``linear``: nothing that can be compiled."""
    own = Ranges(_columns(features)[0]).fit(features)
    encoder = _encoder(own.transform(features))
    return make_pipeline(own, encoder, LogisticRegression(max_iter=300)).fit(features, target)


class ArrayModel:
    """Logistic regression on arrays (rows, 784), by NumPy alone: nothing that is compiled."""

    def __init__(self, features: np.ndarray, target: pd.Series) -> None:
        fitted = LogisticRegression(max_iter=50).fit(features, target)
        self.weights, self.bias = fitted.coef_.T, fitted.intercept_
        self.classes_ = fitted.classes_

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Probabilities of arrays, (rows, 784), as (rows, classes)."""
        scores = features @ self.weights + self.bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The likeliest classes of rows."""
        return self.classes_[self.predict_proba(features).argmax(axis=1)]


def arrays(features: np.ndarray, target: pd.Series, *, params: Any, seed: int) -> ArrayModel:
    """Logistic regression on one array."""
    return ArrayModel(features, target)


class Ranges(TransformerMixin, BaseEstimator):
    """Numbers as shares of the range seen in training: what projects write by hand."""

    def __init__(self, numbers: list[str]) -> None:
        self.numbers = numbers

    def fit(self, features: pd.DataFrame, target: Any = None) -> Ranges:
        """Remember each number's range."""
        self.lowest_ = features[self.numbers].min()
        self.range_ = (features[self.numbers].max() - self.lowest_).replace(0, 1)
        return self

    def transform(self, features: pd.DataFrame) -> pd.DataFrame:
        """The same columns, numbers as shares."""
        shares = (features[self.numbers] - self.lowest_) / self.range_
        return features.assign(**{name: shares[name] for name in self.numbers})


def _encoder(features: pd.DataFrame) -> ColumnTransformer:
    numbers, texts = _columns(features)
    onehot = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("n", StandardScaler(), numbers), ("t", onehot, texts)])


def _columns(features: pd.DataFrame) -> tuple[list[str], list[str]]:
    numbers = [str(name) for name in features.select_dtypes("number")]
    return numbers, [str(name) for name in features if name not in numbers]
