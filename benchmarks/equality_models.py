"""About seventy models, each on one of the tables of ``equality_tables``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from equality_tables import CLASSES, FEATURES
from sklearn import discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from packager.manifest.base import Task


@dataclass(frozen=True)
class Case:
    """A model on a table."""

    table: str
    model: Callable[[], Any]
    label: str = "int"
    """Key of ``CLASSES``, or ``number`` for a regression."""
    features: Sequence[str] | None = None

    @property
    def task(self) -> Task:
        """The task of the model."""
        return "regression" if self.label == "number" else "classification"

    @property
    def classes(self) -> Callable[[Any], Any]:
        """Function from class indices to labels."""
        return CLASSES[self.label]


def hot(**options: Any) -> Any:
    """Imputes and scales numbers, one-hot encodes texts."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    encoder = OneHotEncoder(**{"handle_unknown": "ignore", **options})
    return ColumnTransformer(
        [("n", numbers, ["year", "price", "part", "gaps"]), ("t", encoder, ["word", "shade"])]
    )


def ordinal() -> Any:
    """Encodes texts as ordinals."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer([("t", encoder, ["word", "shade"])], remainder="passthrough")


def binned() -> Any:
    """Binning, target encoding and robust scaling."""
    bins = make_pipeline(SimpleImputer(strategy="median"), KBinsDiscretizer(7))
    return ColumnTransformer(
        [
            ("b", bins, ["year", "price", "gaps"]),
            ("r", RobustScaler(), ["part"]),
            ("t", TargetEncoder(random_state=0), ["word", "shade"]),
        ]
    )


def filled(model: Any) -> Any:
    """Adds imputation, for estimators that don't support missing values."""
    return make_pipeline(SimpleImputer(), model)


def lgbm(kind: type = lgb.LGBMClassifier, **options: Any) -> Any:
    return kind(n_estimators=30, n_jobs=1, verbose=-1, **options)


def xgbm(kind: type = xgb.XGBClassifier, **options: Any) -> Any:
    return kind(n_estimators=30, n_jobs=1, **options)


