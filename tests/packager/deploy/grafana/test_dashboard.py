"""The dashboard is valid for Grafana."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployed_models import MODEL

from packager.deploy.monitoring import (
    model_files,
)
from packager.deploy.prometheus.rules import MonitoredModel


def drawn(model: MonitoredModel) -> Any:
    return json.loads(model_files(model)[f"grafana/dashboards/{model.name}.json"])


@pytest.mark.slow
def test_the_dashboard_is_one_grafana_can_draw() -> None:
    found = drawn(MODEL)
    panels = found["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    asked = [panel for panel in panels if panel["type"] != "row"]
    for panel in asked:
        assert panel["description"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
    assert [variable["name"] for variable in found["templating"]["list"]] == [
        "datasource",
        "model",
        "version",
        "feature",
    ]


@pytest.mark.slow
def test_the_dashboards_uid_is_the_models_whatever_the_version() -> None:
    other = MonitoredModel(MODEL.name, "2.0.0-000000000000", "regression", ("__all__",), ())
    assert drawn(MODEL)["uid"] == drawn(other)["uid"]
    assert (
        drawn(MODEL)["uid"]
        != drawn(MonitoredModel("b", "1", "regression", ("__all__",), ()))["uid"]
    )
    assert len(drawn(MODEL)["uid"]) <= 40
