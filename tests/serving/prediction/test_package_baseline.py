"""The quality on held-out rows with its noise, from the package's own statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving_helpers import diamonds, diamonds_schema, make_manifest

from monitoring.metrics.reference import HeldOutScore
from monitoring.slices.slices import ALL
from monitoring.stats.accuracy import MeanBaseline, mean_z
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.outputs import Output
from packager.manifest.slice_baselines import FILE, SliceBaselines
from packager.model.paths import Root
from packager.model.predictions import Predictions
from packager.worker.test.baseline import BASELINE, Baseline, MetricEstimate, SliceBaseline
from packager.worker.test.headline_effect import headline_effect
from packager.worker.test.judged_rows import JudgedRows
from packager.worker.test.judged_rows import baseline_of as baseline_of_rows
from serving.prediction.package_baseline import baseline_of, load_baselines, output_baselines

SCHEMA = diamonds_schema(diamonds())
ROWS = 400
EVERY = {ALL: np.ones(ROWS, bool), "odd": np.arange(ROWS) % 2 == 1}


def evaluated(task: str, value: float) -> Evaluation:
    metric = {"classification": "accuracy", "regression": "mae"}[task]
    return Evaluation(
        overall=MetricValues(rows=ROWS, values={metric: value}),
        slices={"odd": MetricValues(rows=200, values={metric: value})},
    )


def written(found: Baseline, tmp_path: Path) -> SliceBaselines:
    """What a server reads of the file that the build writes."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / BASELINE).write_bytes(found.dump())
    return load_baselines(Root(tmp_path))


def measured(judged: JudgedRows, masks: dict[str, Any] = EVERY) -> Baseline:
    """As a build does."""
    found = baseline_of_rows(judged, masks)
    return found.model_copy(update={"design_effect": headline_effect(judged)})


def numbers(groups: int | None = None) -> JudgedRows:
    """Errors of which the five rows of a group have the same, or each its own."""
    draw = np.random.default_rng(0)
    errors = draw.gamma(1, 2, ROWS if groups is None else groups)
    codes = None if groups is None else np.repeat(np.arange(groups), ROWS // groups)
    each = errors if codes is None else errors[codes]
    return JudgedRows("regression", [0.0] * ROWS, Predictions(each.tolist(), None), None, codes)


def test_a_package_that_was_not_evaluated_has_no_baseline(tmp_path: Path) -> None:
    assert FILE == BASELINE
    assert load_baselines(Root(tmp_path)) == SliceBaselines()
    assert baseline_of(make_manifest(SCHEMA), SliceBaselines()) == {}


def test_an_error_has_the_variance_of_the_packaged_rows(tmp_path: Path) -> None:
    judged = numbers()
    known = written(measured(judged), tmp_path)
    manifest = make_manifest(SCHEMA, task="regression", evaluation=evaluated("regression", 2.0))
    found = baseline_of(manifest, known)
    errors = np.abs(judged.errors)
    assert found[ALL] == HeldOutScore(2.0, ROWS, pytest.approx(errors.var()))
    assert found["odd"] == HeldOutScore(2.0, 200, pytest.approx(errors[1::2].var()))
    assert known.design_effect == 1


def test_rows_of_groups_count_as_the_groups(tmp_path: Path) -> None:
    """Five rows of each group say what one says: z is that of a fifth of the rows."""
    judged = numbers(80)
    known = written(measured(judged), tmp_path)
    manifest = make_manifest(SCHEMA, task="regression", evaluation=evaluated("regression", 2.0))
    score = baseline_of(manifest, known)[ALL]
    assert score.rows == pytest.approx(80, rel=0.02)
    assert known.design_effect == pytest.approx(5, rel=0.02)
    assert score.variance is not None
    packaged = MeanBaseline(2.0, score.variance, score.rows)
    own = MeanBaseline(2.0, float(np.abs(judged.errors).var()), 80)
    assert mean_z(3.0, 4.0, 100, packaged) == pytest.approx(mean_z(3.0, 4.0, 100, own), rel=0.01)


def test_a_share_states_its_independent_rows(tmp_path: Path) -> None:
    codes = np.repeat(np.arange(40), 10)
    right = np.random.default_rng(1).random(40) < 0.8
    labels = ["a" if one else "b" for one in right[codes]]
    judged = JudgedRows(
        "classification", ["a"] * ROWS, Predictions(labels, None), ("a", "b"), codes
    )
    known = written(measured(judged), tmp_path)
    value = evaluated("classification", 0.75)
    found = baseline_of(make_manifest(SCHEMA, evaluation=value), known)
    assert found[ALL] == HeldOutScore(0.75, pytest.approx(40, rel=0.03), None)
    assert known.design_effect == pytest.approx(10, rel=0.03)


def test_few_groups_do_not_make_more_of_the_rows(tmp_path: Path) -> None:
    """Groups that happen to have the same share have a design effect of 0."""
    codes = np.repeat(np.arange(2), 200)
    labels = ["a", "b"] * 200
    judged = JudgedRows(
        "classification", ["a"] * ROWS, Predictions(labels, None), ("a", "b"), codes
    )
    known = written(measured(judged, {ALL: EVERY[ALL]}), tmp_path)
    found = baseline_of(make_manifest(SCHEMA, evaluation=evaluated("classification", 0.5)), known)
    assert (found[ALL].rows, known.design_effect) == (ROWS, 1)


def test_each_output_has_the_variance_of_its_headline(tmp_path: Path) -> None:
    outputs = labelled_outputs(
        (
            Output(name="price", kind="number", target=("price",)),
            Output(name="tags", kind="labels", target=("tags",), classes=("x", "y")),
        )
    )
    metrics = {
        "price.mae": MetricEstimate(value=2.0, variance=0.01, rows=300, degrees=59),
        "tags.jaccard": MetricEstimate(value=0.8, variance=0.0001, rows=400, degrees=399),
    }
    slices = {ALL: SliceBaseline(rows=ROWS, metrics=metrics)}
    known = written(Baseline(rows=ROWS, slices=slices), tmp_path)
    values = {"price.mae": 2.0, "tags.jaccard": 0.8}
    evaluation = Evaluation(overall=MetricValues(rows=ROWS, values=values), slices={})
    found = output_baselines(outputs, make_manifest(SCHEMA, evaluation=evaluation), known)
    assert found["price", ALL] == HeldOutScore(2.0, 300, pytest.approx(3.0))
    # The Jaccard index varies less than zeros and ones: these 400 rows say as much as 1,600.
    assert found["tags", ALL] == HeldOutScore(0.8, pytest.approx(1_600), None)
