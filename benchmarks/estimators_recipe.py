"""A recipe for common scikit-learn estimators and pipelines, selected by ``params["estimator"]``.

``estimators.py`` copies this file into a project as its code. The seed is set as every
``random_state``, ``params["jobs"]`` as ``n_jobs`` if the estimator has it, and every entry has a
numeric parameter in ``params``, for ``--perturb param``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn import linear_model, naive_bayes, neighbors, neural_network, svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

TEXTS = [f"text{place}" for place in range(8)]


@dataclass(frozen=True)
class Entry:
    """One estimator, and the form of its training data."""

    make: Callable[[dict[str, Any]], Any]
    """Function from ``params`` to the estimator, which gets numbers without nulls."""
    params: dict[str, Any]
    task: str = "classification"
    rows: int | None = None
    """Number of training rows; None: all. Set if all would take too long."""
    alone: bool = False
    """Whether it gets the columns without encoding."""

    def has(self, parameter: str) -> bool:
        """Whether it, or a nested estimator, has ``parameter``."""
        return bool(_named(self.make(self.params), parameter))


def train(features: pd.DataFrame, target: pd.Series, *, params: dict[str, Any], seed: int) -> Any:
    """Fit the estimator that ``params`` names, with the project's seed."""
    entry = ESTIMATORS[params["estimator"]]
    made = entry.make(params)
    made.set_params(**dict.fromkeys(_named(made, "random_state"), seed))
    if "jobs" in params:
        made.set_params(**dict.fromkeys(_named(made, "n_jobs"), params["jobs"]))
    model = made if entry.alone else make_pipeline(_encoder(features), made)
    return model.fit(features.iloc[: entry.rows], target.iloc[: entry.rows])


def _named(estimator: Any, parameter: str) -> list[str]:
    return [name for name in estimator.get_params() if name.split("__")[-1] == parameter]


def _encoder(features: pd.DataFrame) -> ColumnTransformer:
    """Imputes and scales numbers, one-hot encodes everything else."""
    numbers = [name for name in features if features[name].dtype.kind in "if"]
    others = [name for name in features if name not in numbers]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("others", OneHotEncoder(handle_unknown="ignore", sparse_output=False), others),
        ]
    )


