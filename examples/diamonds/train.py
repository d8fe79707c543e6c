"""The cut of a diamond from its measures, its price and its grades."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

# From worst to best, so that the trees can split between neighbouring grades.
COLOR = ["J", "I", "H", "G", "F", "E", "D"]
CLARITY = ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"]


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> Pipeline:
    """Gradient-boosted trees; an unknown or missing grade is a missing value to them."""
    grades = OrdinalEncoder(
        categories=[COLOR, CLARITY],
        handle_unknown="use_encoded_value",
        unknown_value=float("nan"),
    )
    trees = HistGradientBoostingClassifier(
        max_iter=params["max_iter"],
        learning_rate=params["learning_rate"],
        early_stopping=False,
        random_state=seed,
    )
    encode = ColumnTransformer([("grades", grades, ["color", "clarity"])], remainder="passthrough")
    return Pipeline([("encode", encode), ("trees", trees)]).fit(features, target)
