"""A vectorizer and an estimator that were saved together are one model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.svm import LinearSVC
from tiny_models import LABELS, ROWS, loaded

from modelhost.errors import PackageError

TEXTS = pd.DataFrame({"text": ["good film", "bad film", "nice one", "awful one"]})
VECTORIZER = TfidfVectorizer().fit(TEXTS["text"])
MATRIX = VECTORIZER.transform(TEXTS["text"])
CLASSIFIER = LogisticRegression(C=100).fit(MATRIX, [1, 0, 1, 0])
SCALER = StandardScaler().fit(ROWS)
SCALED = LogisticRegression().fit(SCALER.transform(ROWS), LABELS)


@pytest.mark.parametrize(
    "group",
    [
        (VECTORIZER, CLASSIFIER),
        [CLASSIFIER, VECTORIZER],
        {"model": CLASSIFIER, "vectorizer": VECTORIZER},
    ],
)
def test_what_transforms_comes_before_what_predicts(tmp_path: Path, group: Any) -> None:
    model = loaded(tmp_path, group, "classification")
    found = model.predict(TEXTS)
    assert found.labels == [1, 0, 1, 0]
    assert (found.probabilities == CLASSIFIER.predict_proba(MATRIX)).all()
    assert model.classes == (0, 1)
    assert model.text_step is None


@pytest.mark.parametrize(
    "group",
    [
        (VECTORIZER, CLASSIFIER, LabelEncoder().fit(["neg", "pos"])),
        {"tfidf": VECTORIZER, "clf": CLASSIFIER, "classes": ["neg", "pos"]},
        {
            "tfidf": VECTORIZER,
            "svm": LinearSVC().fit(MATRIX, [1, 0, 1, 0]),
            "labels": ("neg", "pos"),
        },
    ],
)
def test_labels_come_from_an_encoder_or_a_list(tmp_path: Path, group: Any) -> None:
    model = loaded(tmp_path, group, "classification")
    assert model.classes == ("neg", "pos")
    assert model.predict(TEXTS).labels == ["pos", "neg", "pos", "neg"]


def test_columns_come_from_a_list(tmp_path: Path) -> None:
    group = {"scaler": SCALER, "model": SCALED, "columns": ["a", "b", "c"]}
    model = loaded(tmp_path, group, "classification")
    assert model.feature_names == ("a", "b", "c")
    own = SCALED.predict(SCALER.transform(ROWS)).tolist()
    assert model.predict(ROWS[["c", "b", "a"]]).labels == own


@pytest.mark.parametrize(
    ("group", "why"),
    [
        ({"model": CLASSIFIER, "threshold": 0.3}, "threshold does neither"),
        ((VECTORIZER, CLASSIFIER, CLASSIFIER), "two of them predict"),
        ((VECTORIZER, SCALER), "none of them predicts"),
        ({"weights": [1, 2]}, "weights does neither"),
        ({}, "none of them predicts"),
        ((KMeans(), CLASSIFIER), "two of them predict"),
    ],
)
def test_a_group_that_is_no_pipeline_is_refused_by_its_members(
    tmp_path: Path, group: Any, why: str
) -> None:
    with pytest.raises(PackageError, match=why) as caught:
        loaded(tmp_path, group, "classification")
    assert "sklearn.pipeline.Pipeline" in caught.value.hint
