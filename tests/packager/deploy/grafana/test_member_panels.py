from __future__ import annotations

import re

from rule_models import MODELS

from monitoring.metrics.members import MeasuredMember, MeasuredMembers, MemberMetrics
from monitoring.metrics.registry import CollectorRegistry, Series
from packager.deploy.grafana.member_panels import member_panels
from packager.deploy.grafana.panel import SELECTED
from packager.deploy.grafana.panels import rows


def test_every_query_is_of_one_model_and_of_a_metric_that_a_server_has() -> None:
    registry = CollectorRegistry()
    given = MeasuredMembers([MeasuredMember("a", ["b"], [1])], (1.0,))
    MemberMetrics(Series("m", "1", registry), given)
    known = {sample.name for family in registry.collect() for sample in family.samples}
    for panel in member_panels():
        for query in panel.queries:
            names = re.findall(r"([a-z_]+)\{", query.expression)
            assert names
            assert {*names} <= known
            assert query.expression.count(SELECTED) == len(names)


def test_only_a_solution_has_them() -> None:
    assert "Members" in dict(rows(MODELS["classification"]))
    assert "Members" not in dict(rows(MODELS["regression"]))
