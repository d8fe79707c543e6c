"""The addresses in an alert's annotations."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from rule_models import MODELS

from packager.deploy.alert_links import PANELS, runbook, with_links
from packager.deploy.grafana.dashboard import dashboard
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel


def annotations(model: MonitoredModel, **options: str) -> dict[str, dict[str, str]]:
    model = replace(model, options=AlertOptions(**options))
    rules = with_links(alert_group(model), model).document()["rules"]
    return {rule["alert"]: rule["annotations"] for rule in rules}


def test_each_alert_has_the_runbook_of_the_given_page() -> None:
    found = annotations(MODELS["classification"], runbooks="https://docs.example.org/alerts/")
    for name, one in found.items():
        assert one["runbook_url"] == f"https://docs.example.org/alerts#{name.lower()}"
        assert one["value"] == "{{ $value | humanize }}"
    plain = annotations(MODELS["classification"])
    assert not any("runbook_url" in one for one in plain.values())
    assert runbook("FeatureDrift", "") is None


@pytest.mark.parametrize("name", MODELS)
def test_each_alert_links_to_a_panel_that_the_dashboard_has(name: str) -> None:
    model = MODELS[name]
    drawn = dashboard(model)
    titles = {str(panel["id"]): panel["title"] for panel in drawn["panels"]}
    for alert, one in annotations(model, grafana="https://graphs.example.org/g/").items():
        address = urlsplit(one["dashboard"])
        assert address.path == f"/g/d/{drawn['uid']}"
        asked = parse_qs(address.query)
        assert asked["var-model"] == [model.name]
        assert asked["var-version"] == ["{{ $labels.version | urlquery }}"]
        if alert in PANELS:
            assert titles[asked["viewPanel"][0]] in PANELS[alert]
    assert not any("dashboard" in one for one in annotations(model, grafana="").values())


@pytest.mark.parametrize(
    "address", ["docs/alerts.md", "javascript:x", "http://a b", "https://a/{{x}}", "http://a#b"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="runbooks: expected an address with http:// or https://"):
        AlertOptions(runbooks=address)
