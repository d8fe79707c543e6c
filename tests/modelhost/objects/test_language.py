"""Texts by spaCy and transformers; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.language import adapt_spacy, adapt_transformers

CLASSIFY = DeclaredAnswers("classification")
ROWS = pd.DataFrame({"text": ["good", "bad"]})


def spacy_pipeline(*parts: str) -> Any:
    def pipe(texts: Any) -> Any:
        return [
            SimpleNamespace(cats={"pos": len(one) / 5, "neg": 1 - len(one) / 5}) for one in texts
        ]

    part = SimpleNamespace(labels=("neg", "pos"))
    return SimpleNamespace(pipe_names=list(parts), get_pipe=lambda _: part, pipe=pipe)


def test_the_categories_of_a_text_are_its_classes() -> None:
    model = adapt_spacy(spacy_pipeline("tok2vec", "textcat"), CLASSIFY)
    assert model.classes_ == ["neg", "pos"]
    assert model.predict(ROWS) == ["pos", "pos"]


def test_a_pipeline_without_categories_is_refused() -> None:
    with pytest.raises(PackageError, match="has ner, expected textcat"):
        adapt_spacy(spacy_pipeline("ner"), CLASSIFY)


def transformers_pipeline(**config: Any) -> Any:
    told = SimpleNamespace(id2label={0: "neg", 1: "pos"}, num_labels=2, **config)

    class Pipeline:
        task = "text-classification"
        model = SimpleNamespace(config=told)

        def __call__(self, texts: list[str], **_: Any) -> Any:
            return [
                [
                    {"label": "pos", "score": len(one) / 5},
                    {"label": "neg", "score": 1 - len(one) / 5},
                ]
                for one in texts
            ]

    return Pipeline()


def test_scores_are_in_the_order_of_the_labels() -> None:
    model = adapt_transformers(transformers_pipeline(), CLASSIFY)
    assert model.classes_ == ["neg", "pos"]
    assert model.predict_proba(ROWS)[:, 1].tolist() == [0.8, 0.6]


def test_a_set_of_labels_is_refused() -> None:
    model = transformers_pipeline(problem_type="multi_label_classification")
    with pytest.raises(PackageError, match="gives a set of 2 labels a text"):
        adapt_transformers(model, CLASSIFY)
    with pytest.raises(PackageError, match="gives labels"):
        adapt_transformers(transformers_pipeline(), DeclaredAnswers("regression"))