BINNED, BINNED_NUMBER = (
    ensemble.HistGradientBoostingClassifier,
    ensemble.HistGradientBoostingRegressor,
)
_SMALL = ["near", "big", "gaps"]
"""Columns of the first table that fit float32."""
MODELS: dict[str, Case] = {
    "decision tree": Case("near", lambda: tree.DecisionTreeClassifier(), "float", _SMALL),
    "forest": Case("near", lambda: ensemble.RandomForestClassifier(30), "str", _SMALL),
    "forest of numbers": Case("near", lambda: ensemble.RandomForestRegressor(30), "number", _SMALL),
    "extra trees": Case("near", lambda: ensemble.ExtraTreesClassifier(30), "bool", _SMALL),
    "boosting": Case(
        "near", lambda: filled(ensemble.GradientBoostingClassifier(n_estimators=30)), "int", _SMALL
    ),
    "boosting, exponential": Case(
        "near",
        lambda: filled(ensemble.GradientBoostingClassifier(n_estimators=30, loss="exponential")),
        "two",
        _SMALL,
    ),
    "histograms": Case("near", lambda: BINNED(max_iter=30), "str"),
    "histograms, two": Case("near", lambda: BINNED(max_iter=30), "bool"),
    "histograms of numbers": Case("near", lambda: BINNED_NUMBER(max_iter=30), "number"),
    "histograms, Poisson": Case(
        "near", lambda: BINNED_NUMBER(loss="poisson", max_iter=30), "number"
    ),
    "histograms, gamma": Case("near", lambda: BINNED_NUMBER(loss="gamma", max_iter=30), "number"),
    "histograms, quantile": Case(
        "near", lambda: BINNED_NUMBER(loss="quantile", quantile=0.7, max_iter=30), "number"
    ),
    "LightGBM": Case("near", lambda: lgbm(), "str"),
    "LightGBM, two": Case("near", lambda: lgbm(class_weight="balanced"), "bool"),
    "LightGBM, one against all": Case("near", lambda: lgbm(objective="multiclassova"), "float"),
    "LightGBM, random forest": Case(
        "near", lambda: lgbm(boosting_type="rf", bagging_freq=1, bagging_fraction=0.6), "int"
    ),
    "LightGBM, dart": Case("near", lambda: lgbm(boosting_type="dart"), "int"),
    "LightGBM, zero as missing": Case("near", lambda: lgbm(zero_as_missing=True), "int"),
    "LightGBM, sigmoid": Case("near", lambda: lgbm(objective="binary", sigmoid=2.0), "two"),
    **{
        f"LightGBM, {name}": Case(
            "near", lambda name=name: lgbm(lgb.LGBMRegressor, objective=name), "number"
        )
        for name in (
            "regression",
            "regression_l1",
            "huber",
            "poisson",
            "gamma",
            "tweedie",
            "quantile",
        )
    },
    "LightGBM, square root": Case("near", lambda: lgbm(lgb.LGBMRegressor, reg_sqrt=True), "number"),
    "XGBoost": Case("near", lambda: xgbm(), "int", _SMALL),
    "XGBoost, far": Case("near", lambda: xgbm(), "int", ["near", "big", "huge", "tiny", "gaps"]),
    "XGBoost, two": Case("near", lambda: xgbm(), "binary", _SMALL),
    "XGBoost, softmax": Case("near", lambda: xgbm(objective="multi:softmax"), "int", _SMALL),
    "XGBoost, hinge": Case("near", lambda: xgbm(objective="binary:hinge"), "binary", _SMALL),
    "XGBoost, dart": Case("near", lambda: xgbm(booster="dart", rate_drop=0.2), "binary", _SMALL),
    "XGBoost, linear": Case("near", lambda: xgbm(booster="gblinear"), "binary", _SMALL),
    "XGBoost, missing is 0": Case("near", lambda: xgbm(missing=0.0), "binary", _SMALL),
    **{
        f"XGBoost, {name}": Case(
            "near", lambda name=name: xgbm(xgb.XGBRegressor, objective=name), "number", _SMALL
        )
        for name in (
            "reg:squarederror",
            "reg:gamma",
            "reg:tweedie",
            "count:poisson",
            "reg:absoluteerror",
            "reg:pseudohubererror",
        )
    },
    "histograms by dtype": Case(
        "kinds", lambda: BINNED(categorical_features="from_dtype", max_iter=30), "str"
    ),
    "histograms, nullable": Case(
        "kinds", lambda: BINNED(max_iter=30), "bool", ["count", "load", "maybe"]
    ),
    "LightGBM, categories": Case("kinds", lambda: lgbm(min_child_samples=5), "str"),
    "XGBoost, categories": Case("kinds", lambda: xgbm(enable_categorical=True), "int"),
    "categories one-hot": Case(
        "kinds",
        lambda: make_pipeline(
            ColumnTransformer(
                [
                    (
                        "c",
                        OneHotEncoder(handle_unknown="ignore"),
                        ["place", "code", "size", "flag", "text"],
                    )
                ],
                remainder="drop",
            ),
            linear_model.LogisticRegression(max_iter=300),
        ),
        "float",
        [*FEATURES["kinds"], "text", "day"],
    ),
    "logistic": Case(
        "texts", lambda: make_pipeline(hot(), linear_model.LogisticRegression(max_iter=300)), "str"
    ),
    "logistic, two": Case(
        "texts",
        lambda: make_pipeline(hot(drop="if_binary"), linear_model.LogisticRegression(max_iter=300)),
        "bool",
    ),
    "logistic, rare": Case(
        "texts",
        lambda: make_pipeline(
            hot(min_frequency=30, drop="first", handle_unknown="infrequent_if_exist"),
            linear_model.LogisticRegression(max_iter=300),
        ),
        "two",
    ),
    "logistic, few": Case(
        "texts",
        lambda: make_pipeline(
            hot(max_categories=5), linear_model.LogisticRegression(solver="liblinear")
        ),
        "two",
    ),
    "logistic, bins": Case(
        "texts",
        lambda: make_pipeline(binned(), linear_model.LogisticRegression(max_iter=300)),
        "float",
    ),
    "SGD": Case(
        "texts", lambda: make_pipeline(hot(), linear_model.SGDClassifier(loss="log_loss")), "str"
    ),
    "SGD, Huber": Case(
        "texts",
        lambda: make_pipeline(hot(), linear_model.SGDClassifier(loss="modified_huber")),
        "two",
    ),
    "LDA": Case(
        "texts",
        lambda: make_pipeline(
            hot(sparse_output=False, max_categories=9),
            discriminant_analysis.LinearDiscriminantAnalysis(),
        ),
        "str",
    ),
    "linear SVC": Case("texts", lambda: make_pipeline(hot(), svm.LinearSVC()), "float"),
    "ridge classifier": Case(
        "texts", lambda: make_pipeline(hot(), linear_model.RidgeClassifier()), "bool"
    ),
    **{
        f"regression, {name}": Case(
            "texts", lambda model=model: make_pipeline(hot(), model()), "number"
        )
        for name, model in {
            "ridge": linear_model.Ridge,
            "lasso": linear_model.Lasso,
            "Huber": lambda: linear_model.HuberRegressor(max_iter=50),
            "Poisson": lambda: linear_model.PoissonRegressor(max_iter=300),
            "gamma": lambda: linear_model.GammaRegressor(max_iter=300),
            "Tweedie": lambda: linear_model.TweedieRegressor(power=1.5, max_iter=300),
            "Tweedie, identity": lambda: linear_model.TweedieRegressor(power=0, max_iter=300),
        }.items()
    },
    "forest on ordinals": Case(
        "texts", lambda: make_pipeline(ordinal(), ensemble.RandomForestClassifier(20)), "bool"
    ),
    "LightGBM on ordinals": Case("texts", lambda: make_pipeline(ordinal(), lgbm()), "str"),
    "linear on hard numbers": Case(
        "near",
        lambda: make_pipeline(
            ColumnTransformer([("n", StandardScaler(), ["near", "big", "tiny", "zero"])]),
            linear_model.LogisticRegression(max_iter=50),
        ),
        "int",
    ),
    "neighbours": Case(
        "texts", lambda: make_pipeline(hot(), neighbors.KNeighborsClassifier()), "int"
    ),
    "neural network": Case(
        "texts", lambda: make_pipeline(hot(), MLPClassifier((9,), max_iter=20)), "str"
    ),
    "naive Bayes": Case(
        "texts", lambda: make_pipeline(hot(sparse_output=False), naive_bayes.GaussianNB()), "float"
    ),
}
