"""Every panel of every view answers with data in a world that has all metrics."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from monitored_world import HOURS, NEW, TASKS, watched_world
from real_prometheus import Prometheus
from rule_models import MODELS, ODD

from packager.deploy.grafana.chosen import VariableValues, named
from packager.deploy.grafana.panel import View
from packager.deploy.grafana.views import fleet_view, model_view, slice_view

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here"),
]
SLICES = {
    task: [name for name in ("__all__", ODD) if name in MODELS[task].slices] for task in TASKS
}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with watched_world(tmp_path_factory.mktemp("world")) as server:
        yield server


def chosen(model: str | None, feature: str = "carat") -> VariableValues:
    return VariableValues(model, (), "__all__", feature)


def answered(
    server: Prometheus, view: View, selected: VariableValues
) -> dict[str, list[dict[str, str]]]:
    """Panel and legend → labels of what Prometheus answers."""
    return {
        f"{panel.title}: {query.legend}": [
            labels for labels, _ in server.ask(selected.filled(query.expression))
        ]
        for panel in view.panels
        for query in panel.queries
    }


def test_every_panel_of_all_models_has_data_of_both_versions(watched: Prometheus) -> None:
    found = answered(watched, fleet_view(), chosen(None))
    assert [name for name, series in found.items() if not series] == []
    table = found["Versions of every model: replicas"]
    assert {(one["model"], one["version"]) for one in table} == {
        (MODELS[task].name, version) for task in TASKS for version in (MODELS[task].version, NEW)
    }
    assert {one["model"] for one in found["Versions of every model: accuracy"]} == {"diamonds-cut"}
    errors = found["Versions of every model: error over baseline"]
    assert {one["model"] for one in errors} == {"prices"}


@pytest.mark.parametrize("task", TASKS)
def test_every_panel_of_a_model_has_data_of_both_versions(watched: Prometheus, task: str) -> None:
    model = MODELS[task]
    feature = "carat" if "carat" in model.features else model.features[0]
    found = answered(watched, model_view(model), chosen(model.name, feature))
    assert [name for name, series in found.items() if not series] == []
    for name, series in found.items():
        versions = {one["version"] for one in series if "version" in one}
        # An alert, or what an alert is about, may be of one version only.
        assert versions in ({model.version, NEW}, set()) or name.startswith("Open alerts"), name


@pytest.mark.parametrize(("task", "name"), [(t, name) for t in TASKS for name in SLICES[t]])
@pytest.mark.sample(2)
def test_every_panel_of_a_slice_has_data(watched: Prometheus, task: str, name: str) -> None:
    model = MODELS[task]
    selected = replace(chosen(model.name), slice=name)
    found = answered(watched, slice_view(model), selected)
    assert [name for name, series in found.items() if not series] == []
    assert {one["version"] for series in found.values() for one in series} == {model.version, NEW}


def test_one_version_and_one_feature_are_those_of_the_choice(watched: Prometheus) -> None:
    selected = VariableValues("diamonds-cut", (NEW,), ODD, ODD)
    for view in (model_view(MODELS["classification"]), slice_view(MODELS["classification"])):
        for name, series in answered(watched, view, selected).items():
            assert {one.get("version", NEW) for one in series} <= {NEW}
            assert series or name.startswith("Open alerts"), name


def test_a_deployment_is_marked_when_its_version_is_first_seen(watched: Prometheus) -> None:
    marks = {mark.name: mark for mark in model_view(MODELS["classification"]).marks}
    query = chosen("diamonds-cut").filled(marks["Deployments"].expression)
    assert watched.ask(query) == []  # both run for longer than five minutes
    seconds = int(HOURS * 1200) + 120
    first = watched.ask(f"count_over_time(({query})[{seconds}s:60s])")
    assert [labels["version"] for labels, _ in first] == [NEW]
    assert all(3 <= minutes <= 6 for _, minutes in first)
    assert watched.ask(chosen("diamonds-cut").filled(marks["Alerts"].expression))


def test_a_world_without_data_has_none(watched: Prometheus) -> None:
    found = answered(watched, model_view(MODELS["regression"]), chosen("nobody"))
    filled = {name for name, series in found.items() if series}
    assert filled == {
        "Replicas, and rows of the last hour: replicas",
        "Replicas, and rows of the last hour: rows",
    }


def test_views_state_a_unit_an_alert_and_a_description_for_what_they_show() -> None:
    alerts = set()
    for task in TASKS:
        for view in (fleet_view(), model_view(MODELS[task]), slice_view(MODELS[task])):
            titles = [panel.title for panel in view.panels]
            assert len(set(titles)) == len(titles)
            for panel in view.panels:
                assert panel.text.endswith(".")
                alerts |= {*panel.alerts}
                columns = [query for query in panel.queries if panel.kind == "table"]
                assert all(query.unit for query in columns if query.legend)
                labels = re.findall(r"\{\{(\w+)\}\}", "".join(q.legend for q in panel.queries))
                assert panel.instant or "version" in labels, panel.title
    assert "FeatureDrift" in alerts
    assert named("{{version}} {{none}} p95", {"version": "1"}) == "1  p95"
