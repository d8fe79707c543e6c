"""The measures of outputs: promtool runs them in test_rule_tests.py; here they equal the report."""

from __future__ import annotations

from rule_models import MODELS

from packager.deploy.prometheus import output_rules
from packager.deploy.prometheus.promql import Scope
from packager.deploy.prometheus.rule_cases import rule_cases


def test_every_series_is_of_one_model() -> None:
    scope = Scope("several")
    for record in output_rules.records(scope, "slice:model_slice_baseline_effective_rows:max"):
        assert 'model="several"' in record.expression
    assert 'model="several"' in output_rules.regression_alert(scope).expression


def test_an_error_and_a_share_have_cases_each() -> None:
    names = [case.name for case in rule_cases(MODELS["outputs"])]
    for case in ("fires", "not at the baseline"):
        for measure in ("mae", "jaccard"):
            assert f"OutputRegression: {case} for {measure}" in names
