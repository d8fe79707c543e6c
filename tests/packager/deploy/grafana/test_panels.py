"""Panels show where there is no data."""

from __future__ import annotations

import json
from typing import Any

from deployed_models import MODEL

from packager.deploy.monitoring import (
    model_files,
)
from packager.deploy.prometheus.rules import MonitoredModel


def drawn(model: MonitoredModel) -> Any:
    return json.loads(model_files(model)[f"grafana/dashboards/{model.name}.json"])


def test_panels_say_where_there_is_no_data() -> None:
    panels = [panel for panel in drawn(MODEL)["panels"] if panel["type"] != "row"]
    for panel in panels:
        assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"
    steps = panels[0]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["color"] for step in steps] == ["red", "green"]
    drift = next(panel for panel in panels if panel["type"] == "status-history")
    assert drift["targets"][0]["expr"].endswith('version=~"$version"} > 0')
