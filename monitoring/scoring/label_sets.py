"""Metrics of sets of labels (multi-label), with scikit-learn's definitions.

What scikit-learn calls ``zero_division`` is left out: a precision without predictions, a recall
without occurrences and an F1 without either are undefined, and no part of a macro average.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.areas import average_precision, roc_area, roc_influence
from monitoring.scoring.metric import (
    Flags,
    Floats,
    Metric,
    Metrics,
    average,
    mean,
    present,
    ratio,
)

MAX_PARTS = 50
"""Labels, steps or elements with metrics of their own."""


def labels_of(truth: Sequence[Any], answers: Sequence[Any]) -> tuple[Any, ...]:
    """The labels that occur, sorted as text."""
    labels = {label for sets in (truth, answers) for row in sets for label in row or ()}
    return tuple(sorted(labels, key=str))


def indicators(rows: Sequence[Any], labels: Sequence[Any]) -> Flags:
    """Whether each row has each label, shape (rows, labels)."""
    indices = {label: index for index, label in enumerate(labels)}
    flags = np.zeros((len(rows), len(labels)), np.bool_)
    for row, held in enumerate(rows):
        for label in held or ():
            if label in indices:
                flags[row, indices[label]] = True
    return flags


def set_columns(truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Floats]:
    """Measures of each row, shape (rows,)."""
    labels = labels_of(truth, answers)
    one, other = indicators(truth, labels), indicators(answers, labels)
    union, both = (one | other).sum(axis=1), (one & other).sum(axis=1)
    return {
        "subset_accuracy": (one == other).all(axis=1).astype(np.float64),
        "jaccard": np.where(union > 0, both / np.maximum(union, 1), 1.0),
    }


def label_set_metrics(
    truth: Sequence[Any],
    answers: Sequence[Any],
    classes: Sequence[Any] | None,
    chances: Floats | None,
) -> Metrics:
    """All metrics; ``classes``: all labels, if known; ``chances``: shape (rows, classes)."""
    known = tuple(classes or ())
    seen = labels_of(truth, answers)
    labels = (*known, *(label for label in seen if label not in known))
    one, other = indicators(truth, labels), indicators(answers, labels)
    metrics = present(
        {name: mean(column, "share") for name, column in set_columns(truth, answers).items()}
    )
    metrics |= present(
        {"hamming_loss": mean((one != other).mean(axis=1), "share")} if labels else {}
    )
    metrics |= _agreement(one, other, labels)
    if chances is not None and known:
        metrics |= _areas(one[:, : len(known)], chances, known)
    return metrics


def _agreement(truth: Flags, answered: Flags, labels: Sequence[Any]) -> Metrics:
    """Precision, recall and F1, micro, macro and of each label; counts of each label."""
    hits, held, predicted = (one.astype(np.float64) for one in (truth & answered, truth, answered))
    parts: dict[str, tuple[Floats, Floats]]
    parts = {
        "precision": (hits, predicted),
        "recall": (hits, held),
        "f1": (2 * hits, held + predicted),
    }
    metrics: dict[str, Metric | None] = {}
    of_label: dict[str, Metric | None] = {}
    for name, (above, below) in parts.items():
        each = [ratio(above[:, i], below[:, i], part=True) for i in range(len(labels))]
        metrics[f"{name}_micro"] = ratio(above.sum(axis=1), below.sum(axis=1))
        metrics[f"{name}_macro"] = average([one for one in each if one is not None])
        of_label |= {f"{name}_{labels[i]}": one for i, one in enumerate(each[:MAX_PARTS])}
    counts = {
        "tp": hits,
        "fp": predicted - hits,
        "fn": held - hits,
        "tn": 1 - predicted - held + hits,
    }
    for name, flags in counts.items():
        of_label |= {
            f"{name}_{label}": Metric(float(flags[:, i].sum()), None, "positive", part=True)
            for i, label in enumerate(labels[:MAX_PARTS])
        }
    return present(of_label | metrics)  # a label may be named micro


def _areas(truth: Flags, chances: Floats, labels: Sequence[Any]) -> Metrics:
    """ROC AUC and average precision, of each label that has rows of both kinds, and their mean."""
    if not np.isfinite(chances).all():
        return {}
    areas: dict[str, Metric] = {}
    precisions: dict[str, Metric] = {}
    for index, label in enumerate(labels):
        positive, scores = truth[:, index], chances[:, index]
        if not positive.any() or positive.all():
            continue
        area, influence = roc_area(positive, scores), roc_influence(positive, scores)
        areas[f"roc_auc_{label}"] = Metric(area, influence, "share", part=True)
        precision = average_precision(positive, scores)
        precisions[f"average_precision_{label}"] = Metric(precision, None, "share", part=True)
    together = {
        "roc_auc_macro": average([*areas.values()]),
        "average_precision_macro": average([*precisions.values()]),
    }
    shown = [*areas.items()][:MAX_PARTS] + [*precisions.items()][:MAX_PARTS]
    return present(together) | dict(shown)
