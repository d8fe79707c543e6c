"""Models fitted on some of the features, or in another order, get their own columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from in_process import hosted
from lightgbm import LGBMClassifier
from named_columns import LABELS, ORDER, ROWS
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from worker_projects import Project
from xgboost import XGBClassifier

from modelhost.model import LoadedModel
from packager.errors import PackageError
from packager.model.hosted_model import HostedModel
from packager.worker.job import TrainingResult
from packager.worker.train.fitted_columns import features_of_model

SMALL = {"n_estimators": 2, "n_jobs": 1}


MODELS = {
    "sklearn": LogisticRegression(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "search": GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2),
    "search in a pipeline": make_pipeline(
        GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2)
    ),
    "lightgbm": LGBMClassifier(**SMALL, verbose=-1),
    "xgboost": XGBClassifier(**SMALL),
    "pipeline of xgboost": make_pipeline(XGBClassifier(**SMALL)),
}


def loaded(native) -> HostedModel:
    return hosted(LoadedModel(native, "classification", (0, 1), True))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sample(3)
def test_a_model_is_queried_with_the_columns_it_was_fitted_on(name):
    model = loaded(clone(MODELS[name]).fit(ROWS[ORDER], LABELS))
    names = features_of_model(model, ROWS, tuple(ROWS))
    assert names == tuple(ORDER)
    assert len(model.predict(ROWS[list(names)]).labels) == len(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sample(3)
def test_a_model_fitted_on_all_columns_is_queried_with_all(name):
    model = loaded(clone(MODELS[name]).fit(ROWS, LABELS))
    assert features_of_model(model, ROWS, tuple(ROWS)) == tuple(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sample(3)
def test_a_model_fitted_on_an_array_names_nothing(name):
    model = loaded(clone(MODELS[name]).fit(ROWS.to_numpy(), LABELS))
    assert model.feature_names is None
    assert features_of_model(model, ROWS, tuple(ROWS)) == tuple(ROWS)


class Selects(LogisticRegression):
    """Selects its columns itself, one of which it names nowhere."""

    def fit(self, features, target):
        return super().fit(features[["a", "b"]], target)

    def predict(self, frame):
        return np.where(frame["d"] > 9, 1, super().predict(frame[["a", "b"]]))

    def predict_proba(self, frame):
        return super().predict_proba(frame[["a", "b"]])


def test_a_class_that_reads_more_than_it_names_gets_all():
    model = loaded(Selects().fit(ROWS, LABELS))
    assert model.feature_names == ("a", "b")
    assert features_of_model(model, ROWS, tuple(ROWS)) == tuple(ROWS)


SELECTS = """
    from sklearn.linear_model import LogisticRegression

    def train(features, target, *, params, seed):
        return LogisticRegression().fit({}, target)
"""


@pytest.mark.slow
def test_a_recipe_that_selects_and_orders_columns_is_trained_measured_and_replayed(
    project: Project, rows: pd.DataFrame
):
    project.code(train=SELECTS.format("features[['count', 'size']]"))
    project.data(rows)
    job = project.job(
        repeat=True,
        slices_columns=("new",),
        serve=project.job().serve.model_copy(update={"compile": "auto"}),
    )
    ended = project.start(job)
    assert ended.code == 0, ended.stderr
    assert (
        "the model was fitted on 2 of 3 features; requests need not hold the others: 'new'\n"
        in ended.stderr
    )
    result = TrainingResult.load(project.out / "result.json")
    assert [column.name for column in result.schema_.features] == ["count", "size"]
    assert [column.name for column in result.schema_.extras] == ["new"]
    assert result.repeatability is not None
    assert result.repeatability.level == "artifact"
    assert result.compiled.verdict == "equal", result.compiled.reason
    assert set(result.evaluation.slices) == {"new=False", "new=True"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("features", "hint"),
    [
        ("features[['size', 'count']].to_numpy()", "fitted it on 2 of 3 features without their"),
        ("features.assign(both=features['size'] * 2)", "fitted it on 'both', which is no feature"),
    ],
)
def test_a_model_that_cannot_be_queried_is_reported_with_the_reason(
    project: Project, rows, features, hint
):
    project.code(train=SELECTS.format(features))
    project.data(rows)
    ended = project.start(project.job())
    assert ended.code == 1
    assert "the model raised ValueError" in ended.error["message"]
    assert hint in ended.error["hint"]


@pytest.mark.slow
def test_a_vectoriser_of_one_of_two_texts_is_reported(project: Project, rows):
    project.code(
        train="""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        def train(features, target, *, params, seed):
            return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
                features["text"], target
            )
        """
    )
    texts = [f"bought {n}" for n in range(80)]
    project.data(rows.assign(text=texts, title=texts)[["text", "title", "label"]])
    ended = project.start(project.job())
    assert "got 'text' and 'title'" in ended.error["message"]
    assert 'make_column_transformer((TfidfVectorizer(), "text"))' in ended.error["hint"]


def test_a_pipeline_that_names_nothing_is_queried_with_all():
    first = FunctionTransformer(lambda frame: frame[["a", "b"]])
    model = loaded(make_pipeline(first, LogisticRegression()).fit(ROWS, LABELS))
    assert features_of_model(model, ROWS, tuple(ROWS)) == tuple(ROWS)
    columns = make_column_transformer(("passthrough", ["b"]))
    model = loaded(make_pipeline(columns, LogisticRegression()).fit(ROWS, LABELS))
    assert features_of_model(model, ROWS, tuple(ROWS)) == tuple(ROWS)


def test_a_frame_of_one_answer_a_column_is_refused_and_a_square_one_is_not():
    class Walks:
        def predict(self, frame):
            return [0 for _ in frame]

    model = LoadedModel(Walks(), "classification", (0, 1), False)
    with pytest.raises(PackageError, match="predict gave 4 values for 80 rows"):
        model.predict(ROWS)
    assert len(model.predict(ROWS.head(4)).labels) == 4
