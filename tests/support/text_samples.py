"""Models of texts to compile, on documents with letters of several scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from compile_samples import Sample, compiled
from sklearn import (
    decomposition,
    feature_selection,
    linear_model,
    multiclass,
    naive_bayes,
    preprocessing,
    svm,
)
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import make_pipeline, make_union

from modelhost.text_input import text_step

ROWS = 260
LETTERS = [*"abcdeéßñİxyz"]
SPARSE = "encoders + n-grams + sparse linear model in NumPy"


def documents(rows: int = ROWS, seed: int = 0) -> list[str]:
    """Documents of up to 30 words."""
    random = np.random.default_rng(seed)
    words = ["".join(random.choice(LETTERS, size)) for size in random.integers(1, 6, 120)]
    ends = ["", "!", " A-b C_d", "  \n"]
    return [
        " ".join(random.choice(words, random.integers(0, 30))) + str(random.choice(ends))
        for _ in range(rows)
    ]


def text_table(rows: int = ROWS) -> pd.DataFrame:
    """Documents, a number and a category; ``two`` and ``three`` are classes, ``size`` a number."""
    random = np.random.default_rng(1)
    texts = documents(rows)
    frame = pd.DataFrame(
        {
            "text": texts,
            "stars": random.normal(size=rows),
            "kind": random.choice([*"abc"], rows),
        }
    )
    frame["two"] = np.where(frame["text"].str.count("a") > 9, "yes", "no")
    frame["three"] = [len(text) % 3 for text in texts]
    frame["size"] = [float(len(text)) for text in texts]
    return frame


def beside(*texts: tuple[str, Any]) -> ColumnTransformer:
    """Scaled numbers, vectorizers of the column ``text``, and categories."""
    return ColumnTransformer(
        [
            ("n", preprocessing.StandardScaler(), ["stars"]),
            *((name, part, "text") for name, part in texts),
            ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        ]
    )


def logistic() -> linear_model.LogisticRegression:
    """A logistic regression that is fitted quickly."""
    return linear_model.LogisticRegression(max_iter=20)


TEXT_MODELS: dict[str, tuple[Any, str]] = {
    "words": (lambda: make_pipeline(TfidfVectorizer(), logistic()), "three"),
    "two classes": (lambda: make_pipeline(TfidfVectorizer(use_idf=False), logistic()), "two"),
    "pairs of words": (
        lambda: make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words=["ab", "éa"]),
            logistic(),
        ),
        "three",
    ),
    "triples only": (
        lambda: make_pipeline(
            CountVectorizer(ngram_range=(2, 3), max_features=300, token_pattern=r"\w+"),
            linear_model.SGDClassifier(loss="log_loss", random_state=0),
        ),
        "three",
    ),
    "counts": (
        lambda: make_pipeline(
            CountVectorizer(binary=True, token_pattern=r"[a-z]{2,}"), naive_bayes.MultinomialNB()
        ),
        "three",
    ),
    "characters": (
        lambda: make_pipeline(
            CountVectorizer(analyzer="char", ngram_range=(1, 3)), naive_bayes.ComplementNB()
        ),
        "three",
    ),
    "characters of words": (
        lambda: make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 6), strip_accents="unicode"),
            naive_bayes.BernoulliNB(),
        ),
        "two",
    ),
    "margins": (
        lambda: make_pipeline(
            TfidfVectorizer(strip_accents="ascii", lowercase=False, norm="l1"),
            svm.LinearSVC(random_state=0),
        ),
        "three",
    ),
    "beside numbers": (
        lambda: make_pipeline(beside(("t", TfidfVectorizer())), logistic()),
        "three",
    ),
    "selected": (
        lambda: make_pipeline(
            CountVectorizer(),
            TfidfTransformer(),
            feature_selection.SelectKBest(feature_selection.chi2, k=40),
            preprocessing.MaxAbsScaler(),
            linear_model.RidgeClassifier(),
        ),
        "two",
    ),
    "selected beside numbers": (
        lambda: make_pipeline(
            beside(("w", TfidfVectorizer()), ("x", TfidfVectorizer(analyzer="char"))),
            feature_selection.SelectKBest(k=60),
            logistic(),
        ),
        "three",
    ),
    "one versus rest": (
        lambda: make_pipeline(
            make_union(TfidfVectorizer(norm=None), CountVectorizer(analyzer="char_wb")),
            multiclass.OneVsRestClassifier(logistic()),
        ),
        "three",
    ),
    "one versus rest by margins": (
        lambda: make_pipeline(
            TfidfVectorizer(),
            preprocessing.Normalizer("max"),
            multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=0)),
        ),
        "three",
    ),
    "hashed": (
        lambda: make_pipeline(HashingVectorizer(n_features=2**10, ngram_range=(1, 2)), logistic()),
        "three",
    ),
    "hashed and selected": (
        lambda: make_pipeline(
            HashingVectorizer(n_features=200, analyzer="char_wb", alternate_sign=False, norm=None),
            TfidfTransformer(),
            feature_selection.SelectKBest(feature_selection.chi2, k=60),
            linear_model.RidgeClassifier(),
        ),
        "two",
    ),
    "components": (
        lambda: make_pipeline(
            TfidfVectorizer(), decomposition.TruncatedSVD(6, random_state=0), logistic()
        ),
        "three",
    ),
    "components beside numbers": (
        lambda: make_pipeline(
            beside(
                ("w", make_pipeline(TfidfVectorizer(), decomposition.TruncatedSVD(4))),
                ("x", make_pipeline(CountVectorizer(), decomposition.TruncatedSVD(3))),
                ("y", TfidfVectorizer(analyzer="char")),
            ),
            feature_selection.SelectKBest(k=30),
            linear_model.LogisticRegression(),
        ),
        "two",
    ),
    "ridge of components": (
        lambda: make_pipeline(
            make_union(TfidfVectorizer(), CountVectorizer(binary=True)),
            decomposition.TruncatedSVD(5, random_state=0),
            linear_model.Ridge(),
        ),
        "size",
    ),
    "ridge": (lambda: make_pipeline(TfidfVectorizer(), linear_model.Ridge()), "size"),
}
"""Model and target."""


def text_sample(name: str, folder: Path) -> Sample:
    """The model of ``TEXT_MODELS`` under ``name``, compiled."""
    model, target = TEXT_MODELS[name]
    return of_texts(model(), target, folder)


def of_texts(model: Any, target: str, folder: Path) -> Sample:
    """A model of ``text_table``, compiled; the table of one that takes texts has one of text."""
    frame = text_table()
    task = "regression" if target == "size" else "classification"
    features = ["stars", "text"] if text_step(model) else ["stars", "text", "kind"]
    return compiled(model, frame[features], frame[target], folder, task)
