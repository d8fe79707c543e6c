"""Metrics of a package: what is shown of many slices are the surely worst ones."""

from __future__ import annotations

import pytest

from packager.manifest.evaluation import Evaluation, Metrics, SeedVariance
from packager.report.package_metrics import MIN_SLICES, metrics_text


def metrics(name: str, value: float, ends: tuple[float, float], **baseline: float) -> Metrics:
    return Metrics(rows=10, values={name: value}, intervals={name: ends}, baseline=baseline)


def text(evaluation: Evaluation, spread: SeedVariance | None = None, lines: int | None = 1) -> str:
    return "\n".join(metrics_text(evaluation, spread, 200, lines))


SLICES = {
    "few rows": metrics("accuracy", 0.3, (0.05, 0.9)),
    "surely bad": metrics("accuracy", 0.5, (0.45, 0.55)),
    "good": metrics("accuracy", 0.9, (0.85, 0.95)),
    "best": metrics("accuracy", 1.0, (0.97, 1.0)),
}
OVERALL = metrics("accuracy", 0.8, (0.75, 0.85), accuracy=0.6)


def test_a_slice_of_few_rows_is_not_the_worst_by_chance_alone():
    found = text(Evaluation(overall=OVERALL, slices=SLICES))
    assert found.index("surely bad") < found.index("few rows")
    assert "best" not in found
    assert f"and {len(SLICES) - MIN_SLICES + 1} more slices, which are better: --all" in found


def test_of_an_error_the_high_ones_are_bad():
    slices = {
        "low": metrics("mae", 1.0, (0.9, 1.1)),
        "high": metrics("mae", 9.0, (8.0, 10.0)),
        "chance": metrics("mae", 9.5, (0.5, 30.0)),
    }
    overall = metrics("mae", 3.0, (2.5, 3.5), mae=5.0)
    found = text(Evaluation(overall=overall, slices=slices))
    assert found.index("high") < found.index("low") < found.index("chance")
    assert "the training rows' mean target as every answer" in found


def test_all_slices_are_shown_where_lines_are_no_matter():
    found = text(Evaluation(overall=OVERALL, slices=SLICES), lines=None)
    assert all(name in found for name in SLICES)
    assert "more slices" not in found


def test_a_package_without_a_baseline_names_none():
    bare = OVERALL.model_copy(update={"baseline": {}})
    assert "majority class" not in text(Evaluation(overall=bare, slices={}))


@pytest.mark.parametrize(("values", "shown"), [((0.7, 0.9), "0.1414"), ((0.7,), None)])
def test_a_deviation_needs_two_seeds(values, shown):
    seeds = tuple(range(len(values)))
    spread = SeedVariance(seeds=seeds, overall={"accuracy": values}, slices={})
    found = text(Evaluation(overall=OVERALL, slices={}), spread)
    assert ("± seeds" in found) is (shown is not None)
    assert shown is None or shown in found
