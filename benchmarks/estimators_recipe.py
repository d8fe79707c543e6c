"""Common scikit-learn estimators and pipelines as one recipe: ``params["estimator"]`` names one.

``estimators.py`` puts this file into a project as its code. Every entry has a number of its own
under ``params``, for ``--perturb param``; ``jobs`` may come with it where the estimator has
``n_jobs``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sklearn import ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

Make = Callable[[dict[str, Any], int, int | None], Any]
"""``(params, seed, jobs)`` to an estimator that takes numbers without nulls."""


@dataclass(frozen=True)
class Entry:
    """One estimator: how it is made, and what it is trained on."""

    make: Make
    params: dict[str, Any]
    task: str = "classification"
    rows: int | None = None
    """Training rows it gets, where all of them would take too long."""
    alone: bool = False
    """Whether it takes the columns as they are, without encoding."""
    has_jobs: bool = False
    deaf: tuple[str, ...] = field(default=())
    """Changes on purpose that can't show, because nothing in it depends on them."""


def train(features: pd.DataFrame, target: pd.Series, *, params: dict[str, Any], seed: int) -> Any:
    """Fit the estimator that ``params`` names, with the project's seed."""
    entry = ESTIMATORS[params["estimator"]]
    made = entry.make(params, seed, params.get("jobs"))
    model = made if entry.alone else make_pipeline(encoder(features), made)
    return model.fit(features.iloc[: entry.rows], target.iloc[: entry.rows])


def encoder(features: pd.DataFrame) -> ColumnTransformer:
    """Numbers imputed and scaled, everything else one-hot."""
    numbers = [name for name in features if features[name].dtype.kind in "if"]
    others = [name for name in features if name not in numbers]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("others", OneHotEncoder(handle_unknown="ignore", sparse_output=False), others),
        ]
    )


def native_categories(params: dict[str, Any], seed: int, jobs: int | None) -> Any:
    """Histogram boosting that splits on categories itself."""
    texts = [f"text{place}" for place in range(8)]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("texts", codes, texts)], remainder="passthrough")
    categories = list(range(len(texts)))
    boosting = ensemble.HistGradientBoostingClassifier(
        learning_rate=params["rate"], categorical_features=categories, random_state=seed
    )
    return make_pipeline(columns, boosting)


def logistic(C: float = 1.0, jobs: int | None = None) -> Any:
    return linear_model.LogisticRegression(C=C, max_iter=300)


def forests() -> dict[str, Entry]:
    """Trees and what is made of many."""
    base = tree.DecisionTreeClassifier
    return {
        "decision tree": Entry(
            lambda p, seed, jobs: base(max_depth=p["depth"], random_state=seed), {"depth": 8}
        ),
        "random forest": Entry(
            lambda p, seed, jobs: ensemble.RandomForestClassifier(
                p["trees"], n_jobs=jobs, random_state=seed
            ),
            {"trees": 30},
            has_jobs=True,
        ),
        "random forest, regression": Entry(
            lambda p, seed, jobs: ensemble.RandomForestRegressor(
                p["trees"], n_jobs=jobs, random_state=seed, max_features=0.3
            ),
            {"trees": 20},
            task="regression",
            has_jobs=True,
        ),
        "extra trees": Entry(
            lambda p, seed, jobs: ensemble.ExtraTreesClassifier(
                p["trees"], n_jobs=jobs, random_state=seed
            ),
            {"trees": 30},
            has_jobs=True,
        ),
        "gradient boosting": Entry(
            lambda p, seed, jobs: ensemble.GradientBoostingClassifier(
                n_estimators=p["trees"], subsample=0.8, random_state=seed
            ),
            {"trees": 20},
        ),
        "hist gradient boosting": Entry(
            lambda p, seed, jobs: ensemble.HistGradientBoostingClassifier(
                learning_rate=p["rate"], early_stopping=True, random_state=seed
            ),
            {"rate": 0.1},
        ),
        "hist gradient boosting, native categories": Entry(
            native_categories, {"rate": 0.1}, alone=True
        ),
        "AdaBoost": Entry(
            lambda p, seed, jobs: ensemble.AdaBoostClassifier(
                n_estimators=20, learning_rate=p["rate"], random_state=seed
            ),
            {"rate": 0.8},
        ),
        "bagging": Entry(
            lambda p, seed, jobs: ensemble.BaggingClassifier(
                base(max_depth=p["depth"]), n_jobs=jobs, random_state=seed
            ),
            {"depth": 8},
            has_jobs=True,
        ),
    }


