from __future__ import annotations

from rule_models import MODELS

from packager.deploy.prometheus.presence_alerts import presence_alerts
from packager.deploy.prometheus.promql import Scope


def test_they_are_about_the_model_whatever_its_versions() -> None:
    model = MODELS["classification"]
    alerts = presence_alerts(model.name, Scope(model.name))
    assert [(one.name, one.severity) for one in alerts] == [
        ("NoRequests", "ticket"),
        ("VersionSkew", "ticket"),
        ("TargetDown", "page"),
        ("TargetDown", "ticket"),
    ]
    assert all(model.version not in one.expression for one in alerts)
    assert all(model.name in one.expression for one in alerts)


def test_where_replicas_push_no_alert_asks_for_up() -> None:
    model = MODELS["pushed"]
    alerts = presence_alerts(model.name, Scope(model.name), pushed=True)
    (down,) = [one for one in alerts if one.name == "TargetDown"]
    assert down.severity == "page"
    assert down.expression == ('absent_over_time(model_package_info{model="serverless"}[8m])')
    assert down.summary == "No replica of serverless pushes metrics"
