"""One call and two calls of a model give the same answer."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from modelhost import predict_once
from modelhost.errors import PackageError
from modelhost.predictions import checked_labels

FITTED = [
    BaggingClassifier(n_estimators=4, random_state=0),
    DecisionTreeClassifier(max_depth=3, random_state=0),
    ExtraTreesClassifier(n_estimators=4, random_state=0),
    GaussianNB(),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=5, random_state=0),
    LGBMClassifier(n_estimators=5, verbose=-1),
    LinearDiscriminantAnalysis(),
    LogisticRegression(max_iter=300),
    MLPClassifier((4,), max_iter=30, random_state=0),
    RandomForestClassifier(n_estimators=2, random_state=0),
    XGBClassifier(n_estimators=5),
]


class Counting(TransformerMixin, BaseEstimator):
    """Rounds, so that rows tie, and counts how often it is asked."""

    asked = 0

    def fit(self, _rows: Any, _target: Any = None) -> Counting:
        return self  # with nothing that tells it is fitted

    def transform(self, rows: Any) -> Any:
        type(self).asked += 1
        return np.round(np.asarray(rows), 1)


class Doubles(TransformerMixin, BaseEstimator):
    """Learns nothing, so that scikit-learn can't tell whether it is fitted."""

    def fit(self, _rows: Any, _target: Any = None) -> Doubles:
        return self

    def transform(self, rows: Any) -> Any:
        return rows * 2


class Plain:
    """As scikit-learn's pipelines take it, without its base classes."""

    def fit(self, _rows: Any, _target: Any = None) -> Plain:
        return self

    def transform(self, rows: Any) -> Any:
        return rows * 2


class Forest(RandomForestClassifier):
    """A subclass may decide otherwise."""

    def predict(self, rows: Any) -> Any:
        return np.full(len(rows), self.classes_[0])


class Adds(LogisticRegression):
    """Adds a column to the frame it is given."""

    def predict(self, rows: Any) -> Any:
        rows["more"] = 1
        return super().predict(rows[["a", "b", "c"]])


def rows(count: int = 3_000) -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(random.normal(size=(count, 3)).round(1), columns=["a", "b", "c"])


def target(frame: pd.DataFrame, kinds: int) -> Any:
    noise = np.random.default_rng(4).normal(size=len(frame))
    return np.digitize(frame["a"] - frame["b"] + noise, np.linspace(-0.5, 0.5, kinds - 1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kinds", [2, 3])
@pytest.mark.parametrize("model", FITTED, ids=lambda model: type(model).__name__)
@pytest.mark.sample(8)
def test_a_label_is_the_likeliest_class_also_where_classes_tie(model: Any, kinds: int) -> None:
    frame = rows()
    fitted = make_pipeline(Counting(), model).fit(frame[:1_000], target(frame, kinds)[:1_000])
    assert predict_once._kind(model) in predict_once.ARGMAX_CLASSIFIERS
    classes = tuple(fitted.classes_.tolist())
    ask = predict_once.label_and_probabilities(fitted, classes)
    for part in (frame, frame[:1], frame[1:2]):
        before = Counting.asked
        labels, chances = ask(part)
        assert Counting.asked == before + 1
        assert checked_labels(labels, len(part), "classification") == fitted.predict(part).tolist()
        assert (chances == fitted.predict_proba(part)).all()


def test_every_classifier_known_to_be_queried_once_is_tried_here() -> None:
    assert {predict_once._kind(model) for model in FITTED} == predict_once.ARGMAX_CLASSIFIERS


def test_ties_of_a_forest_are_there_and_left_to_it() -> None:
    frame = rows()
    forest = RandomForestClassifier(n_estimators=2, random_state=0, max_depth=None)
    forest.fit(frame[:500], target(frame, 2)[:500])
    chances = forest.predict_proba(frame)
    assert (chances[:, 0] == chances[:, 1]).any()
    labels, _ = predict_once.label_and_probabilities(forest, (0, 1))(frame)
    assert np.array_equal(labels, forest.predict(frame))


def test_what_may_differ_is_queried_twice() -> None:
    frame = rows(300)
    text = np.array(["no", "yes"])[target(frame, 2)]
    forest = Forest(n_estimators=3, random_state=0).fit(frame, text)
    assert set(predict_once.label_and_probabilities(forest, ("no", "yes"))(frame)[0]) == {"no"}
    machine = make_pipeline(Counting(), SVC(probability=True, random_state=0)).fit(frame, text)
    before = Counting.asked
    labels, _ = predict_once.label_and_probabilities(machine, ("no", "yes"))(frame)
    assert (labels == machine.predict(frame)).all()
    assert Counting.asked == before + 2  # once above, once by the line before


@pytest.mark.parametrize("steps", [[Doubles()], [Plain()], ["passthrough", Doubles(), None], []])
def test_a_pipeline_passes_through_whatever_transforms(steps: list[Any]) -> None:
    frame = rows(300)
    named = [(str(place), step) for place, step in enumerate(steps)]
    pipeline = Pipeline([*named, ("m", LogisticRegression())]).fit(frame, target(frame, 2))
    labels, chances = predict_once.label_and_probabilities(pipeline, (0, 1))(frame)
    assert labels == pipeline.predict(frame).tolist()
    assert (chances == pipeline.predict_proba(frame)).all()


@pytest.mark.slow
@pytest.mark.skipif(lightgbm.__version__ < "4", reason="an objective gets flat scores")
def test_raw_scores_of_an_objective_of_ones_own_are_no_probabilities() -> None:
    frame = rows(300)
    known = target(frame, 3)

    def objective(truth: Any, scores: Any) -> Any:
        hot = np.eye(3)[truth.astype(int)]
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances = raised / raised.sum(axis=1, keepdims=True)
        return chances - hot, 2 * chances * (1 - chances)

    model = LGBMClassifier(n_estimators=3, objective=objective, verbose=-1).fit(frame, known)
    labels, _ = predict_once.label_and_probabilities(model, (0, 1, 2))(frame)
    with pytest.raises(PackageError, match=r"one value per row, got ndarray of shape \(300, 3\)"):
        checked_labels(labels, 300, "classification")


@pytest.mark.slow
def test_a_search_is_what_it_found() -> None:
    frame = rows(300)
    pipeline = Pipeline([("c", Counting()), ("m", LogisticRegression())])
    search = GridSearchCV(pipeline, {"m__C": [0.1, 1.0]}, cv=2).fit(frame, target(frame, 2))
    before = Counting.asked
    labels, chances = predict_once.label_and_probabilities(search, (0, 1))(frame)
    assert Counting.asked == before + 1
    assert labels == search.predict(frame).tolist()
    assert (chances == search.predict_proba(frame)).all()


def test_a_model_that_changes_its_frame_changes_no_other() -> None:
    frame = rows(300)
    model = Adds().fit(frame, target(frame, 2))
    labels, chances = predict_once.label_and_probabilities(model, (0, 1))(frame)
    assert list(frame) == ["a", "b", "c"]
    assert len(labels) == len(chances) == 300
