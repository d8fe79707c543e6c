"""Grafana's dashboards as plain JSON data; the panels are in ``views.py``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from packager.deploy.grafana.links import dashboard_links, data_links, panel_links
from packager.deploy.grafana.panel import Mark, Panel, Query, Variable, View
from packager.deploy.grafana.views import fleet_view, model_view, slice_view
from packager.deploy.prometheus.rules import MonitoredModel

COLUMNS = 24
SCHEMA = 39  # schema version of Grafana 10 and 11
PLAIN_VALUE = '/^[^"\\\\]*$/'
"""Values offered by variables: Grafana inserts them into quotes unescaped, so a feature name with a
quote could alter every query. Tables and alerts show such features as well."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
FLEET_UID = "models-fleet"


def dashboard(model: MonitoredModel) -> dict[str, Any]:
    """The dashboard of ``model``; its uid depends only on the model's name."""
    return _document(model_view(model), uid(model.name), model.options.tracker, model.name)


def slice_dashboard(model: MonitoredModel) -> dict[str, Any]:
    """The dashboard of one slice of ``model``."""
    return _document(slice_view(model), slice_uid(model.name), model.options.tracker, model.name)


def fleet_dashboard(tracker: str) -> dict[str, Any]:
    """The dashboard of all models; ``tracker``: the issue tracker's address, or empty."""
    return _document(fleet_view(), FLEET_UID, tracker, "")


def uid(name: str) -> str:
    """At most 40 characters, as Grafana requires; different names have different uids."""
    return f"model-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def slice_uid(name: str) -> str:
    """The uid of the dashboard of a model's slices."""
    return uid(name).replace("model-", "slice-", 1)


def _document(view: View, own: str, tracker: str, model: str) -> dict[str, Any]:
    """``model``: the one whose dashboards rows of tables lead to; empty for all models."""
    uids = (uid(model), slice_uid(model)) if model else None
    return {
        "uid": own,
        "title": view.title,
        "tags": ["model", view.name],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "links": dashboard_links(view, tracker),
        "annotations": {"list": [_annotation(mark) for mark in view.marks]},
        "templating": {"list": _variables(view.variables)},
        "panels": _laid_out(view, tracker, uids),
    }


def _annotation(mark: Mark) -> dict[str, Any]:
    return {
        "name": mark.name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": mark.colour,
        "expr": mark.expression,
        "step": "60s",
        "titleFormat": mark.title,
        "textFormat": mark.text,
        "useValueForTime": False,
    }


def _variables(variables: Sequence[Variable]) -> list[dict[str, Any]]:
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "hide": 0}
    return [source, *map(_variable, variables)]


def _variable(one: Variable) -> dict[str, Any]:
    query = f"label_values({one.series}, {one.name})"
    current: dict[str, Any] = {"text": one.current, "value": one.current}
    if one.every:
        current = {"text": ["All"], "value": ["$__all"]}
    elif one.several:
        current = {"text": [one.current], "value": [one.current]}
    return {
        "name": one.name,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": one.name},
        "current": current,
        "regex": PLAIN_VALUE,
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "multi": one.several,
        "includeAll": one.every,
        **({"allValue": ".*"} if one.every else {}),
    }


def _laid_out(view: View, tracker: str, uids: tuple[str, str] | None) -> list[dict[str, Any]]:
    """Panels laid out from left to right in rows, below their headings."""
    placed: list[dict[str, Any]] = []
    top = 0
    for heading, panels in view.rows:
        grid = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        placed.append({"type": "row", "title": heading, "gridPos": grid, "panels": []})
        top += 1
        x = tallest = 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, top, tallest = 0, top + tallest, 0
            grid = {"x": x, "y": top, "w": panel.width, "h": panel.height}
            linked = {
                "links": panel_links(panel, view, tracker),
                **_panel(panel, data_links(panel, tracker, uids)),
            }
            placed.append({**linked, "gridPos": grid})
            x, tallest = x + panel.width, max(tallest, panel.height)
        top += tallest
    return [{"id": number, **panel} for number, panel in enumerate(placed, 1)]


def _panel(panel: Panel, linked: list[dict[str, Any]]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit.grafana,
        "noValue": "no data",
        "thresholds": _thresholds(panel.steps, panel.base),
        "color": {"mode": "thresholds" if _coloured(panel) else "palette-classic"},
    }
    if panel.unit.decimals is not None:
        defaults["decimals"] = panel.unit.decimals
    if panel.kind == "timeseries":
        lines = "dashed" if panel.steps else "off"
        defaults["custom"] = {"thresholdsStyle": {"mode": lines}, "fillOpacity": 0}
    overrides = [*(_column(query) for query in panel.queries if query.unit is not None), *linked]
    repeated = {"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 2}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": {},
        "targets": _targets(panel),
        "transformations": _transformations(panel),
        **(repeated if panel.repeat else {}),
    }


def _coloured(panel: Panel) -> bool:
    """Whether a value's colour is that of its step; lines keep a colour for each series."""
    return bool(panel.steps) and panel.kind != "timeseries"


def _thresholds(steps: Any, base: str) -> dict[str, Any]:
    thresholds = [{"color": base, "value": None}]
    thresholds += [{"color": colour, "value": bound} for bound, colour in steps.items()]
    return {"mode": "absolute", "steps": thresholds}


def _column(query: Query) -> dict[str, Any]:
    """Display of one column of a table."""
    unit = query.unit
    properties: list[dict[str, Any]] = [{"id": "unit", "value": unit.grafana if unit else ""}]
    if unit and unit.decimals is not None:
        properties.append({"id": "decimals", "value": unit.decimals})
    if query.steps:
        properties += [
            {"id": "thresholds", "value": _thresholds(query.steps, query.base)},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        ]
    return {"matcher": {"id": "byName", "options": query.legend}, "properties": properties}


def _targets(panel: Panel) -> list[dict[str, Any]]:
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": panel.instant,
            "range": not panel.instant,
            "format": "table" if panel.kind in ("table", "barchart") else "time_series",
        }
        for index, query in enumerate(panel.queries)
    ]


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Tables: join the queries, one row per label set, columns named by legend."""
    if panel.kind not in ("table", "barchart"):
        return []
    legends = [query.legend for query in panel.queries]
    many = len(legends) > 1
    values = [f"Value #{chr(ord('A') + index)}" for index in range(len(legends))]
    names = dict(zip(values if many else ["Value"], legends, strict=True))
    hidden = {"Time": True, **{name: True for name, legend in names.items() if not legend}}
    renamed = {name: legend for name, legend in names.items() if legend}
    tidy = {"id": "organize", "options": {"excludeByName": hidden, "renameByName": renamed}}
    return [{"id": "merge", "options": {}}, tidy] if many else [tidy]
