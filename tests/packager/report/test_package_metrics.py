from __future__ import annotations

from packager.manifest.evaluation import Evaluation, MetricValues, SeedVariance
from packager.report.package_metrics import MIN_SLICES, metrics_text


def metrics(value: float, low: float, high: float, metric: str = "accuracy") -> MetricValues:
    return MetricValues(rows=10, values={metric: value}, intervals={metric: (low, high)})


def order(metric: str, slices: dict[str, MetricValues]) -> list[str]:
    """Names of the slices, in the order in which the short form shows them."""
    found = Evaluation(overall=metrics(0.5, 0.4, 0.6, metric), slices=slices)
    *_, block = metrics_text(found, None, None, 40)
    return [line.split()[0] for line in block.splitlines()[1:]]


def test_a_slice_of_few_rows_is_not_the_worst_for_its_chance_alone() -> None:
    few, many = metrics(0.5, 0.1, 0.9), metrics(0.6, 0.55, 0.65)
    assert order("accuracy", {"few": few, "many": many}) == ["many", "few"]


def test_of_an_error_the_larger_is_the_worse() -> None:
    small, large = metrics(1.0, 0.9, 1.1, "mae"), metrics(5.0, 4.0, 6.0, "mae")
    assert order("mae", {"small": small, "large": large}) == ["large", "small"]


def test_a_slice_without_the_metric_is_left_out_of_the_short_form_only() -> None:
    nothing = MetricValues(rows=1, values={"unanswered": 1.0})
    slices = {"a": metrics(1.0, 0.5, 2.0, "mae"), "none": nothing}
    assert order("mae", slices) == ["a"]
    found = Evaluation(overall=slices["a"], slices=slices)
    assert "unanswered" in "\n".join(metrics_text(found, None, None, None))


def test_however_long_all_else_is_some_slices_are_shown() -> None:
    found = Evaluation(
        overall=metrics(0.5, 0.4, 0.6),
        slices={f"s{i}": metrics(0.5, 0.4, 0.6) for i in range(9)},
    )
    *_, block = metrics_text(found, None, None, 0)
    assert len(block.splitlines()) == MIN_SLICES + 1
    assert block.endswith("and 7 more slices, which are better: --all")


def test_without_a_baseline_or_seeds_there_is_no_such_column() -> None:
    found = Evaluation(overall=metrics(0.5, 0.4, 0.6), slices={})
    (block,) = metrics_text(found, None, None, None)
    assert block.splitlines()[0].split() == ["metric", "value", "95", "%", "interval"]
    one = SeedVariance(seeds=(1,), overall={"accuracy": (0.5,)}, slices={})
    (block,) = metrics_text(found, one, None, None)
    assert "seeds" not in block
