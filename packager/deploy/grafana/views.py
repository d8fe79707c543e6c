"""The three views: all models, one model, one slice of a model."""

from __future__ import annotations

from packager.deploy.grafana.fleet_panels import fleet_rows
from packager.deploy.grafana.panel import OF_FLEET, SELECTED, Mark, Variable, View
from packager.deploy.grafana.panels import rows
from packager.deploy.grafana.slice_panels import slice_rows
from packager.deploy.prometheus.rules import MonitoredModel

ONE_MODEL = 'model="$model"'
INFO = "model_package_info"


def fleet_view() -> View:
    """All models of a Prometheus."""
    variables = [
        Variable("model", INFO, several=True, every=True),
        Variable("version", f'{INFO}{{model=~"$model"}}', several=True, every=True),
    ]
    return View("fleet", "Models", variables, fleet_rows(), _marks(OF_FLEET))


def model_view(model: MonitoredModel) -> View:
    """One model, of which several versions may run."""
    feature = Variable(
        "feature", f"model_feature_reference_rows{{{SELECTED}}}", _plain(model.features)
    )
    variables = [*_variables(model), feature]
    return View("model", f"Model {model.name}", variables, rows(model), _marks(ONE_MODEL))


def slice_view(model: MonitoredModel) -> View:
    """One slice of a model."""
    part = Variable("slice", f"model_slice_predictions_total{{{SELECTED}}}", _plain(model.slices))
    variables = [*_variables(model), part]
    title = f"Slices of {model.name}"
    return View("slice", title, variables, slice_rows(model), _marks(ONE_MODEL))


def _variables(model: MonitoredModel) -> list[Variable]:
    return [
        Variable("model", INFO, model.name),
        Variable("version", f"{INFO}{{{ONE_MODEL}}}", model.version, several=True),
    ]


def _plain(names: tuple[str, ...]) -> str:
    """The first name that Grafana can insert into quotes; empty without one."""
    return next((name for name in names if not {*name} & {'"', "\\"}), "")


def _marks(selected: str) -> list[Mark]:
    """Alerts that fire, and versions that Prometheus sees first."""
    info = f"{INFO}{{{selected}}}"
    by = "group by (model, version)"
    return [
        Mark(
            "Alerts",
            f'ALERTS{{{selected}, alertstate="firing"}}',
            "{{alertname}}",
            "{{model}} {{version}} {{slice}} {{feature}}",
            "red",
        ),
        Mark(
            "Deployments",
            f"{by} ({info}) unless {by} (last_over_time({info}[1d] offset 5m))",
            "{{version}} first seen",
            "{{model}}: a version without a replica in the day before",
            "blue",
        ),
    ]
