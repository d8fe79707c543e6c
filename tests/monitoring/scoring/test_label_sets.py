"""Metrics of sets of labels, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from monitoring.scoring.label_sets import MAX_PARTS, label_set_metrics, set_columns

LABELS = ("a", "b", "c", "d")


@pytest.fixture
def sets():
    random = np.random.default_rng(3)
    truth = random.random((200, 4)) < 0.3
    chances = np.clip(truth * 0.4 + random.random((200, 4)) * 0.6, 0, 1)
    return truth, chances > 0.5, chances


def named(flags: np.ndarray) -> list[list[str]]:
    return [[LABELS[place] for place in np.flatnonzero(row)] for row in flags]


def test_metrics_are_those_of_scikit_learn(sets) -> None:
    truth, answers, chances = sets
    found = label_set_metrics(named(truth), named(answers), LABELS, chances)
    for average in ("micro", "macro"):
        pairs = sklearn.precision_recall_fscore_support(truth, answers, average=average)
        for name, value in zip(("precision", "recall", "f1"), pairs, strict=False):
            assert found[f"{name}_{average}"].value == pytest.approx(value), name
    each = sklearn.precision_recall_fscore_support(truth, answers, average=None)
    for place, label in enumerate(LABELS):
        for name, values in zip(("precision", "recall", "f1"), each, strict=False):
            assert found[f"{name}_{label}"].value == pytest.approx(values[place])
    assert found["hamming_loss"].value == pytest.approx(sklearn.hamming_loss(truth, answers))
    subset = sklearn.accuracy_score(truth, answers)
    assert found["subset_accuracy"].value == pytest.approx(subset)
    jaccard = sklearn.jaccard_score(truth, answers, average="samples", zero_division=1)
    assert found["jaccard"].value == pytest.approx(jaccard)
    area = sklearn.roc_auc_score(truth, chances, average="macro")
    assert found["roc_auc_macro"].value == pytest.approx(area)
    precision = sklearn.average_precision_score(truth, chances, average="macro")
    assert found["average_precision_macro"].value == pytest.approx(precision)


def test_the_counts_of_a_label_are_its_confusion_matrix(sets) -> None:
    truth, answers, _ = sets
    found = label_set_metrics(named(truth), named(answers), LABELS, None)
    for place, label in enumerate(LABELS):
        matrix = sklearn.multilabel_confusion_matrix(truth, answers)[place]
        counts = [
            [found[f"{n}_{label}"].value for n in row] for row in (("tn", "fp"), ("fn", "tp"))
        ]
        assert counts == matrix.tolist()


def test_what_is_undefined_is_left_out_and_no_part_of_a_mean() -> None:
    found = label_set_metrics([["a"], ["a"]], [["a"], []], ("a", "never"), None)
    assert "f1_never" not in found
    assert "precision_never" not in found
    assert found["recall_macro"].value == 0.5


def test_an_answer_of_no_known_label_counts() -> None:
    found = label_set_metrics([["a"]], [["new"]], ("a",), None)
    assert found["fp_new"].value == 1
    assert found["f1_micro"].value == 0


def test_measures_of_a_row() -> None:
    found = set_columns([["a", "b"], [], ["a"]], [["a"], [], ["a"]])
    assert found["subset_accuracy"].tolist() == [0.0, 1.0, 1.0]
    assert found["jaccard"].tolist() == [0.5, 1.0, 1.0]


def test_only_so_many_labels_have_metrics_of_their_own() -> None:
    labels = [f"l{place}" for place in range(MAX_PARTS + 5)]
    found = label_set_metrics([labels], [labels], labels, None)
    assert sum(name.startswith("f1_l") for name in found) == MAX_PARTS
    assert found["f1_macro"].value == 1


def test_a_label_named_micro_does_not_hide_the_metric_of_all() -> None:
    found = label_set_metrics([["micro"], ["a"]], [["micro"], []], ("a", "micro"), None)
    assert found["f1_micro"].value == pytest.approx(2 / 3)
    assert not found["f1_micro"].part
