from __future__ import annotations

from packager.manifest.evaluation import Evaluation, MetricValues, SeedVariance
from packager.report.package_metrics import MIN_SLICES, main_metric, metrics_text


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


def parted(names: list[str], parts: int, slices: int = 0) -> Evaluation:
    of_parts = {f"{name}_p{n}": 1.0 for name in names[:1] for n in range(parts)}
    overall = MetricValues(
        rows=9, values={**dict.fromkeys(names, 1.0), **of_parts}, parts=tuple(sorted(of_parts))
    )
    return Evaluation(overall=overall, slices={f"s{n}": overall for n in range(slices)})


def test_metrics_of_parts_are_counted_and_shown_with_all_only() -> None:
    found = parted(["f1_micro", "jaccard"], 30, 2)
    first, second = metrics_text(found, None, None, 30)
    assert "f1_micro_p3" not in first
    assert first.endswith("and 30 more metrics, of single labels, steps or outputs: --all")
    assert second.splitlines()[0].split() == ["slice", "rows", "f1_micro"]
    assert "f1_micro_p3" in "".join(metrics_text(found, None, None, None))


def test_of_many_outputs_the_main_metrics_are_shown() -> None:
    names = [f"o{n}.{name}" for n in range(20) for name in ("bias", "mae", "rmse")]
    first, _ = metrics_text(parted(names, 0, 9), None, None, 28)
    lines = first.splitlines()
    assert len(lines) <= 28
    assert "o0.mae" in first
    assert "o0.bias" not in first
    assert lines[-1].endswith("more metrics, of single labels, steps or outputs: --all")


def test_slices_without_a_metric_to_compare_by_are_counted() -> None:
    *_, last = metrics_text(parted(["score_mean"], 0, 3), None, None, 28)
    assert last == "  3 slices: --all"


def test_the_baseline_of_another_output_is_a_constant_answer() -> None:
    values = MetricValues(rows=9, values={"pinball_0.5": 1.0}, baseline={"pinball_0.5": 2.0})
    first = next(metrics_text(Evaluation(overall=values, slices={}), None, None, 28))
    assert first.startswith("  9 held-out rows; baseline: the same answer for every row")


def test_slices_of_pinball_losses_are_compared_by_the_mean_loss() -> None:
    values = MetricValues(
        rows=9, values={"pinball": 1.0, "pinball_0.5": 1.0, "price.accuracy": 0.5}
    )
    assert main_metric(values) == "price.accuracy"
    assert main_metric(MetricValues(rows=1, values={"pinball": 1.0, "pinball_0.5": 1})) == "pinball"
