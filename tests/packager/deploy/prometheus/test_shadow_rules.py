"""The rules of a shadow: promtool finds the interval of ``package drift --shadow``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rule_models import MODELS, groups, needs_promtool, promtool

from monitoring.slices.slices import ALL
from monitoring.stats.sequential import ConfidenceSequence
from packager.deploy.prometheus import rule_tests, shadow_rules
from packager.deploy.prometheus.promql import Scope
from packager.deploy.prometheus.rules import rules_document

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("classified", [True, False])
def test_every_series_is_of_one_model(classified: bool) -> None:
    scope = Scope("several")
    found = shadow_rules.records(scope, "effect", classified=classified)
    assert all('model="several"' in one.expression for one in found)
    names = [one.name for one in found]
    assert len(names) == len(set(names))
    alerts = shadow_rules.alerts(scope, labelled=True)
    assert all('model="several"' in one.expression for one in alerts)
    assert len(shadow_rules.alerts(scope, labelled=False)) == 1


def series(made: rule_tests.TestCaseBuilder, gained: float, lost: float) -> list[Any]:
    """Of an hour: 100 labels a minute, of which some are won and some lost."""
    found = [made.series("model_label_design_effect", "4x60")]
    found.append(made.series("model_package_info", "1x60", digest="d"))
    if made.model.classified:
        name = "model_shadow_pairs_total"
        rest = 100 - gained - lost
        cells = {("wrong", "correct"): gained, ("correct", "wrong"): lost, ("wrong", "wrong"): rest}
        return found + [
            made.series(
                name, f"0+{count}x60", slice=ALL, champion=ours, challenger=theirs, instance=place
            )
            for (ours, theirs), count in cells.items()
            for place in "ab"
        ]
    name = "model_shadow_error_difference"
    better, worse = (f"challenger_{how}" for how in ("better", "worse"))
    return [
        *found,
        made.series("model_shadow_paired_labels_total", "0+200x60", slice=ALL),
        made.series(f"{name}_total", f"0+{2 * gained}x60", slice=ALL, direction=better),
        made.series(f"{name}_total", f"0+{2 * lost}x60", slice=ALL, direction=worse),
        made.series(f"{name}_squared_total", f"0+{2 * (gained + lost)}x60", slice=ALL),
    ]


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_interval_is_that_of_the_report(task: str, tmp_path: Path) -> None:
    model = MODELS[task]
    made = rule_tests.TestCaseBuilder(model)
    rows, effect, tests = 200 * 60, 4.0, []
    for gained, lost in ((12, 2), (3, 3), (100, 0)):
        total, squares = 120 * (gained - lost), 120 * (gained + lost)
        mean = total / rows
        variance = squares / rows - mean**2 or squares / rows
        half = ConfidenceSequence().half_width(rows / effect, variance)
        checked = {
            shadow_rules.DIFFERENCE: mean,
            shadow_rules.LOW: mean - half,
            shadow_rules.HIGH: mean + half,
            shadow_rules.MCNEMAR: total / squares**0.5,
        }
        tests.append(
            {
                "interval": "1m",
                "input_series": [one.document() for one in series(made, gained, lost)],
                "promql_expr_test": [
                    # increase() extrapolates by less than a part in a thousand here.
                    {
                        "expr": f"sum(abs({name} - {value!r}) < bool {abs(value) / 500 + 1e-4!r})",
                        "eval_time": "60m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for name, value in checked.items()
                ],
            }
        )
    names = [group.name for group in groups(model)]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "5m",
        "group_eval_order": names,
        "tests": tests,
    }
    done = promtool(tmp_path, rules_document(groups(model)), document)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_template_for_argo_reads_the_recorded_series() -> None:
    page = (DOCS / "shadow.md").read_text(encoding="utf-8")
    template = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    assert template["kind"] == "AnalysisTemplate"
    (metric,) = template["spec"]["metrics"]
    query = metric["provider"]["prometheus"]["query"]
    assert all(
        name in query for name in (shadow_rules.LOW, shadow_rules.HIGH, shadow_rules.CHALLENGERS)
    )
    assert {one["name"] for one in template["spec"]["args"]} == {"model", "version"}
