"""Training code: `package build` calls `train` with the rows it may learn from."""

import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int):
    """Return a fitted model; the seed makes training repeatable."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer(
        (encode, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    model = HistGradientBoostingClassifier(max_iter=params["max_iter"], random_state=seed)
    return make_pipeline(columns, model).fit(features, target)
