"""Which direction is worse, and the default limits of each task."""

from __future__ import annotations

import pytest
from judged_samples import manifest

from monitoring.scoring.outputs import ERRORS
from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output
from packager.worker.test.directions import (
    changes_of,
    limit_of,
    recall_changes,
    worse_direction,
)


@pytest.mark.parametrize("name", ["mae", "rmse", "log_loss", "price.mae", "unanswered", *ERRORS])
def test_more_of_an_error_is_worse(name: str) -> None:
    assert worse_direction(name) == 1


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "recall yes", "r2", "kind.exact_match"])
def test_less_of_a_score_is_worse(name: str) -> None:
    assert worse_direction(name) == -1


def test_limits_are_numbers_or_shares_of_the_packaged_value() -> None:
    assert limit_of(0.02, 0.9) == 0.02
    assert limit_of("10%", 3.0) == pytest.approx(0.3)
    assert limit_of("2.5 %", -4.0) == pytest.approx(0.1)


def test_each_task_has_defaults() -> None:
    labels, error = manifest(), manifest("regression")
    assert changes_of(labels.test, labels) == {"accuracy": 0.02, "log_loss": 0.05}
    assert changes_of(error.test, error) == {"mae": "10%"}
    own = manifest(quality={"roc_auc": 0.01})
    assert changes_of(own.test, own) == {"roc_auc": 0.01}


def test_each_output_has_its_headline() -> None:
    outputs = (
        Output(name="kind", kind="label", target=("a",)),
        Output(name="price", kind="number", target=("b",)),
        Output(name="text", kind="text"),
        Output(name="rank", kind="score", target=("c",), group="q", k=5),
        Output(name="stay", kind="numbers", target=("t",), event="e", times=(6, 12)),
        Output(name="items", kind="json", target=("d",), top=3),
        Output(name="names", kind="json", target=("f",), spans=True),
    )
    found = manifest("outputs").model_copy(
        update={"schema_": Schema(features=(), classes=None, outputs=outputs)}
    )
    assert changes_of(found.test, found) == {
        "kind.accuracy": 0.02,
        "price.mae": "10%",
        "rank.ndcg_at_5": 0.02,
        "stay.brier": "10%",
        "items.recall_at_3": 0.02,
        "names.span_f1": 0.02,
    }


def test_recalls_are_judged_unless_metrics_are_named() -> None:
    metrics = ["accuracy", "recall no", "recall yes"]
    default, own = manifest(), manifest(quality={"accuracy": 0.01})
    assert recall_changes(default.test, default, metrics) == {"recall no": 0.05, "recall yes": 0.05}
    assert recall_changes(own.test, own, metrics) == {}
    error = manifest("regression")
    assert recall_changes(error.test, error, metrics) == {}
