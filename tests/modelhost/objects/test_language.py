"""Texts by spaCy and transformers; the libraries themselves: loaders/test_large_libraries.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.language import (
    adapt_spacy,
    adapt_transformers,
    spacy_outputs,
    transformers_outputs,
)
from modelhost.output_spec import OutputSpec
from modelhost.outputs import predict_outputs

CLASSIFY = DeclaredAnswers("classification")
ROWS = pd.DataFrame({"text": ["good", "bad"]})
SPANS = OutputSpec("names", "json", spans=True)


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


def test_a_text_has_labels_spans_and_a_vector() -> None:
    entity = SimpleNamespace(start_char=0, end_char=3, label_="TOWN")

    def pipe(texts: Any) -> Any:
        for one in texts:
            cats = {"late": len(one) / 4, "cheap": 0.2}
            yield SimpleNamespace(cats=cats, ents=[entity], vector=np.ones(2))

    part = SimpleNamespace(labels=("late", "cheap"), cfg={"threshold": 0.9})
    nlp = SimpleNamespace(
        pipe_names=["ner", "textcat_multilabel"], get_pipe=lambda _: part, pipe=pipe
    )
    outputs = [
        OutputSpec("what", "labels", ("late", "cheap")),
        OutputSpec("names", "json", spans=True),
        OutputSpec("vector", "array"),
    ]
    found = predict_outputs(spacy_outputs(nlp, outputs), ROWS, outputs)
    names = [[0, 3, "TOWN"]]
    assert found.labels[0] == {"what": ["late"], "names": names, "vector": [1.0, 1.0]}
    assert found.labels[1]["what"] == []
    with pytest.raises(PackageError, match=r"what its parts do .ner, textcat_multilabel."):
        spacy_outputs(nlp, [OutputSpec("mood", "label")])


def test_sets_of_labels_and_several_numbers_of_transformers() -> None:
    model = transformers_pipeline(problem_type="multi_label_classification")
    output = OutputSpec("mood", "labels", ("neg", "pos"))
    found = predict_outputs(transformers_outputs(model, [output]), ROWS, [output])
    assert found.labels == [["pos"], ["pos"]]
    assert found.probabilities is not None
    numbers = OutputSpec("both", "numbers")
    assert predict_outputs(transformers_outputs(model, [numbers]), ROWS, [numbers]).labels == [
        pytest.approx([0.2, 0.8]),
        pytest.approx([0.4, 0.6]),
    ]
    assert transformers_outputs(model, [OutputSpec("mood", "label")]) is None


def test_spans_and_embeddings_of_transformers() -> None:
    span = {"start": 0, "end": 4, "entity_group": "X", "score": 0.5}
    config = SimpleNamespace(config=SimpleNamespace(num_labels=0))

    class Pipeline:
        def __init__(self, task: str, answer: Any) -> None:
            self.task, self.answer, self.model = task, answer, config

        def __call__(self, _: str, **__: Any) -> Any:
            return self.answer

    tagger = transformers_outputs(Pipeline("token-classification", [span]), [SPANS])
    assert tagger.predict(ROWS) == [[[0, 4, "X"]]] * 2
    vectors = Pipeline("feature-extraction", [[[1.0, 2.0], [3.0, 4.0]]])
    embedder = transformers_outputs(vectors, [OutputSpec("vector", "array")])
    assert np.array(embedder.predict(ROWS)).tolist() == [[2.0, 3.0]] * 2
    with pytest.raises(PackageError, match="gives an embedding of a text, expected") as told:
        adapt_transformers(vectors, CLASSIFY)
    assert 'kind = "array"' in told.value.hint
