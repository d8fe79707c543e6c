"""Panels of true labels query only metrics that the rules record."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from packager.deploy.grafana.label_panels import label_panels
from packager.deploy.grafana.panel import SELECTED
from packager.deploy.prometheus import output_rules, recording

RECORDED = {
    value
    for module in (recording, output_rules)
    for value in vars(module).values()
    if isinstance(value, str)
}


def panels(*, classified: bool) -> list[Any]:
    task = "classification" if classified else "regression"
    model: Any = SimpleNamespace(task=task, classified=classified)
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


def test_each_output_with_a_baseline_has_a_table_by_slice():
    outputs = (("price", "mae"), ('a "quoted" name', "jaccard"))
    model: Any = SimpleNamespace(task="outputs", classified=False, outputs=outputs)
    found = {panel.title: panel.queries for panel in label_panels(model)}
    assert "price: mae by slice, last 7 days" in found
    (overall,) = found["Measures of each output"]
    assert overall.legend == "{{version}} {{output}} {{measure}}"
    for query in found['a "quoted" name: jaccard by slice, last 7 days']:
        assert 'output="a \\"quoted\\" name", measure="jaccard"' in query.expression
        (name, *_) = re.findall(r"([a-zA-Z_:][\w:]*)\{", query.expression)
        assert name in RECORDED, name
