"""Metrics of outputs: overall, by slice, with intervals and baselines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitoring.scoring.metric import Metric
from packager.errors import PackageError
from packager.manifest.evaluation import Evaluation
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.train.dataset import Dataset
from packager.worker.train.evaluate import metrics
from packager.worker.train.evaluate_outputs import evaluate_outputs, interval_of

EVERY = {"half": np.array([True, True, False, False])}


def evaluated(
    outputs: list[Output],
    test: dict[str, Any],
    found: Predictions,
    train: dict[str, Any] | None = None,
) -> Evaluation:
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], **test})
    rows = frame if train is None else pd.DataFrame(train)
    dataset = Dataset(rows, frame, ("x",), (), tuple(outputs))
    model: Any = SimpleNamespace(outputs=tuple(one.spec for one in outputs))
    return evaluate_outputs(model, found, dataset, EVERY)


def test_one_label_has_the_metrics_of_a_classifier_with_probabilities() -> None:
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    found = Predictions(["a", "b", "a", "b"], chances)
    output = Output(name="y", kind="label", target=("y",), classes=("a", "b"))
    got = evaluated([output], {"y": ["a", "b", "b", "b"]}, found).overall
    wanted = metrics(["a", "b", "b", "b"], found, ("a", "b"), "classification")
    assert got.values == wanted.values
    assert got.intervals == wanted.intervals
    assert got.baseline["accuracy"] == 0.75
    assert {"log_loss", "roc_auc"} <= got.values.keys()


def test_a_label_that_the_target_never_has_is_refused() -> None:
    output = Output(name="y", kind="label", target=("y",))
    with pytest.raises(PackageError, match="the model predicts labels like 0, 1, expected those"):
        evaluated([output], {"y": ["a", "b", "b", "b"]}, Predictions([0, 1, 0, 1], None))


def test_several_outputs_have_their_names_before_their_metrics() -> None:
    outputs = [
        Output(name="price", kind="number", target=("price",)),
        Output(name="size", kind="label", target=("size",), classes=("L", "S")),
    ]
    labels = [{"price": 2.0, "size": "S"}] * 4
    more = [{"probabilities": {"size": {"L": 0.25, "S": 0.75}}}] * 4
    test = {"price": [1.0, 2.0, 3.0, 4.0], "size": ["S", "S", "L", "S"]}
    got = evaluated(outputs, test, Predictions(labels, None, more))
    assert got.overall.values["price.mae"] == 1.0
    assert got.overall.values["size.accuracy"] == 0.75
    assert got.overall.values["size.log_loss"] > 0
    assert got.overall.baseline["price.mae"] == 1.0
    assert got.slices["half"].rows == 2
    assert got.slices["half"].values["size.accuracy"] == 1.0


def test_a_slice_of_queries_measures_them_whole() -> None:
    output = Output(name="y", kind="score", target=("rel",), group="query", k=2)
    test = {"rel": [0, 1, 1, 0], "query": ["q", "p", "q", "p"]}
    got = evaluated([output], test, Predictions([1.0, 2.0, 0.0, 1.0], None))
    assert got.slices["half"].values["queries"] == 2
    assert got.slices["half"].values["map"] == got.overall.values["map"] == 0.75
    assert got.overall.baseline.keys() == {"map", "ndcg_at_2"}


def test_metrics_of_the_answers_alone_have_no_baseline() -> None:
    output = Output(name="y", kind="score", target=("y",))
    test = {"y": [True, False, False, True]}
    got = evaluated([output], test, Predictions([3.0, 1.0, 0.0, 2.0], None)).overall
    assert got.values["roc_auc"] == 1
    assert got.baseline == {"roc_auc": 0.5, "average_precision": 0.5}
    assert "score_mean" in got.values


def test_many_metrics_of_parts_are_left_out_of_slices_only() -> None:
    numbers = np.zeros((4, 40)).tolist()
    names = tuple(f"s{n}" for n in range(40))
    output = Output(name="y", kind="numbers", target=names)
    test = {name: [1.0, 2.0, 3.0, 4.0] for name in names}
    got = evaluated([output], test, Predictions(numbers, None))
    assert len(got.overall.parts) == 120
    assert "mae_s1" in got.overall.values
    assert got.slices["half"].parts == ()
    assert got.slices["half"].values.keys() == {"mae", "rmse", "bias", "r2"}


def test_without_a_target_there_is_neither_a_baseline_nor_an_error() -> None:
    output = Output(name="group", kind="label")
    got = evaluated([output], {}, Predictions([0, 0, 1, 1], None)).overall
    assert got.values["clusters"] == 2
    assert got.values["silhouette"] > 0
    assert got.baseline == {}


@pytest.mark.parametrize(
    ("influence", "kind", "low", "high"),
    [
        (np.zeros(4), "share", 0.4, 1.0),
        (np.array([-1.0, 1.0]), "positive", 0.0, 20.0),
        (np.array([-1.0, 1.0]), "any", -20.0, 20.0),
    ],
)
def test_intervals_keep_to_what_a_metric_can_be(influence, kind, low, high) -> None:
    ends = interval_of(Metric(1.0, influence, kind))
    assert ends is not None
    assert low <= ends[0] <= 1.0 <= ends[1] <= high
    assert interval_of(Metric(1.0)) is None
