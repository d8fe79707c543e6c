"""Which digit is written in 8 x 8 pixels."""

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> Pipeline:
    """Logistic regression on standardised pixels."""
    regression = LogisticRegression(C=params["C"], max_iter=params["max_iter"], random_state=seed)
    return Pipeline([("scale", StandardScaler()), ("regression", regression)]).fit(features, target)
