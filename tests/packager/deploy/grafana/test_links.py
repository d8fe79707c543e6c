"""Links from panels and rows to the issues about them, and between the views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rule_models import MODELS

from packager.deploy.grafana.dashboard import (
    dashboard,
    fleet_dashboard,
    slice_dashboard,
    slice_uid,
    uid,
)
from packager.deploy.prometheus.rules import AlertOptions
from packager.tracker.service.pages.address import NAMES

TRACKER = "https://issues.example.org/t/"
MODEL = replace(MODELS["classification"], options=AlertOptions(tracker=TRACKER))


def linked(drawn: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {one["title"]: one["links"] for one in drawn["panels"] if one["type"] != "row"}


def test_a_panel_links_to_the_issues_of_its_alerts() -> None:
    (one,) = linked(dashboard(MODEL))["Anomalies"]
    address = urlsplit(one["url"])
    assert address.geturl().startswith(TRACKER)
    asked = parse_qs(address.query)
    assert asked == {"package": ["${model:percentencode}"], "kind": ["AnomalyRate"]}
    for drawn in (dashboard(MODEL), slice_dashboard(MODEL), fleet_dashboard(TRACKER)):
        for links in linked(drawn).values():
            for link in links:
                assert set(parse_qs(urlsplit(link["url"]).query)) <= set(NAMES)


def test_a_row_about_a_slice_links_to_its_view_and_its_issues() -> None:
    tables = {one["title"]: one for one in dashboard(MODEL)["panels"] if one["type"] == "table"}
    overrides = tables["Accuracy by slice, last 7 days"]["fieldConfig"]["overrides"]
    (found,) = [one for one in overrides if one["matcher"]["options"] == "slice"]
    view, issues = found["properties"][0]["value"]
    assert view["url"].startswith(f"/d/{slice_uid(MODEL.name)}?")
    assert "var-slice=${__value.text:percentencode}" in view["url"]
    assert "q=${__value.text:percentencode}" in issues["url"]
    (found,) = [one for one in overrides if one["matcher"]["options"] == "feature"]
    assert f"/d/{uid(MODEL.name)}?" in found["properties"][0]["value"][0]["url"]


def test_without_a_tracker_nothing_links_to_one() -> None:
    for drawn in (dashboard(MODELS["outputs"]), fleet_dashboard("")):
        assert not any(linked(drawn).values())
        assert [one["type"] for one in drawn["links"]] == ["dashboards"]
