"""Share and certainty of each kind of alert, by promtool on the cases in which it fires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_prometheus import Prometheus, prometheus
from rule_models import MODELS, ODD, needs_promtool, promtool

from monitoring.query_templates import filled_query
from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.distributions import normal_tail
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.issue_queries import certainty, issue_queries, tail
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import RuleCase, unit_tests
from packager.deploy.prometheus.rules import MonitoredModel, rules_document

# What a kind says in the first case of it that fires: share, certainty.
SAID = {
    "RequestsSlow": (0.1728, 1),
    "RequestsFailed": (0.01728, 1),
    "FeatureDrift": (0.5, 0.7),
    "AnomalyRate": (0.1, 1),
    "SliceRegression": (None, 0.999),
    "OutputRegression": (None, 0.999),
    "EstimatedAccuracyDrop": (None, 0.5),
    "LabelCoverageLow": (0.99, 1),
    "LabelsRejected": (1 / 11, 1),
    "CompiledMismatch": (1, 1),
    "CrashLoop": (1, 1),
    "MemberFailed": (0.1, 1),
    "MemberSlow": (0.6, 1),
    "ShadowNotAnswering": (0.8, 1),
    "ChallengerBetter": (1, 1),
    "ChallengerWorse": (1, 1),
    "NoRequests": (1, 1),
    "VersionSkew": (0, 1),
    "TargetDown": (1, 1),
}


def firing(model: MonitoredModel) -> Iterator[tuple[RuleCase, dict[str, str]]]:
    """The first case in which each alert fires, and the labels of the alert."""
    own = {one.name: dict(one.labels) for one in reversed(alert_group(model).rules)}
    seen = set()
    for case in rule_cases(model):
        for expected in case.expected:
            if expected.firing and expected.alert not in seen:
                seen.add(expected.alert)
                labels = {**dict(expected.firing[0]), **own[expected.alert]}
                yield case, labels


def asked(model: MonitoredModel, tmp_path: Path, expectations: list[Any]) -> str:
    """What promtool says of expressions: (case, minute, expression), each of which must be 1."""
    tests = unit_tests(model, [case for case, _, _ in expectations], "rules.yml")
    for test, (_, minute, expression) in zip(tests["tests"], expectations, strict=True):
        test["promql_expr_test"] = [
            {
                "expr": expression,
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
        ]
    done = promtool(tmp_path, rules_document(recording_groups(model)), tests)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def said(query: str, value: float | None) -> str:
    """1 if the query has this value; None: if there are no predictions in the case."""
    if value is None:
        return f"absent({query})"
    return f"(abs(({query}) - {value}) < bool 0.02)"


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("name", ["classification", "regression", "outputs"])
def test_each_kind_says_its_share_and_certainty_while_it_fires(name: str, tmp_path: Path) -> None:
    model, queries = MODELS[name], issue_queries(MODELS[name])
    expectations = []
    for case, labels in firing(model):
        (expected,) = (one for one in case.expected if one.firing)
        kind = queries[expected.alert]
        if name != "classification" and expected.alert not in (
            "SliceRegression",
            "OutputRegression",
        ):
            continue
        share, sure = SAID[expected.alert]
        expression = " * ".join(
            said(filled_query(template, labels), value)
            for template, value in ((kind.share, share), (kind.certainty, sure))
        )
        expectations.append((case, expected.minute, expression))
    assert {case.name.split(":")[0] for case, _, _ in expectations} <= set(SAID)
    assert asked(model, tmp_path, expectations) == ""


@pytest.mark.slow
@needs_promtool
def test_one_of_two_replicas_is_half_of_the_traffic(tmp_path: Path) -> None:
    model = MODELS["classification"]
    names = {"fires for one": 0.5, "pages where the address belongs to another service": 1.0}
    cases = {case.name: case for case in rule_cases(model)}
    query = filled_query(
        issue_queries(model)["TargetDown"].share, {"job": model.name, "model": model.name}
    )
    asked_of = [
        (cases[f"TargetDown: {name}"], 20, f"({query}) == bool {share}")
        for name, share in names.items()
    ]
    assert asked(model, tmp_path, asked_of) == ""


def test_every_alert_has_its_queries_and_no_other() -> None:
    for model in MODELS.values():
        alerts = {one.name for one in alert_group(model).rules}
        assert set(issue_queries(model)) == alerts
        for one in issue_queries(model).values():
            assert one.plot


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), {}) as found:
        yield found


def vector(values: list[float]) -> str:
    parts = (f'label_replace(vector({z!r}), "slice", "s{i}", "", "")' for i, z in enumerate(values))
    return f"({' or '.join(parts)})"


@pytest.mark.server
@settings(max_examples=20)
@given(st.lists(st.floats(-6, 9), min_size=1, max_size=12), st.data())
def test_certainty_never_exceeds_that_of_benjamini_and_hochberg(
    server: Prometheus, values: list[float], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    p = [normal_tail(z) for z in values]
    q = benjamini_hochberg(p)[place]
    found = server.value(certainty(vector(values), vector([values[place]])))
    assert found <= 1 - q + 1e-6
    # It is theirs without the step-up minimum.
    ranked = sum(z >= values[place] for z in values)
    own = normal_tail(values[place]) * len(values) / ranked
    expected = max(0.0, 1 - own) if values[place] > 0 else 0.0
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.server
def test_the_tail_is_that_of_the_normal_distribution(server: Prometheus) -> None:
    for z in (0.0, 0.5, 1.645, 3.3, 4.5, 8.0):
        assert server.value(tail(f"vector({z})")) == pytest.approx(normal_tail(z), abs=1e-7)
    assert server.value(tail("vector(Inf)")) == 0


@pytest.mark.server
def test_a_hostile_label_stays_a_label(server: Prometheus) -> None:
    for name in (ODD, '"} or vector(1) or {a="', "{model}", "a\\", "\ud83d"):
        labels = {"model": "m", "version": "1", "slice": name, "feature": name, "kind": "missing"}
        for one in issue_queries(MODELS["classification"]).values():
            for template in (one.share, one.certainty, *(plot.query for plot in one.plot)):
                for _, value in server.ask(filled_query(template, labels)):
                    assert 0 <= value <= 1
