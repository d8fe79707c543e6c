"""A text model is given the only column of text; of several, the frame has to be divided."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from modelhost.model import LoadedModel
from modelhost.text_input import text_step
from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.worker.train.text_input import check_takes_frames

FRAME = pd.DataFrame({"stars": [1, 2, 3, 4] * 5, "text": ["good", "bad", "fine", "poor"] * 5})
LABELS = ["a", "b"] * 10
SEVERAL = FRAME.assign(title=FRAME["text"])
COLUMNS = infer_columns(SEVERAL)
MODELS = [
    make_pipeline(TfidfVectorizer(), LogisticRegression()),
    make_pipeline(HashingVectorizer(n_features=8), LogisticRegression()),
    make_pipeline("passthrough", CountVectorizer(), LogisticRegression()),
    make_pipeline(make_union(CountVectorizer(), TfidfVectorizer()), LogisticRegression()),
    GridSearchCV(make_pipeline(CountVectorizer(), LogisticRegression()), {}, cv=2),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("given", [list, pd.Series, lambda texts: texts.to_numpy(dtype=object)])
def test_the_only_column_of_text_is_handed_over(model: Any, given: Any) -> None:
    columns = infer_columns(FRAME)
    check_takes_frames(text_step(model), columns, trained=True)
    fitted = clone(model).fit(given(FRAME["text"]), LABELS)
    loaded = LoadedModel(fitted, "classification", ("a", "b"), has_probabilities=True)
    found = loaded.predict(FRAME, columns)
    assert found.labels == fitted.predict(FRAME["text"]).tolist()
    assert found.probabilities is not None
    assert (found.probabilities == fitted.predict_proba(FRAME["text"])).all()


@pytest.mark.parametrize("model", MODELS)
def test_one_of_several_texts_is_refused_with_the_reason(model: Any) -> None:
    model = clone(model).fit(FRAME["text"], LABELS)
    with pytest.raises(PackageError) as caught:
        check_takes_frames(text_step(model), COLUMNS, trained=True)
    assert re.search(
        r"begins with \w+Vectorizer, which takes one column of text: expected exactly one among the"
        r" features, got 'text' and 'title' \(features 'stars', 'text', 'title'\)",
        caught.value.message,
    )


def test_what_the_hint_says_works() -> None:
    with pytest.raises(PackageError) as caught:
        check_takes_frames(text_step(make_pipeline(TfidfVectorizer())), COLUMNS, trained=True)
    said = re.search(r"let (make_column_transformer\(.*\)) be the first step", caught.value.hint)
    assert said is not None
    names = {
        "make_column_transformer": make_column_transformer,
        "TfidfVectorizer": TfidfVectorizer,
    }
    first = eval(said[1], names)
    model = make_pipeline(first, LogisticRegression()).fit(SEVERAL, LABELS)
    check_takes_frames(text_step(model), COLUMNS, trained=True)
    assert len(model.predict(SEVERAL)) == len(SEVERAL)


def test_of_a_model_trained_elsewhere_a_class_is_the_way() -> None:
    with pytest.raises(PackageError) as caught:
        check_takes_frames(text_step(make_pipeline(TfidfVectorizer())), COLUMNS, trained=False)
    assert 'predict(frame) hands frame["text"] to the model' in caught.value.hint


def test_any_other_model_that_answers_by_column_is_reported() -> None:
    class Walking:
        def predict(self, frame: pd.DataFrame) -> list[str]:
            return ["a" for _ in frame]

    model = LoadedModel(Walking(), "classification", None, has_probabilities=False)
    with pytest.raises(PackageError) as caught:
        model.predict(FRAME)
    assert caught.value.message == (
        "predict gave 2 values for 20 rows, expected one label per row: it gave one for each column"
        " of the frame, 'stars', 'text'"
    )
    assert "fit(features[NAME], target)" in caught.value.hint