def _native_categories(params: dict[str, Any]) -> Any:
    """Histogram boosting with native categorical splits."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(
        ColumnTransformer([("texts", codes, TEXTS)], remainder="passthrough"),
        HistGradientBoostingClassifier(
            learning_rate=params["rate"], categorical_features=list(range(len(TEXTS)))
        ),
    )


def _voting(params: dict[str, Any]) -> Any:
    members = [
        ("linear", linear_model.LogisticRegression(C=params["C"], max_iter=300)),
        ("bayes", naive_bayes.GaussianNB()),
        ("trees", ExtraTreesClassifier(10)),
    ]
    return VotingClassifier(members, voting="soft")


def _stacking(params: dict[str, Any]) -> Any:
    members = [
        ("linear", linear_model.Ridge(params["alpha"])),
        ("tree", DecisionTreeRegressor(max_depth=6)),
    ]
    return StackingRegressor(members)


LINEAR = {
    "linear regression": Entry(
        lambda p: linear_model.LinearRegression(fit_intercept=p["intercept"]),
        {"intercept": True},
        task="regression",
    ),
    "ridge": Entry(lambda p: linear_model.Ridge(p["alpha"]), {"alpha": 1.0}, task="regression"),
    "lasso": Entry(lambda p: linear_model.Lasso(p["alpha"]), {"alpha": 0.01}, task="regression"),
    "elastic net": Entry(
        lambda p: linear_model.ElasticNet(alpha=p["alpha"], selection="random"),
        {"alpha": 0.01},
        task="regression",
    ),
    "partial least squares": Entry(
        lambda p: PLSRegression(p["components"]), {"components": 6}, task="regression"
    ),
    "SGD": Entry(
        lambda p: linear_model.SGDClassifier(loss="log_loss", alpha=p["alpha"]), {"alpha": 1e-4}
    ),
    "logistic regression": Entry(
        lambda p: linear_model.LogisticRegression(C=p["C"], max_iter=300), {"C": 1.0}
    ),
    "PCA and logistic regression": Entry(
        lambda p: make_pipeline(
            PCA(20, svd_solver="randomized"), linear_model.LogisticRegression(C=p["C"])
        ),
        {"C": 1.0},
    ),
    "k-means and logistic regression": Entry(
        lambda p: make_pipeline(
            KMeans(p["clusters"], n_init=2), linear_model.LogisticRegression(max_iter=300)
        ),
        {"clusters": 12},
    ),
    "discriminant analysis": Entry(
        lambda p: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=p["shrinkage"]),
        {"shrinkage": 0.1},
    ),
    "linear SVC": Entry(lambda p: svm.LinearSVC(C=p["C"]), {"C": 0.1}),
}
TREES = {
    "decision tree": Entry(lambda p: DecisionTreeClassifier(max_depth=p["depth"]), {"depth": 8}),
    "random forest": Entry(lambda p: RandomForestClassifier(p["trees"]), {"trees": 30}),
    "random forest, regression": Entry(
        lambda p: RandomForestRegressor(p["trees"], max_features=0.3),
        {"trees": 20},
        task="regression",
    ),
    "extra trees": Entry(lambda p: ExtraTreesClassifier(p["trees"]), {"trees": 30}),
    "gradient boosting": Entry(
        lambda p: GradientBoostingClassifier(n_estimators=p["trees"], subsample=0.8), {"trees": 20}
    ),
    "hist gradient boosting": Entry(
        lambda p: HistGradientBoostingClassifier(learning_rate=p["rate"], early_stopping=True),
        {"rate": 0.1},
    ),
    "hist gradient boosting, categories": Entry(_native_categories, {"rate": 0.1}, alone=True),
    "AdaBoost": Entry(
        lambda p: AdaBoostClassifier(n_estimators=20, learning_rate=p["rate"]), {"rate": 0.8}
    ),
    "bagging": Entry(
        lambda p: BaggingClassifier(DecisionTreeClassifier(max_depth=p["depth"])), {"depth": 8}
    ),
}
OTHERS = {
    "SVC": Entry(lambda p: svm.SVC(C=p["C"]), {"C": 1.0}, rows=4000),
    "neighbours": Entry(
        lambda p: neighbors.KNeighborsClassifier(p["neighbours"]), {"neighbours": 5}
    ),
    "Gaussian naive Bayes": Entry(
        lambda p: naive_bayes.GaussianNB(var_smoothing=p["smoothing"]), {"smoothing": 1e-6}
    ),
    "neural network": Entry(
        lambda p: neural_network.MLPClassifier((50,), alpha=p["alpha"], max_iter=8),
        {"alpha": 1e-4},
    ),
    "Gaussian process": Entry(
        lambda p: GaussianProcessRegressor(
            RBF(5.0) + WhiteKernel(p["noise"]), n_restarts_optimizer=1
        ),
        {"noise": 0.5},
        task="regression",
        rows=400,
    ),
    "kernel ridge": Entry(
        lambda p: KernelRidge(alpha=p["alpha"], kernel="rbf", gamma=0.02),
        {"alpha": 1.0},
        task="regression",
        rows=2000,
    ),
    "voting": Entry(_voting, {"C": 1.0}),
    "stacking": Entry(_stacking, {"alpha": 1.0}, task="regression"),
    "calibrated linear SVC": Entry(
        lambda p: CalibratedClassifierCV(svm.LinearSVC(C=p["C"]), cv=3), {"C": 0.1}
    ),
    "grid search": Entry(
        lambda p: GridSearchCV(DecisionTreeClassifier(), {"max_depth": [4, p["depth"]]}, cv=3),
        {"depth": 8},
    ),
}
ESTIMATORS = {**LINEAR, **TREES, **OTHERS}
