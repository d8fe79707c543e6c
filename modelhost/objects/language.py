"""Models of text: spaCy's and those of transformers."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    ProbabilityAdapter,
    classes_for,
    refuse_task,
)
from modelhost.objects.matrices import texts

_ONE_COLUMN = Inputs(width=1)


def adapt_spacy(native: Any, declared: DeclaredAnswers) -> Any:
    """A pipeline of spaCy with a classifier of texts of one label (``textcat``)."""
    if declared.task != "classification":
        raise refuse_task("a spaCy pipeline", "labels", declared.task)
    if "textcat" not in native.pipe_names:
        parts = ", ".join(native.pipe_names) or "no parts"
        raise PackageError(
            f"the spaCy pipeline has {parts}, expected textcat, which gives one label a text",
            "serve it by a class of the project that gives one label a row:"
            ' [serve] predictor = "predict:Predictor"',
        )
    known = list(native.get_pipe("textcat").labels)

    def answer(rows: Any) -> Any:
        found = native.pipe(texts(rows))
        return np.array([[one.cats[label] for label in known] for one in found], np.float64)

    classes = classes_for(declared, len(known), known)
    return ProbabilityAdapter(native, answer, _ONE_COLUMN, classes)


def adapt_transformers(native: Any, declared: DeclaredAnswers) -> Any:
    """A pipeline of transformers that classifies texts or gives a number; None for others."""
    config = getattr(getattr(native, "model", None), "config", None)
    if config is None or getattr(native, "task", "") != "text-classification":
        return None
    labels = [config.id2label[index] for index in range(config.num_labels)]
    if getattr(config, "problem_type", None) == "multi_label_classification":
        raise PackageError(
            f"the pipeline gives a set of {len(labels)} labels a text, expected one label",
            "train it with problem_type = single_label_classification",
        )

    def scores(rows: Any) -> Any:
        found = native(texts(rows), top_k=None, truncation=True)
        by_label = [{score["label"]: score["score"] for score in scores} for scores in found]
        return np.array([[scores[label] for label in labels] for scores in by_label], np.float64)

    if len(labels) == 1 and declared.task == "regression":
        return Adapter(native, lambda rows: scores(rows)[:, 0], _ONE_COLUMN)
    if declared.task != "classification":
        raise refuse_task("the pipeline", "labels", declared.task)
    classes = classes_for(declared, len(labels), labels)
    return ProbabilityAdapter(native, scores, _ONE_COLUMN, classes)
