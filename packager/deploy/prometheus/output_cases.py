"""Test cases of the alert about the measures of outputs."""

from __future__ import annotations

from monitoring.scoring.outputs import ERRORS
from packager.deploy.prometheus.rule_tests import RuleCase, TestCaseBuilder, TestSeries
from packager.deploy.prometheus.rules import MonitoredModel


def output_cases(builder: TestCaseBuilder, model: MonitoredModel) -> list[RuleCase]:
    """Cases of the alert, for the first output with an error and the first one with a share."""
    cases = []
    first = {measure in ERRORS: (name, measure) for name, measure in reversed(model.outputs)}
    for error, (name, measure) in sorted(first.items()):
        where = {"output": name, "measure": measure, "slice": builder.slice}
        firing = {**where, "severity": "ticket"}
        # Errors of 1 and 3 alternately, or two right answers of three.
        bad, good = ("1.6", "2") if error else ("0.85", "0.667")
        for what, baseline in (("fires", bad), ("not at the baseline", good)):
            series = _labelled(builder, where, baseline, error=error)
            expected = [firing] if what == "fires" else []
            title = f"{what} for {measure}"
            cases.append(builder.case(title, "OutputRegression", 60, series, *expected))
    return cases


def _labelled(
    builder: TestCaseBuilder, where: dict[str, str], baseline: str, *, error: bool
) -> list[TestSeries]:
    n = builder.dependent
    total = f"0+{8 * n}x60" if error else f"0+{4 * n}x60"
    count = f"0+{(4 if error else 6) * n}x60"
    series = [
        builder.series("model_output_measured_total", count, **where),
        builder.series("model_output_measure_total", total, **where),
        builder.series("model_output_baseline", f"{baseline}x60", **where),
        builder.series("model_output_baseline_effective_rows", "800x60", **where),
        builder.series("model_label_design_effect", "1x60"),
    ]
    if error:
        series.append(
            builder.series("model_output_measure_squared_total", f"0+{20 * n}x60", **where)
        )
        series.append(builder.series("model_output_baseline_error_variance", "1x60", **where))
    return series