def linear() -> dict[str, Entry]:
    """Linear models of both tasks; most of them have a solver without chance."""
    return {
        "linear regression": Entry(
            lambda p, seed, jobs: linear_model.LinearRegression(fit_intercept=p["intercept"]),
            {"intercept": True},
            task="regression",
            deaf=("seed",),
        ),
        "ridge": Entry(
            lambda p, seed, jobs: linear_model.Ridge(alpha=p["alpha"]),
            {"alpha": 1.0},
            task="regression",
            deaf=("seed",),
        ),
        "lasso": Entry(
            lambda p, seed, jobs: linear_model.Lasso(alpha=p["alpha"]),
            {"alpha": 0.01},
            task="regression",
            deaf=("seed",),
        ),
        "elastic net": Entry(
            lambda p, seed, jobs: linear_model.ElasticNet(
                alpha=p["alpha"], selection="random", random_state=seed
            ),
            {"alpha": 0.01},
            task="regression",
        ),
        "partial least squares": Entry(
            lambda p, seed, jobs: PLSRegression(p["components"]),
            {"components": 6},
            task="regression",
            deaf=("seed",),
        ),
        "SGD": Entry(
            lambda p, seed, jobs: linear_model.SGDClassifier(
                loss="log_loss", alpha=p["alpha"], n_jobs=jobs, random_state=seed
            ),
            {"alpha": 1e-4},
            has_jobs=True,
        ),
        "logistic regression, scaled and one-hot": Entry(
            lambda p, seed, jobs: logistic(p["C"]), {"C": 1.0}, deaf=("seed",)
        ),
        "logistic regression on PCA": Entry(
            lambda p, seed, jobs: make_pipeline(
                PCA(20, svd_solver="randomized", random_state=seed), logistic(p["C"])
            ),
            {"C": 1.0},
        ),
        "logistic regression on k-means": Entry(
            lambda p, seed, jobs: make_pipeline(
                KMeans(p["clusters"], n_init=2, random_state=seed), logistic()
            ),
            {"clusters": 12},
        ),
        "discriminant analysis": Entry(
            lambda p, seed, jobs: LinearDiscriminantAnalysis(
                solver="lsqr", shrinkage=p["shrinkage"]
            ),
            {"shrinkage": 0.1},
            deaf=("seed",),
        ),
    }


def neighbours_and_kernels() -> dict[str, Entry]:
    """Distances, kernels, Bayes and a network."""
    return {
        "linear SVC": Entry(
            lambda p, seed, jobs: svm.LinearSVC(C=p["C"], random_state=seed), {"C": 0.1}
        ),
        "SVC": Entry(
            lambda p, seed, jobs: svm.SVC(C=p["C"]), {"C": 1.0}, rows=4000, deaf=("seed",)
        ),
        "neighbours": Entry(
            lambda p, seed, jobs: neighbors.KNeighborsClassifier(p["neighbours"], n_jobs=jobs),
            {"neighbours": 5},
            has_jobs=True,
            deaf=("seed",),
        ),
        "Gaussian naive Bayes": Entry(
            lambda p, seed, jobs: naive_bayes.GaussianNB(var_smoothing=p["smoothing"]),
            {"smoothing": 1e-6},
            deaf=("seed",),
        ),
        "neural network": Entry(
            lambda p, seed, jobs: neural_network.MLPClassifier(
                (50,), alpha=p["alpha"], max_iter=8, random_state=seed
            ),
            {"alpha": 1e-4},
        ),
        "Gaussian process": Entry(
            lambda p, seed, jobs: GaussianProcessRegressor(
                RBF(5.0) + WhiteKernel(p["noise"]), n_restarts_optimizer=1, random_state=seed
            ),
            {"noise": 0.5},
            task="regression",
            rows=400,
        ),
        "kernel ridge": Entry(
            lambda p, seed, jobs: KernelRidge(alpha=p["alpha"], kernel="rbf", gamma=0.02),
            {"alpha": 1.0},
            task="regression",
            rows=2000,
            deaf=("seed",),
        ),
    }


def composed() -> dict[str, Entry]:
    """Estimators made of estimators."""
    return {
        "voting": Entry(
            lambda p, seed, jobs: ensemble.VotingClassifier(
                [
                    ("linear", logistic(p["C"])),
                    ("bayes", naive_bayes.GaussianNB()),
                    ("trees", ensemble.ExtraTreesClassifier(10, random_state=seed)),
                ],
                voting="soft",
                n_jobs=jobs,
            ),
            {"C": 1.0},
            has_jobs=True,
        ),
        "stacking": Entry(
            lambda p, seed, jobs: ensemble.StackingRegressor(
                [
                    ("linear", linear_model.Ridge(alpha=p["alpha"])),
                    ("tree", tree.DecisionTreeRegressor(max_depth=6, random_state=seed)),
                ],
                n_jobs=jobs,
            ),
            {"alpha": 1.0},
            task="regression",
            has_jobs=True,
        ),
        "calibrated linear SVC": Entry(
            lambda p, seed, jobs: CalibratedClassifierCV(
                svm.LinearSVC(C=p["C"], random_state=seed), cv=3, n_jobs=jobs
            ),
            {"C": 0.1},
            has_jobs=True,
        ),
        "grid search": Entry(
            lambda p, seed, jobs: GridSearchCV(
                tree.DecisionTreeClassifier(random_state=seed),
                {"max_depth": [4, p["depth"]]},
                cv=3,
                n_jobs=jobs,
            ),
            {"depth": 8},
            has_jobs=True,
        ),
    }


ESTIMATORS = {**linear(), **forests(), **neighbours_and_kernels(), **composed()}
