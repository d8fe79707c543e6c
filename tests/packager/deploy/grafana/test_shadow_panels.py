"""Panels of a shadow query metrics that the server exposes and the rules record."""

from __future__ import annotations

import re

from rule_models import MODELS

from packager.deploy.grafana.panel import SELECTED
from packager.deploy.grafana.shadow_panels import shadow_panels
from packager.deploy.prometheus import shadow_rules

RECORDED = {value for value in vars(shadow_rules).values() if isinstance(value, str)}
EXPOSED = {"model_shadow_rows_total", "model_shadow_difference_bucket"}


def test_every_query_is_of_one_model_and_of_a_metric_that_is_there() -> None:
    for task in ("classification", "regression", "outputs"):
        for panel in shadow_panels(MODELS[task]):
            for query in panel.queries:
                assert SELECTED in query.expression
                names = set(re.findall(r"[a-z_:]*model_shadow[a-z_:0-9]*", query.expression))
                assert names
                assert names <= RECORDED | EXPOSED


def test_without_pairs_of_labels_there_are_the_panels_of_rows_only() -> None:
    rows = [panel.title for panel in shadow_panels(MODELS["outputs"])]
    assert rows == ["Rows sent to the challenger", "Difference of the answers"]
    every = [panel.title for panel in shadow_panels(MODELS["regression"])]
    assert every[-2:] == rows
    assert every[0] == "Challenger minus champion"
