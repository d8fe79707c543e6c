"""Models of text: spaCy's and those of transformers."""

from __future__ import annotations

from typing import Any, Sequence

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
from modelhost.objects.output_adapter import (
    OutputsAdapter,
    OutputValues,
    one_output,
    refuse_outputs,
)
from modelhost.objects.scores import OPEN, SIGMOID
from modelhost.objects.tensor_outputs import output_values
from modelhost.output_spec import OutputSpec

_ONE_COLUMN = Inputs(width=1)
_OTHER_TASKS = {
    "token-classification": ("spans of a text", 'kind = "json" with spans = true'),
    "feature-extraction": ("an embedding of a text", 'kind = "array"'),
}
"""Task of a pipeline of transformers → what it gives, and how ``[outputs]`` declares it."""


def adapt_spacy(native: Any, declared: DeclaredAnswers) -> Any:
    """A pipeline of spaCy with a classifier of texts of one label (``textcat``)."""
    if declared.task != "classification":
        raise refuse_task("a spaCy pipeline", "labels", declared.task)
    if "textcat" not in native.pipe_names:
        parts = ", ".join(native.pipe_names) or "no parts"
        raise PackageError(
            f"the spaCy pipeline has {parts}, expected textcat, which gives one label a text",
            'name what it gives under [outputs], in place of task: kind = "json" with spans = true'
            ' for entities, kind = "labels" for textcat_multilabel',
        )
    known = list(native.get_pipe("textcat").labels)

    def answer(rows: Any) -> Any:
        documents = native.pipe(texts(rows))
        return np.array([[one.cats[label] for label in known] for one in documents], np.float64)

    classes = classes_for(declared, len(known), known)
    return ProbabilityAdapter(native, answer, _ONE_COLUMN, classes)


def adapt_transformers(native: Any, declared: DeclaredAnswers) -> Any:
    """A pipeline of transformers that classifies texts or gives a number; None for others."""
    config = getattr(getattr(native, "model", None), "config", None)
    if config is None:
        return None
    if native.task in _OTHER_TASKS:
        raise PackageError(
            f"the pipeline gives {_OTHER_TASKS[native.task][0]}, expected one label or number",
            f"name it under [outputs], in place of task: {_OTHER_TASKS[native.task][1]}",
        )
    if native.task != "text-classification":
        return None
    labels = [config.id2label[index] for index in range(config.num_labels)]
    if getattr(config, "problem_type", None) == "multi_label_classification":
        raise PackageError(
            f"the pipeline gives a set of {len(labels)} labels a text, expected one label",
            'name it under [outputs], in place of task: kind = "labels"',
        )

    def scores(rows: Any) -> Any:
        classified = native(texts(rows), top_k=None, truncation=True)
        by_label = [{score["label"]: score["score"] for score in scores} for scores in classified]
        return np.array([[scores[label] for label in labels] for scores in by_label], np.float64)

    if len(labels) == 1 and declared.task == "regression":
        return Adapter(native, lambda rows: scores(rows)[:, 0], _ONE_COLUMN)
    if declared.task != "classification":
        raise refuse_task("the pipeline", "labels", declared.task)
    classes = classes_for(declared, len(labels), labels)
    return ProbabilityAdapter(native, scores, _ONE_COLUMN, classes)


def spacy_outputs(native: Any, outputs: Sequence[OutputSpec]) -> OutputsAdapter:
    """A pipeline of spaCy: labels, sets of labels, spans and vectors of the one column of text.

    ``label`` is that of ``textcat``, ``labels`` those of ``textcat_multilabel`` above its
    threshold, ``json`` the entities as ``[start, end, label]`` in characters, ``array`` the vector
    of the text.
    """
    parts = {"label": "textcat", "labels": "textcat_multilabel", "json": "ner"}
    for one in outputs:
        needed = parts.get(one.kind)
        if (needed is None and one.kind != "array") or (needed and needed not in native.pipe_names):
            gives = ", ".join(native.pipe_names) or "no parts"
            raise refuse_outputs("the spaCy pipeline", f"what its parts do ({gives})", outputs)
    known = {
        one.name: list(native.get_pipe(parts[one.kind]).labels)
        for one in outputs
        if one.kind in ("label", "labels")
    }

    def answers(rows: Any) -> dict[str, OutputValues]:
        documents = list(native.pipe(texts(rows)))
        return {one.name: _spacy_values(native, one, documents, known) for one in outputs}

    return OutputsAdapter(native, answers, _ONE_COLUMN, known)


def _spacy_values(
    native: Any, output: OutputSpec, documents: Sequence[Any], known: dict[str, list[Any]]
) -> OutputValues:
    if output.kind == "json":
        return OutputValues(
            [[[e.start_char, e.end_char, e.label_] for e in one.ents] for one in documents]
        )
    if output.kind == "array":
        return OutputValues(np.stack([np.asarray(one.vector, np.float64) for one in documents]))
    labels = known[output.name]
    scores = np.array([[one.cats[label] for label in labels] for one in documents], np.float64)
    if output.kind == "label":
        return OutputValues([labels[index] for index in scores.argmax(axis=1).tolist()], scores)
    threshold = float(native.get_pipe("textcat_multilabel").cfg.get("threshold") or 0.5)
    return OutputValues((scores >= threshold).astype(int), scores)


def transformers_outputs(native: Any, outputs: Sequence[OutputSpec]) -> Any:
    """A pipeline of transformers: a set of labels, several numbers, spans or an embedding.

    None for one label or number. An embedding is the mean over the tokens.
    """
    task, kind = getattr(native, "task", ""), outputs[0].kind
    config = native.model.config
    if len(outputs) > 1:
        return None
    if task == "token-classification" and kind == "json":
        return Adapter(
            native, lambda rows: [_spans(native(one)) for one in texts(rows)], _ONE_COLUMN
        )
    if task == "feature-extraction" and kind == "array":
        return Adapter(
            native,
            lambda rows: [np.mean(native(one, truncation=True)[0], axis=0) for one in texts(rows)],
            _ONE_COLUMN,
        )
    if task != "text-classification" or kind not in ("labels", "numbers"):
        return None
    labels = [config.id2label[index] for index in range(config.num_labels)]
    ending = SIGMOID if kind == "labels" else OPEN
    applied = "sigmoid" if kind == "labels" else "none"

    def answer(rows: Any) -> OutputValues:
        classified = native(texts(rows), top_k=None, truncation=True, function_to_apply=applied)
        by_label = [{score["label"]: score["score"] for score in scores} for scores in classified]
        scores = np.array([[one[label] for label in labels] for one in by_label], np.float64)
        return output_values(outputs[0], scores, ending, labels)

    classes = labels if kind == "labels" else None
    return one_output(native, outputs[0], answer, _ONE_COLUMN, classes)


def _spans(entities: Sequence[Any]) -> list[list[Any]]:
    return [[int(one["start"]), int(one["end"]), str(one["entity_group"])] for one in entities]
