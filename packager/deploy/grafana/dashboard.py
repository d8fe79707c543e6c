"""A model's Grafana dashboard as plain JSON data; the panels are in ``panels.py``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from packager.deploy.grafana.panel import Panel
from packager.deploy.grafana.panels import rows
from packager.deploy.prometheus.rules import MonitoredModel

COLUMNS = 24
SCHEMA = 39  # schema version of Grafana 10 and 11
PLAIN_VALUE = '/^[^"\\\\]*$/'
"""Values offered by variables: Grafana inserts them into quotes unescaped, so a feature name with a
quote could alter every query. Tables and alerts show such features as well."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(model: MonitoredModel) -> dict[str, Any]:
    """The dashboard of ``model``; its uid depends only on the model's name."""
    return {
        "uid": uid(model.name),
        "title": f"Model {model.name}",
        "tags": ["model"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables(model)},
        "panels": _laid_out(rows(model)),
    }


def uid(name: str) -> str:
    """At most 40 characters, as Grafana requires; different names have different uids."""
    return f"model-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _variables(model: MonitoredModel) -> list[dict[str, Any]]:
    one = 'model="$model", version="$version"'
    asked = (
        ("model", "model_package_info", model.name),
        ("version", 'model_package_info{model="$model"}', model.version),
        (
            "feature",
            f"model_feature_reference_rows{{{one}}}",
            next((name for name in model.features if not {*name} & {'"', "\\"}), ""),
        ),
    )
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "hide": 0}
    return [
        source,
        *(
            {
                "name": name,
                "type": "query",
                "datasource": SOURCE,
                "query": {"query": f"label_values({series}, {name})", "refId": name},
                "current": {"text": now, "value": now},
                "regex": PLAIN_VALUE,
                "refresh": 2,  # when the time range changes
                "sort": 1,
                "multi": False,
                "includeAll": False,
            }
            for name, series, now in asked
        ),
    ]


def _laid_out(headed: Sequence[tuple[str, Sequence[Panel]]]) -> list[dict[str, Any]]:
    """Panels laid out from left to right in rows, below their headings."""
    placed: list[dict[str, Any]] = []
    top = 0
    for heading, panels in headed:
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        placed.append({"type": "row", "title": heading, "gridPos": place, "panels": []})
        top += 1
        left = tallest = 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            placed.append({**_panel(panel), "gridPos": place})
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest
    return [{"id": number, **panel} for number, panel in enumerate(placed, 1)]


def _panel(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": panel.base, "value": None}]
    steps += [{"color": colour, "value": bound} for bound, colour in panel.steps.items()]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "noValue": "no data",
                "thresholds": {"mode": "absolute", "steps": steps},
                "color": {"mode": "thresholds" if panel.steps else "palette-classic"},
            },
            "overrides": [],
        },
        "options": {},
        "targets": _targets(panel),
        "transformations": _transformations(panel),
    }


def _targets(panel: Panel) -> list[dict[str, Any]]:
    return [
        {
            "refId": chr(ord("A") + place),
            "datasource": SOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": panel.instant,
            "range": not panel.instant,
            "format": "table" if panel.kind in ("table", "barchart") else "time_series",
        }
        for place, query in enumerate(panel.queries)
    ]


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Tables: join the queries, one row per label set, columns named by legend."""
    if panel.kind not in ("table", "barchart"):
        return []
    legends = [query.legend for query in panel.queries]
    many = len(legends) > 1
    values = [f"Value #{chr(ord('A') + place)}" for place in range(len(legends))]
    names = dict(zip(values if many else ["Value"], legends, strict=True))
    options = {"excludeByName": {"Time": True}, "renameByName": names}
    tidy = {"id": "organize", "options": options}
    return [{"id": "merge", "options": {}}, tidy] if many else [tidy]
