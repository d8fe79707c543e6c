"""What of text vectorizers is not compiled is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn import decomposition, ensemble, preprocessing, svm
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from text_samples import beside, logistic, of_texts

from packager.manifest.evaluation import Compilation


def own_words(text: str) -> list[str]:
    """A function of a project."""
    return text.split()


def own_letters(text: str) -> str:
    """A function of a project."""
    return text.lower()


KNOWN = "for the features of a text vectorizer"
REFUSED: dict[str, tuple[Any, str]] = {
    "tokenizer": (
        make_pipeline(TfidfVectorizer(tokenizer=own_words, token_pattern=None), logistic()),
        "TfidfVectorizer calls the tokenizer own_words",
    ),
    "preprocessor": (
        make_pipeline(CountVectorizer(preprocessor=own_letters), logistic()),
        "CountVectorizer calls the preprocessor own_letters",
    ),
    "analyzer": (
        make_pipeline(CountVectorizer(analyzer=own_words), logistic()),
        "CountVectorizer calls the analyzer own_words",
    ),
    "accents": (
        make_pipeline(CountVectorizer(strip_accents=own_letters), logistic()),
        "CountVectorizer calls the strip_accents own_letters",
    ),
    "hashes": (
        # Any other classifier would learn six million numbers before.
        make_pipeline(HashingVectorizer(n_features=2_000_001), DummyClassifier()),
        "HashingVectorizer has 2,000,001 n-grams, expected at most 2,000,000",
    ),
    "pattern": (
        make_pipeline(CountVectorizer(token_pattern=r"(?:\w+\s?)+"), logistic()),
        r"token_pattern '(?:\\w+\\s?)+' repeats repetitions or refers back",
    ),
    "long n-grams": (
        make_pipeline(CountVectorizer(analyzer="char", ngram_range=(2, 12)), MultinomialNB()),
        "CountVectorizer has ngram_range (2, 12), expected at most 10",
    ),
    "forest": (
        make_pipeline(CountVectorizer(), ensemble.RandomForestClassifier(3, random_state=0)),
        f"no compiled form of RandomForestClassifier is known {KNOWN}",
    ),
    "kernels": (
        make_pipeline(make_column_transformer((CountVectorizer(), "text")), svm.SVC()),
        f"no compiled form of SVC is known {KNOWN}",
    ),
    "components": (
        make_pipeline(TfidfVectorizer(), decomposition.NMF(3), logistic()),
        "NMF is given the features of a text vectorizer",
    ),
    "components, scaled": (
        make_pipeline(
            TfidfVectorizer(),
            decomposition.TruncatedSVD(3),
            preprocessing.Normalizer(),
            logistic(),
        ),
        "Normalizer is given the components of TruncatedSVD",
    ),
    "components of a forest": (
        make_pipeline(
            TfidfVectorizer(),
            decomposition.TruncatedSVD(3),
            ensemble.RandomForestClassifier(3, random_state=0),
        ),
        f"no compiled form of RandomForestClassifier is known {KNOWN}",
    ),
    "scaled with numbers": (
        make_pipeline(beside(("t", TfidfVectorizer())), preprocessing.MaxAbsScaler(), logistic()),
        "MaxAbsScaler is given the features of a text vectorizer among others",
    ),
    "narrow": (
        make_pipeline(TfidfVectorizer(dtype="float32"), logistic()),
        "TfidfVectorizer returns a type narrower than float64",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_known_is_refused_by_name(tmp_path: Path, what: str) -> None:
    model, reason = REFUSED[what]
    made = of_texts(model, "three", tmp_path / "form")
    assert made.verdict == Compilation(verdict="refused", reason=reason)
