"""Panels of true labels query only metrics that the rules record."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from packager.deploy.grafana.label_panels import label_panels
from packager.deploy.grafana.panel import SELECTED
from packager.deploy.prometheus import recording

RECORDED = {value for value in vars(recording).values() if isinstance(value, str)}


def panels(*, classified: bool) -> list[Any]:
    model: Any = SimpleNamespace(classified=classified)
    return label_panels(model)


@pytest.mark.parametrize("classified", [True, False])
def test_every_query_is_of_one_model_and_of_a_metric_that_is_there(classified):
    for panel in panels(classified=classified):
        for query in panel.queries:
            assert SELECTED in query.expression
            (name, *_) = re.findall(r"([a-zA-Z_:][\w:]*)\{", query.expression)
            served = name.startswith(("model_feedback_", "model_prediction"))
            assert served or name in RECORDED, name


def test_only_a_classifier_has_an_estimate_to_compare_with():
    both = {panel.title for panel in panels(classified=True)}
    assert "Estimated and realised accuracy" in both
    assert not any("accuracy" in panel.title.lower() for panel in panels(classified=False))
